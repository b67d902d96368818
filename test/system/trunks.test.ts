/** A carrier that wants to be registered with, for each service address, before and after the death of its node. */
import { chmod, writeFile } from 'node:fs/promises';
import { exampleTelephony } from '../../firmware-config/defaults/example-telephony.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { parseTelephony } from '../../firmware-config/parse-telephony.js';
import type { CarrierRegistration } from '../../ops/lab/ua/carrier-registrar.js';
import { CallLab, CARRIER_HZ, type Phone, rings } from '../support/box/call-lab.js';
import { makeTestBox, type TestBox } from '../support/box/test-box.js';
import { parseExampleCalls } from '../support/example-calls.js';
import { assert, spec } from '../support/spec.js';
import { makeFolder } from '../support/store/make-folder.js';
import { notYet, waitFor } from '../support/wait.js';

const USER = '861065129000';
const PASSWORD = 'of the carrier';
const CONTACTS = ['10.77.0.11', '10.77.0.12'].map((address) => `sip:${USER}@${address}:5060`);

interface Trunk {
  readonly trunkId: string;
  readonly registrations: readonly {
    readonly home: string;
    readonly isRegistered: boolean;
    readonly lastStatus: number;
  }[];
}

/** The demonstration hospital, whose main carrier asks for a password. */
function documents(passwordFile: string) {
  const site = parseSite(exampleSite());
  const { routing } = parseExampleCalls(site, true);
  const telephony = exampleTelephony() as { readonly trunks: readonly object[] };
  const [main, ...others] = telephony.trunks;
  const trunks = [{ ...main, kind: 'registering', user: USER, passwordFile }, ...others];
  const changed = { ...telephony, trunks, testCallsEverySeconds: 0 };
  return { routing, telephony: parseTelephony(changed, { routing, site }) };
}

spec('a carrier that wants to be registered with', { deadlineMs: 90_000 }, (it, before) => {
  let test: TestBox;
  let lab: CallLab;
  let seat: Phone;

  before(async (t) => {
    const folder = makeFolder(t);
    await chmod(folder, 0o755);
    await writeFile(`${folder}/carrier.password`, `${PASSWORD}\n`, { mode: 0o644 });
    test = makeTestBox({ calls: documents(`${folder}/carrier.password`) });
    const { box } = test;
    lab = await CallLab.start(t, box);
    // Allows half of what is asked for, and less: it is registered with again every ten seconds.
    await lab.openCarrier({ subscriber: { username: USER, password: PASSWORD, expiresSeconds: 20 } });
    seat = await lab.plugIn('8005');
    await lab.logIn(seat, '1005');
  });

  const registrations = (): Promise<readonly CarrierRegistration[]> =>
    lab.trunk.order({ do: 'registrations', agent: 'carrier' }) as Promise<readonly CarrierRegistration[]>;
  const areRegistered = (node: 'a' | 'b', homes: readonly string[]): Promise<unknown> =>
    waitFor(
      `${node} has registered ${homes.join(' and ')}`,
      async () => {
        const trunks = await lab.ask<readonly Trunk[]>(node, 'trunks');
        const main = trunks.find(({ trunkId }) => trunkId === 'main')?.registrations ?? [];
        const done = main.filter(({ isRegistered }) => isRegistered).map(({ home }) => home);
        return done.join() === homes.join() || notYet(main);
      },
      { deadlineMs: 15_000 },
    );

  /** The carrier calls one of our contacts; what the patient dialled is in To. */
  async function callContact(contact: string): Promise<void> {
    const order = { agent: 'carrier', to: contact, dialled: '01065129000', from: '13800138000' };
    const id = (await lab.trunk.order({ do: 'call', ...order })) as string;
    const { id: there, caller } = await lab.until(lab.phones, '8005', undefined, rings, 'the seat rings');
    assert.is(caller, '13800138000');
    await lab.phones.order({ do: 'answer', call: there });
    await lab.talk([lab.trunk, 'carrier', id, CARRIER_HZ], [lab.phones, '8005', there, seat.hz]);
    await lab.trunk.order({ do: 'hangUp', call: id });
    await lab.until(lab.phones, '8005', there, ({ progress }) => progress === 'over', 'the seat is free');
    await lab.dialCode(seat, '*13');
  }

  it('has both service addresses, each from its own, and is called by them', async () => {
    await areRegistered('a', ['a']);
    await areRegistered('b', ['b']);
    const all = await registrations();
    assert.equal([...new Set(all.map(({ contact }) => contact))].sort(), CONTACTS);
    for (const { contact, from } of all)
      assert.ok(contact.includes(from.address), `${contact} from ${from.address}`);
    await callContact(CONTACTS[0] ?? '');
  });

  it('is registered with again in time, under the same Call-ID with a higher number', async () => {
    const ofA = async (): Promise<readonly CarrierRegistration[]> =>
      (await registrations()).filter(({ contact }) => contact === CONTACTS[0]);
    await waitFor('a has registered again', async () => (await ofA()).length > 1, { deadlineMs: 15_000 });
    const [first, second] = await ofA();
    assert.is(first?.sipCallId, second?.sipCallId);
    assert.ok(Number.parseInt(second?.cseq ?? '', 10) > Number.parseInt(first?.cseq ?? '', 10));
  });

  it('has both from the partner when a node dies, and reaches the house by either', async () => {
    await test.box.kill('a');
    await areRegistered('b', ['a', 'b']);
    for (const contact of CONTACTS) await callContact(contact);
  });
});
