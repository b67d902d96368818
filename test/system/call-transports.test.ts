/** Phones that signal over TCP and TLS: their calls, and what becomes of these when their node dies. */
import { CallLab, CARRIER_HZ, isOver, type Party, type Phone, rings } from '../support/box/call-lab.js';
import { makeTestBox, SERVICE_ADDRESSES } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const COMPLAINTS = '01065129315';
const PATIENT = '13800138000';

spec('phones over TCP and TLS', { deadlineMs: 90_000 }, (it, before) => {
  let lab: CallLab;
  let tcp: Phone;
  /** Encrypts its media as well. */
  let tls: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    tcp = await lab.plugIn('8005', { protocol: 'tcp' });
    tls = await lab.plugIn('8012', {
      ...{ protocol: 'tls', isSecure: true, firstSequence: 65_400 },
      server: { address: SERVICE_ADDRESSES.a, port: 5061 },
    });
    await lab.logIn(tcp, '1005');
    await lab.logIn(tls, '1012');
  });

  const carrier = (id: string): Party => [lab.trunk, 'carrier', id, CARRIER_HZ];
  const party = (phone: Phone, id: string): Party => [lab.phones, phone.extension, id, phone.hz];

  async function talkTo(phone: Phone, dialled: string): Promise<{ patient: string; seat: string }> {
    const patient = await lab.trunk.call('carrier', dialled, PATIENT);
    const { extension } = phone;
    const { id: seat } = await lab.until(lab.phones, extension, undefined, rings, `${extension} rings`);
    await lab.phones.order({ do: 'answer', call: seat });
    await lab.talk(carrier(patient), party(phone, seat));
    return { patient, seat };
  }

  it('take calls, hold them and hang up', async (t) => {
    t.defer(() => lab.calm([tcp, tls]));
    for (const [phone, dialled] of [[tcp, MAIN] as const, [tls, COMPLAINTS] as const]) {
      const { patient, seat } = await talkTo(phone, dialled);
      assert.is(await lab.phones.order({ do: 'hold', call: seat, isHolding: true }), 200);
      await lab.hears(lab.trunk, 'carrier', patient, 'music');
      assert.is(await lab.phones.order({ do: 'hold', call: seat, isHolding: false }), 200);
      await lab.talk(carrier(patient), party(phone, seat));
      await lab.phones.order({ do: 'hangUp', call: seat });
      await lab.until(lab.trunk, 'carrier', patient, isOver, 'the patient hears that it is over');
    }
  });

  it('call each other', async (t) => {
    t.defer(() => lab.calm([tcp, tls]));
    const id = await lab.phones.call(tls.extension, tcp.extension);
    const there = await lab.until(lab.phones, tcp.extension, undefined, rings, 'the colleague rings');
    await lab.phones.order({ do: 'answer', call: there.id });
    await lab.talk(party(tls, id), party(tcp, there.id));
    await lab.phones.order({ do: 'hangUp', call: id });
    await lab.until(lab.phones, tcp.extension, there.id, isOver, 'the colleague hears that it is over');
  });

  it('talk on when their node dies, and either side hangs up', async () => {
    const one = await talkTo(tcp, MAIN);
    const other = await talkTo(tls, COMPLAINTS);
    await box.kill('a');
    await lab.talk(carrier(one.patient), party(tcp, one.seat));
    await lab.talk(carrier(other.patient), party(tls, other.seat));
    await lab.trunk.order({ do: 'hangUp', call: one.patient });
    await lab.until(lab.phones, tcp.extension, one.seat, isOver, 'the phone hears that it is over');
    await lab.phones.order({ do: 'hangUp', call: other.seat });
    await lab.until(lab.trunk, 'carrier', other.patient, isOver, 'the patient hears that it is over');
  });

  it('are called after that, and dial', async () => {
    await lab.calm([tcp, tls], 'b');
    const { patient, seat } = await talkTo(tcp, MAIN);
    await lab.phones.order({ do: 'hangUp', call: seat });
    await lab.until(lab.trunk, 'carrier', patient, isOver, 'the patient hears that it is over');
    assert.is(await lab.dialCode(tls, '*13'), 200);
  });
});
