import {
  findDatagramFault,
  SourceGuard,
  type GuardLimits,
} from '../../../../../appliance/sip-engine/transport/source-guard.js';
import { TRANSPORT_LIMITS } from '../../../../../appliance/sip-engine/transport/transport-port.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { assert, spec } from '../../../../support/spec.js';
import { message } from './transport-bench.js';

const SIP = Buffer.from(message('a'));

function guardWith(changes: Partial<GuardLimits> = {}): { clock: FakeClock; guard: SourceGuard } {
  const clock = new FakeClock();
  return { clock, guard: new SourceGuard(clock, { ...TRANSPORT_LIMITS, ...changes }) };
}

spec('the guard of the sources', (it) => {
  it('what cannot be a message is dropped before anything is remembered', () => {
    const { guard } = guardWith();
    for (const text of ['\r\n\r\n', '\0\0\0\0', '', '\r\n']) {
      assert.is(findDatagramFault(Buffer.from(text)), 'keepAlive', JSON.stringify(text));
    }
    for (const text of ['INVITE a SIP/2.0', `(${'x'.repeat(40)}`, `\x80${'x'.repeat(40)}`]) {
      assert.is(guard.refuseDatagram('192.0.2.1', Buffer.from(text, 'latin1')), 'garbage');
    }
    assert.is(findDatagramFault(Buffer.from(`\r\n\r\n${message('a')}`)), undefined);
    // A method is a token (RFC 4475 3.1.1.2).
    assert.is(
      findDatagramFault(Buffer.from("!interesting-Method0123456789_*+`.%indeed'~ sip:a SIP/2.0")),
      undefined,
    );
    assert.is(guard.trackedSources, 0);
  });

  it('a source has a burst and then its rate, whatever others do', async () => {
    const { clock, guard } = guardWith({ messagesPerSecond: 10, messageBurst: 3 });
    const tries = (source: string, count: number): number =>
      Array.from({ length: count }, () => guard.refuseDatagram(source, SIP)).filter(
        (one) => one === undefined,
      ).length;
    assert.is(tries('192.0.2.1', 10), 3);
    assert.is(tries('192.0.2.2', 10), 3);
    await clock.advance(200);
    assert.is(tries('192.0.2.1', 10), 2);
    await clock.advance(60_000);
    assert.is(tries('192.0.2.1', 10), 3, 'no more than the burst is saved up');
    assert.is(guard.refuseDatagram('192.0.2.1', SIP), 'tooFast');
  });

  it('a stream that is too fast is read later', async () => {
    const { clock, guard } = guardWith({ messagesPerSecond: 10, messageBurst: 3 });
    assert.is(guard.spendOnStream('192.0.2.1', 3), 0);
    assert.is(guard.spendOnStream('192.0.2.1', 5), 500);
    assert.is(guard.spendOnStream('192.0.2.1', 0), 0);
    await clock.advance(600);
    assert.is(guard.spendOnStream('192.0.2.1', 1), 0);
  });

  it('trusted sources have no limits', () => {
    const limits = { messagesPerSecond: 1, messageBurst: 1, connectionsPerSourceMax: 1, penaltyPointsMax: 1 };
    const { guard } = guardWith({ ...limits, trustedSources: ['192.0.2.1', '198.51.100.0/24'] });
    for (const source of ['192.0.2.1', '198.51.100.77']) {
      for (let count = 0; count < 10; count += 1) {
        guard.penalise(source);
        assert.is(guard.refuseDatagram(source, SIP), undefined);
        assert.is(guard.refuseConnection(source), undefined);
        assert.is(guard.spendOnStream(source, 1000), 0);
      }
    }
    guard.refuseDatagram('198.51.101.1', SIP);
    assert.is(guard.refuseDatagram('198.51.101.1', SIP), 'tooFast');
  });

  it('connections are counted by source', () => {
    const { guard } = guardWith({ connectionsPerSourceMax: 2 });
    assert.is(guard.refuseConnection('192.0.2.1'), undefined);
    assert.is(guard.refuseConnection('192.0.2.1'), undefined);
    assert.is(guard.refuseConnection('192.0.2.1'), 'tooManyOfSource');
    assert.is(guard.refuseConnection('192.0.2.2'), undefined);
    guard.connectionClosed('192.0.2.1');
    assert.is(guard.refuseConnection('192.0.2.1'), undefined);
    assert.is(guard.refuseConnection('192.0.2.1'), 'tooManyOfSource');
  });

  it('one failure silences nobody, many within a minute do, for a minute', async () => {
    const { clock, guard } = guardWith({ penaltyPointsMax: 5, penaltyMs: 60_000 });
    const fail = (count: number): void => {
      for (let one = 0; one < count; one += 1) guard.penalise('192.0.2.1');
    };
    fail(4);
    assert.is(guard.isPenalised('192.0.2.1'), false);
    await clock.advance(60_000);
    fail(4);
    assert.is(guard.isPenalised('192.0.2.1'), false, 'the first four have faded');
    fail(1);
    assert.is(guard.refuseDatagram('192.0.2.1', SIP), 'penalised');
    assert.is(guard.refuseConnection('192.0.2.1'), 'penalised');
    assert.is(guard.isPenalised('192.0.2.2'), false);
    await clock.advance(59_000);
    assert.is(guard.isPenalised('192.0.2.1'), true);
    await clock.advance(2_000);
    assert.is(guard.isPenalised('192.0.2.1'), false);
  });

  it('many addresses fill no memory, and silence nobody', () => {
    const { guard } = guardWith({ trackedSourcesMax: 100 });
    for (let count = 0; count < 1000; count += 1) {
      assert.is(guard.refuseDatagram(`2001:db8::${count.toString(16)}`, SIP), undefined);
      guard.penalise(`2001:db8::${count.toString(16)}`);
      assert.ok(guard.trackedSources <= 200);
    }
  });

  it('who keeps talking is not forgotten among many others', () => {
    const { guard } = guardWith({ trackedSourcesMax: 100, messagesPerSecond: 1, messageBurst: 30 });
    let taken = 0;
    for (let count = 0; count < 1000; count += 1) {
      guard.refuseDatagram(`2001:db8::${count.toString(16)}`, SIP);
      if (count % 10 === 0 && guard.refuseDatagram('192.0.2.1', SIP) === undefined) taken += 1;
    }
    assert.is(taken, 30);
  });
});
