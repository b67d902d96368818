/** The process that has the calls dies: whoever talks, waits, is on hold or rings notices nothing. */
import { CallLab, CARRIER_HZ, isOver, type Party, type Phone, rings } from '../support/box/call-lab.js';
import { makeTestBox } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const EMERGENCY = '01065129120';

interface Waiting {
  readonly callId: string;
  readonly arrivedWallMs: number;
}

spec('calls go on', { deadlineMs: 120_000 }, (it, before) => {
  let lab: CallLab;
  /** Takes emergencies. */
  let urgent: Phone;
  let first: Phone;
  let second: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    urgent = await lab.plugIn('8001');
    first = await lab.plugIn('8005');
    second = await lab.plugIn('8011');
    await lab.logIn(urgent, '1001');
    await lab.logIn(first, '1005');
    await lab.logIn(second, '1011');
  });

  const calm = (): Promise<void> => lab.calm([urgent, first, second]);
  const carrier = (id: string): Party => [lab.trunk, 'carrier', id, CARRIER_HZ];
  const party = (phone: Phone, id: string): Party => [lab.phones, phone.extension, id, phone.hz];
  const waiting = (): Promise<readonly Waiting[]> => lab.ask<readonly Waiting[]>('a', 'queue');

  let patients = 0;
  const dial = (number = MAIN): Promise<string> => {
    patients += 1;
    return lab.trunk.call('carrier', number, `1380013${String(8000 + patients)}`);
  };

  const findRinging = (phones: readonly Phone[]): Promise<{ phone: Phone; id: string }> =>
    waitFor('a seat rings', async () => {
      for (const phone of phones) {
        const call = (await lab.phones.calls(phone.extension)).find(rings);
        if (call !== undefined) return { phone, id: call.id };
      }
      return notYet('nobody rings');
    });

  async function talk(): Promise<{ patient: string; seat: string; phone: Phone }> {
    const patient = await dial();
    const { phone, id } = await findRinging([first, second]);
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(phone, id));
    return { patient, seat: id, phone };
  }

  async function killCallControl(): Promise<void> {
    await box.killService('a', 'calls');
    await waitFor('call control answers', () => lab.ask('a', 'status').then(Boolean, () => false));
  }

  it('who talks goes on, and everything can be done with the call', async (t) => {
    t.defer(calm);
    const { patient, phone, seat } = await talk();
    await killCallControl();
    await lab.talk(carrier(patient), party(phone, seat));
    await waitFor('the call is known', async () => {
      const [call] = await lab.ask<readonly { name: string }[]>('a', 'calls');
      return call?.name === 'talking' || notYet(call);
    });
    await lab.phones.order({ do: 'hold', call: seat, isHolding: true });
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    await lab.phones.order({ do: 'hold', call: seat, isHolding: false });
    await lab.talk(carrier(patient), party(phone, seat));
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await lab.until(lab.phones, phone.extension, seat, isOver, 'the seat hears of it');
    const seats = await lab.ask<readonly { extension: string; state: string }[]>('a', 'seats');
    assert.is(seats.find(({ extension }) => extension === phone.extension)?.state, 'wrapUp');
  });

  it('who hung up while nobody was there is not kept, and his seat is free', async (t) => {
    t.defer(calm);
    const { patient, phone, seat } = await talk();
    await box.killService('a', 'calls');
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await lab.until(lab.phones, phone.extension, seat, isOver, 'the seat hears of it');
    await lab.isQuiet();
  });

  it('who waits keeps his place and his clock, and hears music again', async (t) => {
    t.defer(calm);
    const talks = [await talk(), await talk()];
    const ids = [await dial(), await dial()];
    for (const id of ids) await lab.hears(lab.trunk, 'carrier', id, 'music');
    const queued = await waiting();
    assert.is(queued.length, 2);
    await killCallControl();
    await waitFor('both wait again', async () => {
      const now = await waiting();
      return now.length === 2 || notYet(now);
    });
    const clocks = (some: readonly Waiting[]): readonly Waiting[] =>
      some
        .map(({ callId, arrivedWallMs }) => ({ callId, arrivedWallMs }))
        .toSorted((a, b) => a.arrivedWallMs - b.arrivedWallMs);
    assert.equal(clocks(await waiting()), clocks(queued));
    for (const id of ids) await lab.hears(lab.trunk, 'carrier', id, 'music');
    for (const { patient, phone } of talks) {
      await lab.trunk.order({ do: 'hangUp', call: patient });
      await lab.dialCode(phone, '*13');
    }
    for (const id of ids) {
      const { phone, id: seat } = await findRinging([first, second]);
      await lab.phones.order({ do: 'answer', call: seat });
      await lab.talk(carrier(id), party(phone, seat));
    }
  });

  it('who is on hold hears music again, and is taken back', async (t) => {
    t.defer(calm);
    const { patient, phone, seat } = await talk();
    await lab.phones.order({ do: 'hold', call: seat, isHolding: true });
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    await killCallControl();
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    await lab.phones.order({ do: 'hold', call: seat, isHolding: false });
    await lab.talk(carrier(patient), party(phone, seat));
  });

  it('a call for whom a seat rings is offered again', async (t) => {
    t.defer(calm);
    const patient = await dial();
    await findRinging([first, second]);
    await killCallControl();
    const { phone, id } = await findRinging([first, second]);
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(phone, id));
  });

  it('an emergency that nobody has answered rings again, under the call that it was', async (t) => {
    t.defer(calm);
    const patient = await dial(EMERGENCY);
    await findRinging([urgent]);
    const [before] = await waiting();
    await killCallControl();
    await waitFor('it waits again', async () => {
      const [entry] = await waiting();
      return entry?.callId === before?.callId || notYet(entry);
    });
    const { id } = await findRinging([urgent]);
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(urgent, id));
  });

  it('each of these calls has one record, closed, that says how it ended', async () => {
    await lab.isQuiet();
    const rows = await waitFor('the records are in the store', async () => {
      const found = await lab.query('SELECT caller, end_reason FROM calls WHERE caller LIKE "%1380013%"');
      return (found.length >= patients && found.every(([, reason]) => reason !== null)) || notYet(found);
    }).then(() => lab.query('SELECT caller, end_reason FROM calls WHERE caller LIKE "%1380013%"'));
    assert.is(rows.length, patients);
    assert.equal(
      rows.filter(([, reason]) => reason !== 'completed' && reason !== 'abandoned'),
      [],
    );
  });
});
