import type { IncomingCall } from '../../../appliance/call/signalling-port.js';
import type { Peer } from '../../../appliance/peers.js';
import { TestCalls, type TonePartyPort } from '../../../appliance/test-calls.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, spec } from '../../support/spec.js';

const NUMBER = '+861065129120';
const { telephony, routing } = parseExampleCalls(parseSite(exampleSite()));
const [trunk] = telephony.trunks;

/** The far end of a test of the partner's. */
class Bench {
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  hasParty = true;
  isHeard = false;
  readonly tests: TestCalls;

  constructor() {
    const say = (text: string): void => void this.said.push(text);
    const party: TonePartyPort = {
      sdp: 'tone',
      speakTo: () => undefined,
      hears: () => this.isHeard,
      close: () => undefined,
    };
    this.tests = new TestCalls({
      ...{ telephony, clock: this.clock, log: openLog({ name: 'test', level: 'silent' }) },
      routing: () => routing,
      media: {
        offerFrom: () => Promise.resolve('offer'),
        joinTo: () => Promise.resolve('answer'),
        close: () => Promise.resolve({}),
      },
      signalling: {
        answer: () => {
          say('200');
          return Promise.resolve(true);
        },
        call: () => undefined,
        end: () => {
          say('end');
        },
      },
      openParty: () => (this.hasParty ? Promise.resolve(party) : Promise.reject(new Error('no port'))),
      localAddress: () => undefined,
      nextCallId: () => 'n',
      newMediaCallId: () => 'm',
      tellPartner: (message) => {
        say(message.kind === 'testReturn' ? message.state : message.kind);
      },
      onStranger: (_incoming, _peer, isAnswered) => {
        say(`stranger, ${isAnswered ? 'answered' : 'not answered'}`);
      },
    });
    this.tests.onNotice({ testId: 't', number: NUMBER, callerId: trunk?.callerId ?? '', forMs: 5000 });
  }

  /** @returns whether it is taken for the test */
  comesBack(claimedNumber = '01065129000'): boolean {
    const call = {
      callId: 'c',
      sipCallId: 'i',
      legId: 'c-0',
      localAddress: '',
      user: undefined,
      to: '',
      sdp: 'x',
    };
    const source = { address: '10.77.0.20', port: 5060, protocol: 'udp' };
    const incoming: IncomingCall = { ...call, source, dialled: '01065129120', claimedNumber };
    return this.tests.claims(incoming, { kind: 'trunk', trunk } as Peer);
  }

  async take(afterMs: number): Promise<string> {
    await this.clock.advance(afterMs);
    return this.said.splice(0).join(', ');
  }
}

spec('what comes back of a test call', (it) => {
  it('is answered once, and told to who has dialled it', async () => {
    const bench = new Bench();
    bench.isHeard = true;
    assert.equal([bench.comesBack(), bench.comesBack()], [true, false]);
    assert.is(await bench.take(100), 'returned, 200, heard');
    bench.tests.onLeg({ kind: 'ended', legId: 'c-0', cause: 'hung up' });
    assert.is(await bench.take(100), 'end');
  });

  it('is served as the emergency that it is when nothing of ours is heard and nobody hangs up', async () => {
    const bench = new Bench();
    assert.ok(bench.comesBack());
    assert.is(await bench.take(4500), 'returned, 200, stranger, answered');
  });

  it('is served without an answer of ours when there is nothing to answer it with', async () => {
    const bench = new Bench();
    bench.hasParty = false;
    assert.ok(bench.comesBack());
    assert.is(await bench.take(0), 'stranger, not answered');
  });

  it('is nobody else: another caller, or the same one when the test is over', () => {
    const bench = new Bench();
    assert.not.ok(bench.comesBack('13800138000'));
    assert.not.ok(bench.comesBack('anonymous'));
    bench.tests.onNotice({ testId: 't', number: NUMBER, callerId: trunk?.callerId ?? '', forMs: 0 });
    assert.not.ok(bench.comesBack());
  });
});
