/** Calls as patients and call-takers have them: every party sends a tone of its own, and is asked whom it hears. */
import type { CallReport } from '../../ops/lab/ua/ua-call.js';
import { CallLab, CARRIER_HZ, isOver, type Party, type Phone, rings } from '../support/box/call-lab.js';
import { makeTestBox } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const EMERGENCY = '01065129120';
const PATIENT = '13800138000';

spec('calls', { deadlineMs: 60_000 }, (it, before) => {
  let lab: CallLab;
  /** Takes emergencies. */
  let first: Phone;
  let second: Phone;
  let third: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    first = await lab.plugIn('8001');
    second = await lab.plugIn('8005');
    third = await lab.plugIn('8006', { codecs: ['PCMU'] });
    await lab.logIn(first, '1001');
    await lab.logIn(second, '1005');
  });

  const carrierCall = (id: string, fits: (call: CallReport) => boolean, sentence: string) =>
    lab.until(lab.trunk, 'carrier', id, fits, sentence);
  const phoneCall = (phone: Phone, fits: (call: CallReport) => boolean, sentence: string) =>
    lab.until(lab.phones, phone.extension, undefined, fits, sentence);
  const carrier = (id: string): Party => [lab.trunk, 'carrier', id, CARRIER_HZ];
  const party = (phone: Phone, id: string): Party => [lab.phones, phone.extension, id, phone.hz];
  const isUp = ({ progress }: CallReport): boolean => progress === 'up';

  const calm = (): Promise<void> => lab.calm([first, second, third]);

  /** A patient who is talking to the call-taker of the phone. */
  async function talkTo(phone: Phone, dialled = MAIN): Promise<{ patient: string; seat: string }> {
    const patient = await lab.trunk.call('carrier', dialled, PATIENT);
    const { id: seat } = await phoneCall(phone, rings, `${phone.extension} rings`);
    await lab.phones.order({ do: 'answer', call: seat });
    await carrierCall(patient, isUp, 'the patient is connected');
    await lab.talk(carrier(patient), party(phone, seat));
    return { patient, seat };
  }

  it('a patient is greeted, hears music, and talks to the call-taker who answers', async (t) => {
    t.defer(calm);
    const { patient, seat } = await talkTo(second);
    const report = await phoneCall(second, isUp, 'the call is up');
    assert.is(report.caller, PATIENT);
    await lab.trunk.order({ do: 'hangUp', call: patient });
    const { endedBy } = await lab.until(lab.phones, second.extension, seat, isOver, 'the seat is free');
    assert.is(endedBy, 'them');
  });

  it('who waits hears music until a seat is free, and has not lost the place', async (t) => {
    t.defer(calm);
    const { patient: talking, seat } = await talkTo(second);
    const waiting = await lab.trunk.call('carrier', MAIN, PATIENT);
    await carrierCall(waiting, isUp, 'who waits is answered');
    await lab.hears(lab.trunk, 'carrier', waiting, 'music');
    const [entry] = await lab.ask<readonly { departmentId: string }[]>('a', 'queue');
    assert.is(entry?.departmentId, 'reception');
    await lab.phones.order({ do: 'hangUp', call: seat });
    await carrierCall(talking, isOver, 'the first patient has hung up');
    await lab.dialCode(second, '*13');
    const { id } = await phoneCall(second, rings, 'it rings for who waited');
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(waiting), party(second, id));
    await lab.trunk.order({ do: 'hangUp', call: waiting });
  });

  it('an emergency rings the reserved seat at once, and who called hears ringing until somebody answers', async (t) => {
    t.defer(calm);
    const patient = await lab.trunk.call('carrier', EMERGENCY, PATIENT);
    const { id } = await phoneCall(first, rings, 'the emergency seat rings');
    await carrierCall(patient, ({ progress }) => progress === 'ringing', 'the caller hears ringing');
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(first, id));
    await lab.trunk.order({ do: 'hangUp', call: patient });
  });

  it('an ordinary call does not ring the reserved seat', async (t) => {
    t.defer(calm);
    const { patient, seat } = await talkTo(second);
    const other = await lab.trunk.call('carrier', MAIN, PATIENT);
    await carrierCall(other, isUp, 'the other is answered');
    await lab.hears(lab.trunk, 'carrier', other, 'music');
    assert.not.ok((await lab.phones.calls('8001')).some(rings), 'the reserved seat is silent');
    for (const call of [patient, other]) await lab.trunk.order({ do: 'hangUp', call });
    await lab.until(lab.phones, second.extension, seat, isOver, 'the seat is free');
  });

  it('a key pressed in the queue makes an emergency of the call', async (t) => {
    t.defer(calm);
    const { patient, seat } = await talkTo(second);
    const urgent = await lab.trunk.call('carrier', MAIN, PATIENT);
    await carrierCall(urgent, isUp, 'the second caller waits');
    await lab.hears(lab.trunk, 'carrier', urgent, 'music');
    await lab.trunk.order({ do: 'press', call: urgent, keys: '1' });
    const { id } = await phoneCall(first, rings, 'the emergency seat rings');
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(urgent), party(first, id));
    for (const call of [patient, urgent]) await lab.trunk.order({ do: 'hangUp', call });
    await lab.until(lab.phones, second.extension, seat, isOver, 'the other seat is free');
  });

  it('a typed complaint makes an emergency of the call, and one step takes it back', async (t) => {
    t.defer(calm);
    const { patient, seat } = await talkTo(second);
    const urgent = await lab.trunk.call('carrier', MAIN, PATIENT);
    await carrierCall(urgent, isUp, 'the second caller waits');
    const [entry] = await lab.ask<readonly { callId: string }[]>('a', 'queue');
    const call = entry?.callId ?? '';
    const params = { call, text: '病人胸痛半小时', source: 'registration desk' };
    const told = await lab.ask<{ outcome: string; reason: { ruleId: string } }>('a', 'trigger', params);
    assert.equal([told.outcome, told.reason.ruleId], ['done', 'life-threatening']);
    const { id } = await phoneCall(first, rings, 'the emergency seat rings');
    assert.equal(await lab.ask('a', 'undoEmergency', { call }), { isUndone: true });
    await lab.until(lab.phones, first.extension, id, isOver, 'it does not ring any more');
    await lab.hears(lab.trunk, 'carrier', urgent, 'music');
    for (const one of [patient, urgent]) await lab.trunk.order({ do: 'hangUp', call: one });
    await lab.until(lab.phones, second.extension, seat, isOver, 'the other seat is free');
  });

  it('who is on hold hears music, and both hear each other again after it', async (t) => {
    t.defer(calm);
    const { patient, seat } = await talkTo(second);
    assert.is(await lab.phones.order({ do: 'hold', call: seat, isHolding: true }), 200);
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    assert.is(await lab.phones.order({ do: 'hold', call: seat, isHolding: false }), 200);
    await lab.talk(carrier(patient), party(second, seat));
    await lab.trunk.order({ do: 'hangUp', call: patient });
  });

  it('a call is transferred blindly, to a phone with another codec', async (t) => {
    t.defer(calm);
    const { patient, seat } = await talkTo(second);
    assert.is(await lab.phones.order({ do: 'refer', call: seat, to: third.extension }), 202);
    const { id } = await phoneCall(third, rings, 'the target rings');
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    await lab.phones.order({ do: 'answer', call: id });
    const { referred } = await lab.until(
      lab.phones,
      second.extension,
      seat,
      isOver,
      'who transferred is out',
    );
    assert.is(referred.at(-1), 200);
    await lab.talk(carrier(patient), party(third, id));
    await lab.phones.order({ do: 'hangUp', call: id });
    await carrierCall(patient, isOver, 'the patient is told');
  });

  it('a target that is busy leaves the caller with who wanted to transfer', async (t) => {
    t.defer(calm);
    await lab.phones.order({ do: 'policy', agent: '8006', policy: { kind: 'refuse', status: 486 } });
    const { patient, seat } = await talkTo(second);
    assert.is(await lab.phones.order({ do: 'refer', call: seat, to: third.extension }), 202);
    await lab.until(
      lab.phones,
      '8005',
      seat,
      ({ referred }) => referred.at(-1) === 486,
      'it hears of the failure',
    );
    await lab.talk(carrier(patient), party(second, seat));
    await lab.trunk.order({ do: 'hangUp', call: patient });
  });

  it('a call is transferred after a consultation', async (t) => {
    t.defer(calm);
    const { patient, seat } = await talkTo(second);
    assert.is(await lab.phones.order({ do: 'hold', call: seat, isHolding: true }), 200);
    const consultation = await lab.phones.call(second.extension, third.extension);
    const { id } = await phoneCall(third, rings, 'the colleague rings');
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(party(second, consultation), party(third, id));
    const order = { do: 'refer', call: seat, to: third.extension, replaced: consultation } as const;
    assert.is(await lab.phones.order(order), 202);
    await lab.talk(carrier(patient), party(third, id));
    await lab.until(lab.phones, second.extension, seat, isOver, 'who transferred is out');
    await lab.until(lab.phones, second.extension, consultation, isOver, 'and out of the consultation');
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await lab.until(lab.phones, third.extension, id, isOver, 'the colleague is told');
  });

  it('call-takers call each other, and a number outside over the trunk', async (t) => {
    t.defer(calm);
    const inside = await lab.phones.call(second.extension, third.extension);
    const { id, caller } = await phoneCall(third, rings, 'the colleague rings');
    assert.is(caller, second.extension);
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(party(second, inside), party(third, id));
    await lab.phones.order({ do: 'hangUp', call: inside });
    await lab.isQuiet();
    const outside = await lab.phones.call(second.extension, '01088880000');
    const there = await lab.until(lab.trunk, 'carrier', undefined, rings, 'the carrier has the call');
    assert.is(there.dialled, '+861088880000');
    await lab.trunk.order({ do: 'answer', call: there.id });
    await lab.talk(party(second, outside), carrier(there.id));
    await lab.phones.order({ do: 'hangUp', call: outside });
    await carrierCall(there.id, isOver, 'the other side is told');
  });

  it('a phone that encrypts talks to a trunk that does not, on the other node', async (t) => {
    t.defer(calm);
    const secure = await lab.plugIn('8012', { isSecure: true }, 'b');
    await lab.logIn(secure, '1012');
    await lab.openCarrier({ agent: 'carrier-b', port: 5062 }, 'b');
    const patient = await lab.trunk.call('carrier-b', '01065129315', PATIENT);
    const { id } = await phoneCall(secure, rings, 'the secure phone rings');
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk([lab.trunk, 'carrier-b', patient, CARRIER_HZ], party(secure, id));
  });

  it('who gives up while waiting is gone from the queue', async (t) => {
    t.defer(calm);
    const patient = await lab.trunk.call('carrier', '01065129114', PATIENT);
    await carrierCall(patient, isUp, 'the patient waits');
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await lab.isQuiet();
    assert.equal(await lab.ask('a', 'queue'), []);
  });

  it('who hangs up in the moment of the answer leaves nothing behind', async (t) => {
    t.defer(calm);
    for (let count = 0; count < 30; count += 1) {
      const order = { agent: 'carrier', to: '01065129114', from: PATIENT, hangUpAfterMs: 0 };
      await lab.trunk.order({ do: 'call', ...order });
    }
    await waitFor('all are over', async () => {
      const calls = await lab.trunk.allCalls();
      return calls.every(isOver) || notYet(calls.length);
    });
    await lab.isQuiet();
  });

  it('a seat that does not take the call is followed by the next one', async (t) => {
    t.defer(calm);
    const next = await lab.plugIn('8011');
    await lab.logIn(next, '1011');
    await lab.phones.order({ do: 'policy', agent: '8005', policy: { kind: 'refuse', status: 486 } });
    const patient = await lab.trunk.call('carrier', MAIN, PATIENT);
    const { id } = await phoneCall(next, rings, 'the next seat rings');
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(carrier(patient), party(next, id));
    await lab.trunk.order({ do: 'hangUp', call: patient });
  });

  it('a wrong PIN is refused, and after some of them nothing is compared for a while', async (t) => {
    t.defer(calm);
    for (let count = 0; count < 4; count += 1) await lab.dialCode(third, '*11*1006*9999#');
    await lab.dialCode(third, '*11*1006*4006#');
    const seats = await lab.ask<readonly { extension: string; state: string }[]>('a', 'seats');
    assert.is(seats.find(({ extension }) => extension === '8006')?.state, 'loggedOut');
  });

  it('strangers, unknown numbers and offers without a codec of ours are refused', async (t) => {
    t.defer(calm);
    const id = await lab.phones.call(second.extension, '7777');
    const { status } = await lab.until(lab.phones, second.extension, id, isOver, 'it is refused');
    assert.is(status, 404);
    const unknown = await lab.trunk.call('carrier', '09999', PATIENT);
    assert.is((await carrierCall(unknown, isOver, 'it is refused')).status, 404);
  });

  it('every call of this file has exactly one record, closed, with its steps', async () => {
    const opened = await Promise.all(
      (['a', 'b'] as const).map(async (node) => (await lab.ask<{ opened: number }>(node, 'status')).opened),
    );
    const count = opened.reduce((sum, one) => sum + one, 0);
    assert.ok(count >= 18, `${String(count)} calls`);
    await waitFor('all records are in the store', async () => {
      const [row = []] = await lab.query(
        'SELECT count(*), count(ended_wall_ms), count(end_reason) FROM calls',
      );
      return row.every((value) => value === count) || notYet(row);
    });
    const [answered] = await lab.query(
      'SELECT count(*) FROM calls WHERE seat IS NOT NULL AND call_taker IS NOT NULL AND answered_wall_ms > 0 AND generation > 0',
    );
    assert.ok(Number(answered?.[0]) > 10, 'with who answered, and when');
    const kinds = (await lab.query('SELECT DISTINCT kind FROM call_steps')).map(([kind]) => String(kind));
    for (const kind of [
      'queued',
      'offered',
      'answered',
      'held',
      'resumed',
      'transferAsked',
      'ended',
      'emergencyRaised',
    ])
      assert.ok(kinds.includes(kind), kind);
    const triggers = await lab.query("SELECT input, word, outcome FROM trigger_log WHERE input = 'text'");
    assert.equal(triggers, [['text', '胸痛', 'done']]);
  });
});
