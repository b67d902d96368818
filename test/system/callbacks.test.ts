/** Callers who would rather be called back than wait: their place stays, also when their node dies, or both. */
import { CallLab, CARRIER_HZ, isOver, type Party, type Phone, rings } from '../support/box/call-lab.js';
import { makeTestBox } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const PATIENT = '13800138000';
const OTHER = '13900139000';

interface Waiting {
  readonly callId: string;
  readonly arrivedWallMs: number;
  readonly mediaNode?: string;
  readonly callback?: { readonly number: string };
}

spec('who is called back', { deadlineMs: 90_000 }, (it, before) => {
  let lab: CallLab;
  let seat: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    seat = await lab.plugIn('8005');
    await lab.logIn(seat, '1005');
    // Nobody takes calls until a test says so.
    await lab.dialCode(seat, '*14');
  });

  const carrier = (id: string): Party => [lab.trunk, 'carrier', id, CARRIER_HZ];

  async function keepPlace(node: 'a' | 'b' = 'a'): Promise<Waiting> {
    const patient = await lab.trunk.call('carrier', MAIN, PATIENT);
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    await lab.trunk.order({ do: 'press', call: patient, keys: '2' });
    await lab.until(lab.trunk, 'carrier', patient, isOver, 'he hears that he is called back', 30_000);
    const [place] = await lab.ask<readonly Waiting[]>(node, 'queue');
    assert.is(place?.callback?.number, PATIENT);
    return place ?? { callId: '', arrivedWallMs: 0 };
  }

  /** The seat answers, hears music while the patient is called, and both talk. */
  async function callBack(): Promise<void> {
    const there = await lab.until(lab.phones, '8005', undefined, rings, 'the seat rings', 20_000);
    assert.is(there.caller, PATIENT);
    await lab.phones.order({ do: 'answer', call: there.id });
    const { id } = await lab.until(lab.trunk, 'carrier', undefined, rings, 'the patient is called');
    await lab.hears(lab.phones, '8005', there.id, 'music');
    await lab.trunk.order({ do: 'answer', call: id });
    await lab.talk(carrier(id), [lab.phones, '8005', there.id, seat.hz]);
    await lab.trunk.order({ do: 'hangUp', call: id });
    await lab.until(lab.phones, '8005', there.id, isOver, 'the seat hears that it is over');
  }

  it('has his place before who came later, and the record says that he was called', async () => {
    const place = await keepPlace();
    const later = await lab.trunk.call('carrier', MAIN, OTHER);
    await lab.hears(lab.trunk, 'carrier', later, 'music');
    await lab.dialCode(seat, '*13');
    await callBack();
    // Written up: the next one is served.
    await lab.dialCode(seat, '*13');
    const next = await lab.until(lab.phones, '8005', undefined, rings, 'the seat rings for the next');
    assert.is(next.caller, OTHER);
    await lab.phones.order({ do: 'answer', call: next.id });
    await lab.talk(carrier(later), [lab.phones, '8005', next.id, seat.hz]);
    await lab.trunk.order({ do: 'hangUp', call: later });
    await lab.isQuiet();
    await waitFor('the store has it', async () => {
      const rows = await lab.query(
        `SELECT state, attempts FROM queue_entries WHERE entry_id = '${place.callId}'`,
      );
      return (rows[0]?.[0] === 'done' && rows[0][1] === 1) || notYet(rows);
    });
  });

  it('has it at the partner when his node dies', async () => {
    await lab.dialCode(seat, '*14');
    const place = await keepPlace();
    await box.kill('a');
    // Dialled in the gap: his seat was dispatched by the node that is gone.
    await lab.dialCode(seat, '*13');
    await waitFor('the place is one of b', async () => {
      const entries = await lab.ask<readonly Waiting[]>('b', 'queue');
      const known = entries.find(({ callId }) => callId === place.callId);
      const isKept = known?.mediaNode === 'b' && known.arrivedWallMs === place.arrivedWallMs;
      return isKept || notYet(entries);
    });
    await callBack();
  });

  it('has it when both nodes of the site have been without power', async () => {
    await lab.dialCode(seat, '*14');
    const place = await keepPlace('b');
    await waitFor('the store has it', async () => {
      const sql = `SELECT state FROM queue_entries WHERE entry_id = '${place.callId}'`;
      const rows = await lab.query(sql, 'b');
      return rows[0]?.[0] === 'waiting' || notYet(rows);
    });
    await box.kill('b');
    await Promise.all([box.powerOn('a'), box.powerOn('b')]);
    const places = (): Promise<readonly Waiting[]> => lab.ask<readonly Waiting[]>('a', 'queue');
    await waitFor(
      'the place is there again',
      async () => {
        const entries = await places().catch(() => []);
        const known = entries.find(({ callId }) => callId === place.callId);
        return known?.arrivedWallMs === place.arrivedWallMs || notYet(entries);
      },
      { deadlineMs: 30_000 },
    );
    assert.is(await lab.phones.register('8005'), 200);
    // The power of both took the logins as well; who logs in is ready.
    await lab.logIn(seat, '1005');
    await callBack();
    assert.equal(await places(), []);
  });
});
