/** One department on two nodes: callers, seats and what is dialled come in at either, and it makes no difference. */
import type { CallReport } from '../../ops/lab/ua/ua-call.js';
import { CallLab, CARRIER_HZ, type Phone, rings } from '../support/box/call-lab.js';
import { largeHospital, largeSeats, PASSWORD, PIN, type LargeSeat } from '../support/box/large-hospital.js';
import { makeTestBox, SITE_NODES, type SiteNodeId } from '../support/box/test-box.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const SEATS = 30;
/** Of each node. */
const EMERGENCY_SEATS = 2;
const MAIN = '01065129000';
const EMERGENCY = '01065129120';

interface SeatFact {
  readonly extension: string;
  readonly state: string;
  readonly isReachable: boolean;
}

const { box } = makeTestBox({ calls: largeHospital(SEATS, EMERGENCY_SEATS) });
const ordinary = largeSeats(SEATS).slice(EMERGENCY_SEATS * 2);

spec('two nodes', { deadlineMs: 90_000 }, (it, before) => {
  let lab: CallLab;
  const phones = new Map<string, Phone>();

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier({ agent: 'carrier-a', port: 5060 }, 'a');
    await lab.openCarrier({ agent: 'carrier-b', port: 5070 }, 'b');
  });

  const plugIn = async ({ extension }: LargeSeat, node: SiteNodeId): Promise<Phone> => {
    const address = `10.77.0.${String(100 + (Number(extension) % 16))}`;
    const phone = await lab.plugIn(extension, { password: PASSWORD, address }, node);
    phones.set(extension, phone);
    return phone;
  };
  const logIn = async (phone: Phone, callTaker: string): Promise<void> => {
    assert.is(await lab.dialCode(phone, `*11*${callTaker}*${PIN}#`), 200);
  };
  const seatAt = async (node: SiteNodeId, extension: string): Promise<SeatFact | undefined> =>
    (await lab.ask<readonly SeatFact[]>(node, 'seats')).find((seat) => seat.extension === extension);
  const isReadyAtBoth = (extension: string): Promise<unknown> =>
    waitFor(`both nodes see that ${extension} is ready`, async () => {
      const seen = await Promise.all(SITE_NODES.map((node) => seatAt(node, extension)));
      return seen.every((seat) => seat?.state === 'ready') || notYet(seen);
    });
  const incoming = async (extension: string): Promise<readonly CallReport[]> =>
    (await lab.phones.calls(extension)).filter(({ isIncoming }) => isIncoming);

  /** A patient of one node and a call-taker hear each other. @returns the patient's call */
  async function talk(node: SiteNodeId, phone: Phone, dialled = MAIN): Promise<string> {
    const patient = await lab.trunk.call(`carrier-${node}`, dialled, '13800138000');
    const { id } = await lab.until(lab.phones, phone.extension, undefined, rings, `${phone.extension} rings`);
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk(
      [lab.trunk, `carrier-${node}`, patient, CARRIER_HZ],
      [lab.phones, phone.extension, id, phone.hz],
    );
    return patient;
  }

  it('a patient who comes in at b is served by a seat that a dispatches, which is busy meanwhile', async () => {
    const seat = ordinary.find(({ node }) => node === 'a');
    assert.ok(seat);
    const phone = await plugIn(seat, 'a');
    await logIn(phone, seat.callTaker);
    await isReadyAtBoth(seat.extension);
    const patient = await talk('b', phone);
    await waitFor('both nodes see that the seat is busy', async () => {
      const seen = await Promise.all(SITE_NODES.map((node) => seatAt(node, seat.extension)));
      return seen.every((one) => one?.state === 'talking') || notYet(seen);
    });
    await lab.trunk.order({ do: 'hangUp', call: patient });
    await isReadyAtBoth(seat.extension);
  });

  it('a phone that registers and logs in at the node that does not dispatch it works as well', async () => {
    const seat = ordinary.find(({ node }) => node === 'b');
    assert.ok(seat);
    const phone = await plugIn(seat, 'a');
    await logIn(phone, seat.callTaker);
    await isReadyAtBoth(seat.extension);
    const [other] = [...phones.values()];
    assert.ok(other);
    await lab.dialCode(other, '*12');
    for (const node of SITE_NODES) await lab.trunk.order({ do: 'hangUp', call: await talk(node, phone) });
    await isReadyAtBoth(seat.extension);
    await lab.dialCode(phone, '*12');
    await waitFor('a sees that nobody is there', async () => {
      const seen = await seatAt('a', seat.extension);
      return seen?.state === 'loggedOut' || notYet(seen);
    });
  });

  it('callers on both nodes are served in one order, and no seat rings twice', async () => {
    await lab.phones.order({ do: 'forgetEnded' });
    const callers: string[] = [];
    for (const [index] of ordinary.entries()) {
      const number = `139${String(index).padStart(8, '0')}`;
      const id = await lab.trunk.call(`carrier-${index % 3 === 0 ? 'a' : 'b'}`, MAIN, number);
      await lab.until(
        ...([lab.trunk, `carrier-${index % 3 === 0 ? 'a' : 'b'}`, id] as const),
        ({ progress }) => progress === 'up',
        'who waits is answered',
      );
      callers.push(number);
    }
    const served: string[] = [];
    for (const [index, seat] of ordinary.entries()) {
      const phone = phones.get(seat.extension) ?? (await plugIn(seat, index % 2 === 0 ? 'a' : 'b'));
      await logIn(phone, seat.callTaker);
      const call = await lab.until(lab.phones, seat.extension, undefined, rings, `${seat.extension} rings`);
      await lab.phones.order({ do: 'answer', call: call.id });
      served.push(call.caller);
    }
    assert.equal(served, callers);
    for (const { extension } of ordinary) assert.is((await incoming(extension)).length, 1, extension);
    for (const { id } of await lab.trunk.allCalls()) await lab.trunk.order({ do: 'hangUp', call: id });
    for (const node of SITE_NODES) await lab.isQuiet(node);
  });

  it('an emergency at b rings a seat that a dispatches when b has none', async () => {
    const seat = largeSeats(SEATS).find(({ node }) => node === 'a');
    assert.ok(seat);
    const phone = await plugIn(seat, 'a');
    for (const other of ordinary) {
      const known = phones.get(other.extension);
      if (known !== undefined) await lab.dialCode(known, '*12');
    }
    await logIn(phone, seat.callTaker);
    await isReadyAtBoth(seat.extension);
    await lab.trunk.order({ do: 'hangUp', call: await talk('b', phone, EMERGENCY) });
    await isReadyAtBoth(seat.extension);
  });

  it('when a dies, b goes on with its seats: who was logged in there is called', async () => {
    const seat = largeSeats(SEATS).find(({ node }) => node === 'a');
    const phone = phones.get(seat?.extension ?? '');
    assert.ok(phone);
    await box.kill('a');
    const { length } = await waitFor('b dispatches the seats of both', async () => {
      const seats = await lab.ask<readonly { dispatchNode: string }[]>('b', 'seats');
      return seats.every(({ dispatchNode }) => dispatchNode === 'b') ? seats : notYet(seats[0]);
    });
    assert.is(length, SEATS);
    // The dead node's address is b's now: a call to it comes to b.
    await lab.trunk.order({ do: 'hangUp', call: await talk('a', phone, EMERGENCY) });
  });
});
