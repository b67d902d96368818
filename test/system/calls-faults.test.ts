/** Calls while parts of the house are ill: whoever talks goes on, whoever calls is served. */
import { CallLab, CARRIER_HZ, type Party, type Phone, rings } from '../support/box/call-lab.js';
import { clock, makeTestBox } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const PATIENT = '13800138000';

spec('calls while something is ill', { deadlineMs: 90_000 }, (it, before) => {
  let lab: CallLab;
  let first: Phone;
  let second: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    first = await lab.plugIn('8005');
    second = await lab.plugIn('8011');
    await lab.logIn(first, '1005');
    await lab.logIn(second, '1011');
  });

  const calm = (): Promise<void> => lab.calm([first, second]);
  const carrier = (id: string): Party => [lab.trunk, 'carrier', id, CARRIER_HZ];
  const party = (phone: Phone, id: string): Party => [lab.phones, phone.extension, id, phone.hz];

  /** @returns how much of the calls' records waits for the store */
  async function backlog(): Promise<number> {
    const { records } = await lab.ask<{ records: { backlog: { entries: number } } }>('a', 'status');
    return records.backlog.entries;
  }

  /** @returns the seat that rings for the patient */
  async function findRinging(): Promise<{ phone: Phone; id: string }> {
    return waitFor('a seat rings', async () => {
      for (const phone of [first, second]) {
        const call = (await lab.phones.calls(phone.extension)).find(rings);
        if (call !== undefined) return { phone, id: call.id };
      }
      return notYet('nobody rings');
    });
  }

  async function talk(): Promise<{ patient: string; seat: string; phone: Phone }> {
    const patient = await lab.trunk.call('carrier', MAIN, PATIENT);
    const { phone, id } = await findRinging();
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(phone, id));
    return { patient, seat: id, phone };
  }

  it('who rings for nobody any more is followed by the next seat', async (t) => {
    t.defer(async () => {
      await lab.phones.register(first.extension);
      await calm();
    });
    await lab.phones.order({ do: 'policy', agent: first.extension, policy: { kind: 'vanish' } });
    const patient = await lab.trunk.call('carrier', MAIN, PATIENT);
    const call = await lab.until(
      lab.phones,
      second.extension,
      undefined,
      rings,
      'the next seat rings',
      40_000,
    );
    await lab.phones.order({ do: 'answer', call: call.id });
    await lab.talk(carrier(patient), party(second, call.id));
    await lab.phones.order({ do: 'policy', agent: first.extension, policy: { kind: 'ring' } });
  });

  it('a store that stands still keeps no call waiting, and has the records when it goes on', async (t) => {
    t.defer(calm);
    await waitFor('what came before is in the store', async () => (await backlog()) === 0);
    const [before = []] = await lab.query('SELECT count(ended_wall_ms) FROM calls');
    const standing = Promise.all(['a', 'b', 'd'].map((id) => box.freezeService(id, 'rqlited', 9000)));
    for (let count = 0; count < 3; count += 1) {
      const { patient } = await talk();
      await lab.trunk.order({ do: 'hangUp', call: patient });
      await lab.isQuiet();
      await calm();
    }
    assert.ok((await backlog()) > 0, 'the backlog is seen');
    await standing;
    await waitFor(
      'the records are in the store',
      async () => {
        const [row = []] = await lab.query('SELECT count(ended_wall_ms) FROM calls');
        return Number(row[0]) === Number(before[0]) + 3 || notYet(row);
      },
      { deadlineMs: 20_000 },
    );
  });

  it('a live state that stands still keeps no call waiting', async (t) => {
    t.defer(calm);
    const { patient, phone, seat } = await talk();
    const standing = box.freezeService('a', 'redis-own', 4000);
    const startMs = clock.monotonicMs();
    const other = await lab.trunk.call('carrier', MAIN, PATIENT);
    const { phone: next, id } = await findRinging();
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(other), party(next, id));
    assert.ok(clock.monotonicMs() - startMs < 8000);
    await standing;
    await lab.talk(carrier(patient), party(phone, seat));
  });

  it('a relay that was killed comes back, and both parties hear each other again', async (t) => {
    t.defer(calm);
    const { patient, phone, seat } = await talk();
    await box.killService('a', 'rtpengine');
    await lab.talk(carrier(patient), party(phone, seat));
    const other = await lab.trunk.call('carrier', MAIN, PATIENT);
    const { phone: next, id } = await findRinging();
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(other), party(next, id));
  });

  it('a relay that was killed loses no call in which one party encrypts, wherever its counters stood', async (t) => {
    const sealed = await lab.plugIn('8012', { isSecure: true, firstSequence: 65_500 });
    const plain = await lab.plugIn('8006', { firstSequence: 65_500 });
    t.defer(async () => {
      await calm();
      for (const agent of ['8006', '8012']) await lab.phones.order({ do: 'close', agent });
    });
    const id = await lab.phones.call('8012', '8006');
    const there = await lab.until(lab.phones, '8006', undefined, rings, 'the colleague rings');
    await lab.phones.order({ do: 'answer', call: there.id });
    await lab.talk(party(sealed, id), party(plain, there.id));
    // Past the end of its sequence numbers.
    await clock.sleep(1500);
    await box.killService('a', 'rtpengine');
    await lab.talk(party(sealed, id), party(plain, there.id));
    await lab.phones.order({ do: 'hangUp', call: id });
  });

  it('a relay that stands still: other callers are sent elsewhere, an emergency is heard without it', async (t) => {
    const urgent = await lab.plugIn('8001');
    t.defer(async () => {
      await calm();
      await lab.phones.order({ do: 'close', agent: '8001' });
    });
    await lab.logIn(urgent, '1001');
    const standing = box.freezeService('a', 'rtpengine', 12_000);
    // Who comes first finds it out.
    const found = await lab.trunk.call('carrier', MAIN, PATIENT);
    await lab.until(
      lab.trunk,
      'carrier',
      found,
      ({ status }) => status === 503,
      'the first caller is sent away',
    );
    const next = await lab.trunk.call('carrier', MAIN, PATIENT);
    const { times } = await lab.until(
      lab.trunk,
      'carrier',
      next,
      ({ status }) => status === 503,
      'so is the next',
    );
    assert.ok((times.over ?? 0) - (times.invite ?? 0) < 1000, 'at once');
    const patient = await lab.trunk.call('carrier', '01065129120', PATIENT);
    const { id } = await lab.until(lab.phones, '8001', undefined, rings, 'the emergency seat rings');
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(urgent, id));
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await lab.until(
      lab.phones,
      '8001',
      id,
      ({ progress }) => progress === 'over',
      'the seat hears that it is over',
    );
    await standing;
    await waitFor('the relay answers again', async () => {
      const { isMediaReachable } = await lab.ask<{ isMediaReachable: boolean }>('a', 'status');
      return isMediaReachable || notYet('not yet');
    });
    const { patient: later } = await talk();
    await lab.trunk.order({ do: 'hangUp', call: later });
  });

  it('a node that is drained goes on with its calls and takes emergencies, nothing else', async (t) => {
    t.defer(calm);
    const { patient, phone, seat } = await talk();
    await lab.ask('a', 'drain', { isDraining: true });
    await waitFor('it is a fact', async () => {
      const { liveState } = await lab.ask<{ liveState: { unsent: number } }>('a', 'status');
      return liveState.unsent === 0 || notYet(liveState);
    });
    await box.killService('a', 'calls');
    await waitFor('call control is back and has not forgotten it', async () => {
      const status = await lab
        .ask<{ isDraining: boolean; calls: number }>('a', 'status')
        .catch(() => undefined);
      return (status?.isDraining === true && status.calls === 1) || notYet(status);
    });
    const refused = await lab.trunk.call('carrier', MAIN, PATIENT);
    await lab.until(
      lab.trunk,
      'carrier',
      refused,
      ({ status }) => status === 503,
      'a new caller is sent away',
    );
    const urgent = await lab.trunk.call('carrier', '01065129120', PATIENT);
    await lab.until(
      lab.trunk,
      'carrier',
      urgent,
      ({ progress }) => progress === 'ringing',
      'an emergency is not',
    );
    await lab.talk(carrier(patient), party(phone, seat));
    await lab.ask('a', 'drain', { isDraining: false });
    await lab.trunk.order({ do: 'hangUp', call: urgent });
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await lab.isQuiet();
    await calm();
    const { patient: again } = await talk();
    await lab.trunk.order({ do: 'hangUp', call: again });
  });

  it('when a trunk is down its backup takes the call', async (t) => {
    t.defer(calm);
    await lab.trunk.order({ do: 'policy', agent: 'carrier', policy: { kind: 'refuse', status: 503 } });
    t.defer(() => lab.trunk.order({ do: 'policy', agent: 'carrier', policy: { kind: 'ring' } }));
    await lab.openCarrier({ agent: 'backup', port: 5070, hz: 850 });
    const outside = await lab.phones.call(first.extension, '01088880000');
    const there = await lab.until(lab.trunk, 'backup', undefined, rings, 'the backup has the call');
    await lab.trunk.order({ do: 'answer', call: there.id });
    await lab.talk(party(first, outside), [lab.trunk, 'backup', there.id, 850]);
  });

  it('a node that is drained takes calls when its partner is drained too, or has died', async (t) => {
    t.defer(async () => {
      await lab.ask('a', 'drain', { isDraining: false });
      await calm();
    });
    await lab.ask('a', 'drain', { isDraining: true });
    const refused = await lab.trunk.call('carrier', MAIN, PATIENT);
    await lab.until(lab.trunk, 'carrier', refused, ({ status }) => status === 503, 'b would take it');
    await lab.ask('b', 'drain', { isDraining: true });
    const { patient: taken } = await talk();
    await lab.trunk.order({ do: 'hangUp', call: taken });
    await lab.ask('b', 'drain', { isDraining: false });
    await box.kill('b');
    await waitFor('a knows that it is alone', async () => {
      const { partner } = await lab.ask<{ partner: { isLinked: boolean } }>('a', 'status');
      return !partner.isLinked || notYet(partner);
    });
    const { patient } = await talk();
    await lab.trunk.order({ do: 'hangUp', call: patient });
  });
});
