import type { OutgoingRegistration } from '../../../appliance/call/signalling-port.js';
import { TrunkRegistrar } from '../../../appliance/trunk-registrar.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, spec } from '../../support/spec.js';

const { telephony } = parseExampleCalls(parseSite(exampleSite()));
const [main, ...others] = telephony.trunks;
const trunks = [
  { ...main, kind: 'registering', user: 'ward' } as (typeof telephony.trunks)[number],
  ...others,
];

class Bench {
  readonly clock = new FakeClock();
  readonly sent: OutgoingRegistration[] = [];
  readonly registrar: TrunkRegistrar;
  answer = { status: 200, expiresSeconds: 120 };

  constructor() {
    this.registrar = new TrunkRegistrar({
      ...{ trunks, sipPort: 5060, clock: this.clock, newCallId: () => 'id', credentialsOf: () => undefined },
      addresses: new Map([
        ['a', '10.77.0.11'],
        ['b', '10.77.0.12'],
      ]),
      signalling: {
        register: (registration) => {
          this.sent.push(registration);
          return Promise.resolve(this.answer);
        },
      },
      log: openLog({ name: 'test', level: 'silent' }),
    });
  }

  async pass(ms: number): Promise<string> {
    await this.clock.advance(ms);
    return this.sent
      .splice(0)
      .map(({ contact, cseq }) => `${contact.slice(9)} ${String(cseq)}`)
      .join(', ');
  }
}

spec('registrations at carriers', (it) => {
  it('are made for the addresses that are here, once each, and again when half of the time is over', async () => {
    const bench = new Bench();
    for (let count = 0; count < 3; count += 1) bench.registrar.setHeld('a', true);
    assert.is(await bench.pass(0), '10.77.0.11:5060 2');
    assert.is(await bench.pass(59_999), '');
    assert.is(await bench.pass(1), '10.77.0.11:5060 4');
    bench.registrar.setHeld('b', true);
    assert.is(await bench.pass(0), '10.77.0.12:5060 2');
    assert.equal(
      bench.registrar.list().map(({ home, isRegistered }) => [home, isRegistered]),
      [
        ['a', true],
        ['b', true],
      ],
    );
  });

  it('are not made any more when the address has gone to the partner', async () => {
    const bench = new Bench();
    bench.registrar.setHeld('a', true);
    await bench.pass(0);
    bench.registrar.setHeld('a', false);
    assert.is(await bench.pass(86_400_000), '');
    assert.equal(bench.registrar.list(), []);
  });

  it('are tried again, ever more seldom, and at least every two minutes', async () => {
    const bench = new Bench();
    bench.answer = { status: 403, expiresSeconds: 0 };
    bench.registrar.setHeld('a', true);
    const times: number[] = [];
    let at = 0;
    for (; at < 400; at += 1) if ((await bench.pass(at === 0 ? 0 : 1000)) !== '') times.push(at);
    assert.equal(times, [0, 4, 12, 28, 60, 124, 244, 364]);
    assert.is(bench.registrar.list()[0]?.lastStatus, 403);
    bench.answer = { status: 200, expiresSeconds: 0 };
    await bench.pass(85_000);
    assert.is(bench.registrar.list()[0]?.isRegistered, true);
    assert.is((await bench.pass(9999)) + (await bench.pass(1)), '10.77.0.11:5060 20');
  });

  it('are none for a carrier that wants none', () => {
    const bench = new Bench();
    bench.registrar.setHeld('a', true);
    assert.equal([...new Set(bench.sent.map(({ registrar }) => registrar))], ['sip:10.77.0.20:5060']);
  });
});
