import { FakeClock } from '../../../../../cluster/base/clock.js';
import {
  branchOf,
  buildResponse,
  cseqOf,
  headerOf,
  parseSip,
  tagOf,
  type SipMessage,
} from '../../../../../ops/lab/ua/sip-text.js';
import { Transactions } from '../../../../../ops/lab/ua/ua-transactions.js';
import { assert, spec } from '../../../../support/spec.js';

const PEER = { address: '10.0.0.2', port: 5060 };

function read(text: string): SipMessage {
  const message = parseSip(text);
  if (message === undefined) throw new Error(`no SIP: ${text}`);
  return message;
}

class Bench {
  readonly clock = new FakeClock();
  readonly sent: SipMessage[] = [];
  readonly statuses: number[] = [];
  readonly transactions: Transactions;
  #branches = 0;

  constructor(isReliable = false) {
    this.transactions = new Transactions({
      ...{ clock: this.clock, isReliable },
      send: (text) => this.sent.push(read(text)),
      via: (branch) => `SIP/2.0/UDP 10.0.0.1;branch=${branch}`,
      newBranch: () => `z9hG4bK${String((this.#branches += 1))}`,
    });
  }

  request(method: string): string {
    return this.transactions.request({
      ...{ method, uri: 'sip:8001@10.0.0.2', body: '', to: PEER },
      headers: [
        ['Route', '<sip:10.0.0.2;lr>'],
        ['From', '<sip:us@10.0.0.1>;tag=us'],
        ['To', '<sip:8001@10.0.0.2>'],
        ['Call-ID', 'call'],
        ['CSeq', `7 ${method}`],
        ['Contact', '<sip:us@10.0.0.1>'],
      ],
      onResponse: ({ status }) => this.statuses.push(status),
    });
  }

  /** To the last request that was sent. */
  answer(status: number, method = 'INVITE'): void {
    const request = this.sent.findLast((one) => one.method === method);
    if (request === undefined) throw new Error('nothing was sent');
    this.transactions.onResponse(read(buildResponse(request, status, 'them')));
  }

  get methods(): readonly string[] {
    return this.sent.map(({ method, status }) => (method === '' ? String(status) : method));
  }
}

const INVITE = read(
  [
    'INVITE sip:us@10.0.0.1 SIP/2.0',
    'Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx',
    'From: <sip:them@10.0.0.2>;tag=them',
    'To: <sip:us@10.0.0.1>',
    'Call-ID: in',
    'CSeq: 3 INVITE',
    '',
    '',
  ].join('\r\n'),
);

spec('client transactions of a user agent', (it) => {
  it('an INVITE that nobody answers is sent seven times in 32 s and ends with a 408', async () => {
    const bench = new Bench();
    bench.request('INVITE');
    await bench.clock.advance(31_999);
    assert.is(bench.sent.length, 7);
    assert.equal(bench.statuses, []);
    await bench.clock.advance(1);
    assert.equal(bench.statuses, [408]);
    assert.is(bench.clock.pendingTimers, 0);
  });

  it('any other request is sent every 4 s at the latest', async () => {
    const bench = new Bench();
    bench.request('BYE');
    await bench.clock.advance(31_999);
    assert.is(bench.sent.length, 11);
  });

  it('over TCP nothing is sent twice', async () => {
    const bench = new Bench(true);
    bench.request('INVITE');
    await bench.clock.advance(33_000);
    assert.equal([bench.sent.length, bench.statuses], [1, [408]]);
  });

  it('an INVITE that rings is not sent again, however long it rings', async () => {
    const bench = new Bench();
    bench.request('INVITE');
    bench.answer(180);
    await bench.clock.advance(300_000);
    assert.equal([bench.sent.length, bench.statuses], [1, [180]]);
  });

  it('a refusal is acknowledged within the transaction, and again when it comes again', () => {
    const bench = new Bench();
    const branch = bench.request('INVITE');
    bench.answer(486);
    bench.answer(486);
    assert.equal(bench.methods, ['INVITE', 'ACK', 'ACK']);
    const [, ack = INVITE] = bench.sent;
    assert.equal([branchOf(ack), cseqOf(ack).number, tagOf(headerOf(ack, 'to'))], [branch, 7, 'them']);
    assert.equal(
      [ack.uri, headerOf(ack, 'route'), headerOf(ack, 'contact')],
      ['sip:8001@10.0.0.2', '<sip:10.0.0.2;lr>', ''],
    );
    assert.equal(bench.statuses, [486]);
  });

  it('a CANCEL waits for the first provisional response', () => {
    const bench = new Bench();
    const branch = bench.request('INVITE');
    bench.transactions.cancel(branch);
    assert.equal(bench.methods, ['INVITE']);
    bench.answer(100);
    bench.answer(180);
    assert.equal(bench.methods, ['INVITE', 'CANCEL']);
    assert.is(branchOf(bench.sent[1] ?? INVITE), branch);
    bench.answer(200, 'CANCEL');
    bench.answer(487);
    assert.equal(bench.statuses, [100, 180, 487]);
  });

  it('a CANCEL that brings no end ends the INVITE after 32 s', async () => {
    const bench = new Bench();
    const branch = bench.request('INVITE');
    bench.answer(180);
    bench.transactions.cancel(branch);
    await bench.clock.advance(32_000);
    assert.equal(bench.statuses, [180, 408]);
    assert.is(bench.clock.pendingTimers, 0);
  });

  it('an answer to nothing is nothing', () => {
    const bench = new Bench();
    assert.is(bench.transactions.onResponse(read(buildResponse(INVITE, 200, 'x'))), false);
    assert.equal(bench.sent, []);
  });
});

spec('server transactions of a user agent', (it) => {
  it('a request that comes again is answered again, and is no new one', () => {
    const bench = new Bench();
    assert.is(bench.transactions.isRepeated(INVITE), false);
    bench.transactions.respond(INVITE, PEER, buildResponse(INVITE, 180, 'us'));
    assert.is(bench.transactions.isRepeated(INVITE), true);
    assert.equal(bench.methods, ['180', '180']);
  });

  it('a final response to an INVITE is sent until its ACK comes', async () => {
    const bench = new Bench();
    bench.transactions.respondUntilAck(INVITE, PEER, buildResponse(INVITE, 486, 'us'), () =>
      bench.statuses.push(0),
    );
    await bench.clock.advance(1500);
    assert.equal(bench.methods, ['486', '486', '486']);
    bench.transactions.onAck({ ...INVITE, method: 'ACK' });
    await bench.clock.advance(60_000);
    assert.equal([bench.sent.length, bench.statuses], [3, []]);
  });

  it('over TCP a 2xx is repeated, a refusal is not', async () => {
    for (const [status, count] of [
      [200, 3],
      [486, 1],
    ] as const) {
      const bench = new Bench(true);
      bench.transactions.respondUntilAck(INVITE, PEER, buildResponse(INVITE, status, 'us'), () => undefined);
      await bench.clock.advance(1500);
      assert.is(bench.sent.length, count);
    }
  });

  it('without any ACK it is told after 32 s', async () => {
    const bench = new Bench();
    bench.transactions.respondUntilAck(INVITE, PEER, buildResponse(INVITE, 200, 'us'), () =>
      bench.statuses.push(0),
    );
    await bench.clock.advance(32_000);
    assert.equal(bench.statuses, [0]);
    assert.is(bench.clock.pendingTimers, 0);
  });
});
