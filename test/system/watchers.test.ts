/** Lamps at desk phones: who of the colleagues is in a call, and whether somebody waits to be called back. */
import type { ToldNotice } from '../../ops/lab/ua/ua-subscription.js';
import { CallLab, type Phone, rings } from '../support/box/call-lab.js';
import { makeTestBox } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const PATIENT = '13800138000';

spec('lamps at desk phones', { deadlineMs: 90_000 }, (it, before) => {
  let lab: CallLab;
  let seat: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    seat = await lab.plugIn('8005');
    await lab.plugIn('8006');
    await lab.logIn(seat, '1005');
  });

  const subscribe = (to: string, event: string, expires = 600): Promise<number> =>
    lab.phones.order({ do: 'subscribe', agent: '8006', to, event, expires }) as Promise<number>;
  const notices = async (event: string): Promise<readonly ToldNotice[]> => {
    const all = (await lab.phones.order({ do: 'notices', agent: '8006' })) as readonly ToldNotice[];
    return all.filter((one) => one.event === event);
  };
  const lamp = async (): Promise<string> => {
    const last = (await notices('dialog')).at(-1);
    return /<state>(\w+)</.exec(last?.body ?? '')?.[1] ?? 'none';
  };
  const isLit = (state: string): Promise<unknown> =>
    waitFor(`the lamp shows ${state}`, async () => (await lamp()) === state || notYet(await lamp()));

  it('show a colleague who is free, is rung, talks, and is free again; each document is newer', async () => {
    assert.is(await subscribe('8005', 'dialog'), 202);
    await waitFor('it is told at once', async () => (await notices('dialog')).length > 0);
    assert.is(await lamp(), 'none');
    const patient = await lab.trunk.call('carrier', MAIN, PATIENT);
    const { id } = await lab.until(lab.phones, '8005', undefined, rings, 'the seat rings');
    await isLit('early');
    await lab.phones.order({ do: 'answer', call: id });
    await isLit('confirmed');
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await isLit('none');
    const told = await notices('dialog');
    assert.equal(
      told.map(({ body }) => Number(/version="(\d+)"/.exec(body)?.[1])),
      told.map((_, index) => index),
    );
    for (const { state } of told) assert.match(state, /^active;expires=\d+$/);
  });

  it('show that somebody waits to be called back', async () => {
    assert.is(await subscribe('8005', 'message-summary'), 202);
    await waitFor('it is told at once', async () => (await notices('message-summary')).length > 0);
    const patient = await lab.trunk.call('carrier', MAIN, PATIENT);
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    await lab.trunk.order({ do: 'press', call: patient, keys: '2' });
    await waitFor('the lamp is lit', async () => {
      const last = (await notices('message-summary')).at(-1)?.body ?? '';
      return /Messages-Waiting: yes\r\nVoice-Message: 1\/0/.test(last) || notYet(last);
    });
  });

  it('are refused for whom nobody knows and for what nobody tells; who asks once is told once', async () => {
    assert.is(await subscribe('8099', 'dialog'), 404);
    assert.is(await subscribe('8005', 'presence'), 489);
    const before = (await notices('dialog')).length;
    assert.is(await subscribe('8001', 'dialog', 0), 202);
    await waitFor(
      'it is told, and that it is over',
      async () => (await notices('dialog')).length === before + 2,
    );
    assert.match((await notices('dialog')).at(-1)?.state ?? '', /^terminated/);
  });
});
