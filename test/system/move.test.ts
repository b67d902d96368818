/** A service address moves with its calls, back again, and away by a death: nobody who talks or waits is lost. */
import { CallLab, CARRIER_HZ, isOver, type Party, type Phone, rings } from '../support/box/call-lab.js';
import { isEverythingInSync, makeTestBox, type SiteNodeId } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';

spec('a service address that moves', { deadlineMs: 120_000 }, (it, before) => {
  let lab: CallLab;
  let phone: Phone;
  let other: Phone;
  const ids = { talk: '', seat: '', waiting: '' };
  let place: unknown;

  before({ deadlineMs: 60_000 }, async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    phone = await lab.plugIn('8005');
    other = await lab.plugIn('8006');
    await lab.logIn(phone, '1005');
  });

  const carrier = (id: string): Party => [lab.trunk, 'carrier', id, CARRIER_HZ];
  const party = (one: Phone, id: string): Party => [lab.phones, one.extension, id, one.hz];

  const hasCalls = (node: SiteNodeId, count: number): Promise<unknown> =>
    waitFor(`${node} has ${String(count)} calls`, async () => {
      const calls = await lab.ask<readonly unknown[]>(node, 'calls');
      return calls.length === count || notYet(calls);
    });

  const placeAt = (node: SiteNodeId): Promise<unknown> =>
    waitFor(`who waits has his place at ${node}`, async () => {
      const entries = await lab.ask<readonly { callId: string; arrivedWallMs: number; mediaNode: string }[]>(
        node,
        'queue',
      );
      const [entry] = entries;
      if (entry?.mediaNode !== node) return notYet(entries);
      return { callId: entry.callId, arrivedWallMs: entry.arrivedWallMs };
    });

  /** Everything that both can do with the call, and the one who waits still waits. */
  async function isAlive(node: SiteNodeId): Promise<void> {
    await hasCalls(node, 2);
    await lab.talk(carrier(ids.talk), party(phone, ids.seat));
    await lab.phones.order({ do: 'hold', call: ids.seat, isHolding: true });
    await lab.hears(lab.trunk, 'carrier', ids.talk, 'music');
    await lab.phones.order({ do: 'hold', call: ids.seat, isHolding: false });
    await lab.talk(carrier(ids.talk), party(phone, ids.seat));
    assert.equal(await placeAt(node), place);
    await lab.hears(lab.trunk, 'carrier', ids.waiting, 'music');
  }

  it('has a call that talks and one that waits', async () => {
    ids.talk = await lab.trunk.call('carrier', MAIN, '13800137101');
    const call = await lab.until(lab.phones, phone.extension, undefined, rings, 'the seat rings');
    ids.seat = call.id;
    await lab.phones.order({ do: 'answer', call: ids.seat });
    ids.waiting = await lab.trunk.call('carrier', MAIN, '13800137102');
    await lab.hears(lab.trunk, 'carrier', ids.waiting, 'music');
    place = await placeAt('a');
    await isAlive('a');
  });

  it('takes them to the partner', async () => {
    await box.move('a', 'a');
    await isAlive('b');
    await hasCalls('a', 0);
  });

  it('and back home', async () => {
    await box.move('a', 'b');
    await isAlive('a');
    await hasCalls('b', 0);
  });

  it('and away again when the node dies', async () => {
    // What was let go is forgotten by then.
    await waitFor('b has nothing of them any more', async () => {
      const { liveState } = await lab.ask<{ liveState: { unsent: number } }>('b', 'status');
      return liveState.unsent === 0;
    });
    await box.kill('a');
    await isAlive('b');
  });

  it('and home when the node has come back', async () => {
    await box.powerOn('a');
    await waitFor('everything is in sync', () => isEverythingInSync(box), { deadlineMs: 30_000 });
    await isAlive('a');
  });

  it('at last who waited is served, and each call has one record', async () => {
    await lab.logIn(other, '1006');
    const call = await lab.until(
      lab.phones,
      other.extension,
      undefined,
      rings,
      'a seat rings for who waited',
    );
    await lab.phones.order({ do: 'answer', call: call.id });
    await lab.talk(carrier(ids.waiting), party(other, call.id));
    for (const id of [ids.talk, ids.waiting]) await lab.trunk.order({ do: 'hangUp', call: id });
    await lab.until(lab.phones, phone.extension, ids.seat, isOver, 'the seat hears of it');
    await lab.isQuiet('a');
    const sql = "SELECT caller, end_reason FROM calls WHERE caller LIKE '%1380013710%' ORDER BY caller";
    const rows = await waitFor('the records are closed', async () => {
      const found = await lab.query(sql, 'b');
      const isClosed = found.length === 2 && found.every(([, reason]) => reason !== null);
      return isClosed ? found : notYet(found);
    });
    assert.equal(
      rows.map(([, reason]) => reason),
      ['completed', 'completed'],
    );
  });
});
