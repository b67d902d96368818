import { seededRng } from '../../../../../cluster/base/rng.js';
import { LiveLines } from '../../../../../ops/lab/traffic/live-lines.js';
import { planEmergency, planOrdinaryCall } from '../../../../../ops/lab/traffic/plan-traffic.js';
import { renderTraffic } from '../../../../../ops/lab/traffic/traffic-report.js';
import { assert, spec } from '../../../../support/spec.js';

const settings = { callsPerMinute: 12, talkMsMean: 10_000, nodes: ['a', 'b'] };

spec('the traffic of the hospital', (it) => {
  it('arrives by chance, as often as it was asked for, on both nodes', () => {
    const rng = seededRng('traffic');
    const calls = Array.from({ length: 2000 }, (_, made) => planOrdinaryCall(settings, rng, made));
    const meanMs = calls.reduce((sum, { afterMs }) => sum + afterMs, 0) / calls.length;
    assert.ok(Math.abs(meanMs - 5000) < 400, String(meanMs));
    assert.is(
      new Set(calls.map(({ number }) => number)).size,
      calls.length,
      'nobody has the number of another',
    );
    assert.equal(new Set(calls.map(({ node }) => node)), new Set(['a', 'b']));
    assert.not.ok(calls.some(({ isEmergency }) => isEmergency));
  });

  it('has an emergency every minute', () => {
    const { afterMs, dialled } = planEmergency(settings, seededRng('x'), 1);
    assert.equal([afterMs, dialled], [60_000, '01065129120']);
  });

  it('is told in lines that fit a terminal', () => {
    const seats = Array.from({ length: 6 }, (_, index) => ({
      ...{ node: 'a', extension: `800${String(index)}`, state: 'notReady', isReachable: index > 0 },
    }));
    const lines = renderTraffic({
      ...{ waiting: 1, talking: 2, ended: 3, gaveUp: 0, failed: 0, transferred: 1, seats },
      ...{ waitsMs: [1000, 2000, 9000], emergencyWaitsMs: [] },
    });
    assert.match(lines.join('\n'), /3: half within 2\.0 s, the longest after 9\.0 s/);
    assert.match(lines.join('\n'), /8000 no phone/);
    assert.ok(
      lines.every((line) => line.length <= 100),
      lines.join('\n'),
    );
  });

  it('is written anew below what is printed, and not at all into a file', () => {
    let text = '';
    const live = new LiveLines((piece) => (text += piece), true);
    live.show(['one', 'two']);
    live.print('news');
    assert.is(text, 'one\ntwo\n\u001b[2A\u001b[0Jnews\none\ntwo\n');
    text = '';
    const file = new LiveLines((piece) => (text += piece), false);
    file.show(['one']);
    file.print('news');
    assert.is(text, 'news\n');
  });
});
