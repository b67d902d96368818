/** A node dies with calls in every state: its partner goes on with each of them, and nobody has to do anything. */
import { CallLab, CARRIER_HZ, isOver, type Party, type Phone, rings } from '../support/box/call-lab.js';
import { makeTestBox } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const EMERGENCY = '01065129120';
const COMPLAINTS = '01065129315';

interface Waiting {
  readonly callId: string;
  readonly arrivedWallMs: number;
}

interface SeatFact {
  readonly extension: string;
  readonly state: string;
}

spec('a node that dies with calls', { deadlineMs: 120_000 }, (it, before) => {
  let lab: CallLab;
  let urgent: Phone;
  let talking: Phone;
  let holding: Phone;
  let sealed: Phone;
  const ids = {
    sealed: '',
    sealedSeat: '',
    talk: '',
    talkSeat: '',
    hold: '',
    holdSeat: '',
    emergency: '',
    first: '',
    second: '',
  };
  let queued: readonly Waiting[] = [];

  before({ deadlineMs: 60_000 }, async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier({ firstSequence: 65_500 });
    urgent = await lab.plugIn('8001');
    talking = await lab.plugIn('8005');
    holding = await lab.plugIn('8006');
    await lab.logIn(urgent, '1001');
    await lab.logIn(talking, '1005');
  });

  const carrier = (id: string): Party => [lab.trunk, 'carrier', id, CARRIER_HZ];
  const party = (phone: Phone, id: string): Party => [lab.phones, phone.extension, id, phone.hz];
  const dial = (number: string, index: number): Promise<string> =>
    lab.trunk.call('carrier', number, `1380013700${String(index)}`);

  async function answer(phone: Phone, patient: string): Promise<string> {
    const { id } = await lab.until(lab.phones, phone.extension, undefined, rings, `${phone.extension} rings`);
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(phone, id));
    return id;
  }

  it('has calls that talk, are on hold, wait and ring', async () => {
    // Roll-over counters of SRTP stand at 1 and 2 when the node dies: the copies of the relay have lost them.
    sealed = await lab.plugIn('8012', { isSecure: true, firstSequence: 65_500 });
    await lab.logIn(sealed, '1012');
    ids.sealed = await dial(COMPLAINTS, 6);
    ids.sealedSeat = await answer(sealed, ids.sealed);
    ids.talk = await dial(MAIN, 1);
    ids.talkSeat = await answer(talking, ids.talk);
    await lab.logIn(holding, '1006');
    ids.hold = await dial(MAIN, 2);
    ids.holdSeat = await answer(holding, ids.hold);
    await lab.phones.order({ do: 'hold', call: ids.holdSeat, isHolding: true });
    await lab.hears(lab.trunk, 'carrier', ids.hold, 'music');
    ids.first = await dial(MAIN, 3);
    await lab.hears(lab.trunk, 'carrier', ids.first, 'music');
    ids.second = await dial(MAIN, 4);
    await lab.hears(lab.trunk, 'carrier', ids.second, 'music');
    ids.emergency = await dial(EMERGENCY, 5);
    await lab.until(lab.phones, urgent.extension, undefined, rings, 'the emergency seat rings');
    queued = await lab.ask<readonly Waiting[]>('a', 'queue');
    assert.is(queued.length, 3);
  });

  it('leaves them to its partner: who talks hears the other, who waits has his place and music', async () => {
    await box.kill('a');
    await lab.talk(carrier(ids.talk), party(talking, ids.talkSeat));
    const now = await waitFor('b has the queue', async () => {
      const entries = await lab.ask<readonly Waiting[]>('b', 'queue');
      return entries.length === 3 ? entries : notYet(entries);
    });
    const clocks = (some: readonly Waiting[]): readonly Waiting[] =>
      some
        .map(({ callId, arrivedWallMs }) => ({ callId, arrivedWallMs }))
        .toSorted((a, b) => a.arrivedWallMs - b.arrivedWallMs);
    assert.equal(clocks(now), clocks(queued));
    for (const id of [ids.hold, ids.first, ids.second]) await lab.hears(lab.trunk, 'carrier', id, 'music');
  });

  it('leaves them a call that only one party encrypts: it has fresh keys, and both hear each other', async () => {
    await lab.talk(carrier(ids.sealed), party(sealed, ids.sealedSeat));
    await lab.phones.order({ do: 'hangUp', call: ids.sealedSeat });
    await lab.until(lab.trunk, 'carrier', ids.sealed, isOver, 'the patient hears that it is over');
  });

  it('the emergency rings again and is answered', async () => {
    const { id } = await lab.until(
      lab.phones,
      urgent.extension,
      undefined,
      rings,
      'the emergency seat rings',
    );
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(ids.emergency), party(urgent, id));
  });

  it('a call on hold is taken back, a talk is put on hold, transferred and ended, as ever', async () => {
    await lab.phones.order({ do: 'hold', call: ids.holdSeat, isHolding: false });
    await lab.talk(carrier(ids.hold), party(holding, ids.holdSeat));
    await lab.phones.order({ do: 'hold', call: ids.talkSeat, isHolding: true });
    await lab.hears(lab.trunk, 'carrier', ids.talk, 'music');
    await lab.phones.order({ do: 'hold', call: ids.talkSeat, isHolding: false });
    await lab.talk(carrier(ids.talk), party(talking, ids.talkSeat));
    await lab.phones.order({ do: 'hangUp', call: ids.talkSeat });
    await lab.until(lab.trunk, 'carrier', ids.talk, isOver, 'the patient hears that it is over');
    await waitFor('the seat writes up the call', async () => {
      const seats = await lab.ask<readonly SeatFact[]>('b', 'seats');
      const seat = seats.find(({ extension }) => extension === talking.extension);
      return seat?.state === 'wrapUp' || notYet(seat);
    });
  });

  it('who waited is served in the old order', async () => {
    await lab.dialCode(talking, '*13');
    const served = await answer(talking, ids.first);
    await lab.trunk.order({ do: 'hangUp', call: ids.first });
    await lab.until(lab.phones, talking.extension, served, isOver, 'the seat hears of it');
    await lab.dialCode(talking, '*13');
    await answer(talking, ids.second);
  });

  it('each of the calls has one record', async () => {
    for (const { id } of await lab.trunk.allCalls()) await lab.trunk.order({ do: 'hangUp', call: id });
    await lab.isQuiet('b');
    const sql = "SELECT caller, end_reason FROM calls WHERE caller LIKE '%1380013700%' ORDER BY caller";
    const rows = await waitFor(
      'the records are closed',
      async () => {
        const found = await lab.query(sql, 'b');
        return (
          (found.length >= 6 && found.every(([, reason]) => reason !== null) ? found : undefined) ??
          notYet(found)
        );
      },
      { deadlineMs: 20_000 },
    );
    assert.equal(
      rows.map(([, reason]) => reason),
      Array.from({ length: 6 }, () => 'completed'),
    );
  });
});
