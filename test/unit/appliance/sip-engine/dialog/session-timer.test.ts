/** The decisions of RFC 4028. */
import {
  isTooShort,
  planTimerAnswer,
  remainingMs,
  startTimer,
  type SessionTimerOffer,
} from '../../../../../appliance/sip-engine/dialog/session-timer.js';
import { assert, spec } from '../../../../support/spec.js';

const POLICY = { minSe: 90, defaultRefresher: 'none' } as const;

function offer(
  interval: number | undefined,
  refresher?: 'uac' | 'uas',
  isSupported = true,
): SessionTimerOffer {
  const offered = interval === undefined ? undefined : { interval, ...(refresher && { refresher }) };
  return { offered, isSupported };
}

spec('session timers', (it) => {
  it('refuse what is too short, when the peer can do better (section 9)', () => {
    assert.is(isTooShort(offer(89), POLICY), true);
    assert.is(isTooShort(offer(90), POLICY), false);
    assert.is(isTooShort(offer(89, undefined, false), POLICY), false);
    assert.is(isTooShort(offer(undefined), POLICY), false);
    assert.is(isTooShort(offer(100), { ...POLICY, minSe: 120 }), true);
  });

  it('answer as table 2 of section 9 has it', () => {
    const refresherOf = (one: SessionTimerOffer, defaultRefresher: 'none' | 'uac' | 'uas' = 'none') =>
      planTimerAnswer(one, { minSe: 90, defaultRefresher })?.refresher;
    // UAC supports, asks for: nobody, itself, the UAS.
    assert.equal([refresherOf(offer(100)), refresherOf(offer(100, 'uac'))], ['uac', 'uac']);
    assert.is(refresherOf(offer(100, 'uas')), 'uas');
    assert.equal([refresherOf(offer(100), 'uas'), refresherOf(offer(100), 'uac')], ['uas', 'uac']);
    assert.is(refresherOf(offer(100, 'uac'), 'uas'), 'uac');
    // UAC does not: only the UAS can refresh.
    assert.equal(
      [refresherOf(offer(100, undefined, false)), refresherOf(offer(100, 'uac', false))],
      ['uas', 'uas'],
    );
    assert.is(planTimerAnswer(offer(undefined), POLICY), undefined);
  });

  it('require the peer to know them when it is the one who refreshes', () => {
    assert.is(planTimerAnswer(offer(100, 'uac'), POLICY)?.isRequired, true);
    assert.is(planTimerAnswer(offer(100, 'uas'), POLICY)?.isRequired, false);
    assert.is(planTimerAnswer(offer(100, undefined, false), POLICY)?.isRequired, false);
  });

  it('never make a session longer than was asked for', () => {
    assert.is(planTimerAnswer(offer(1800, 'uac'), POLICY)?.header, '1800;refresher=uac');
    assert.is(planTimerAnswer(offer(100), POLICY)?.interval, 100);
  });

  it('refresh at half, and end by 32 s or a third before the end (section 10)', () => {
    assert.is(startTimer(1800, true, 0).deadlineWallMs, 900_000);
    assert.is(startTimer(1800, false, 0).deadlineWallMs, 1_768_000);
    assert.is(startTimer(90, false, 0).deadlineWallMs, 60_000);
  });

  it('survive a wall clock that is wrong: never longer than the interval, never less than nothing', () => {
    const timer = startTimer(100, true, 1_000_000);
    assert.is(remainingMs(timer, 1_000_000), 50_000);
    assert.is(remainingMs(timer, 1_030_000), 20_000);
    assert.is(remainingMs(timer, 9_000_000), 0);
    assert.is(remainingMs(timer, 0), 100_000);
  });
});
