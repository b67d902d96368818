import { LadderTrace } from '../../../../../appliance/sip-engine/observability/ladder-trace.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { seededRng } from '../../../../../cluster/base/rng.js';
import { assert, spec } from '../../../../support/spec.js';

const PHONE = flowTo('10.0.0.7', 5062);
const TRUNK = flowTo('10.0.0.99', 5060);

function flowTo(remoteAddress: string, remotePort: number): SipFlow {
  const ours = { localAddress: '10.0.0.11', localPort: 5060 };
  return { protocol: 'udp', isReliable: false, ...ours, remoteAddress, remotePort };
}

function message(firstLine: string, cseq = '7 INVITE', toTag = '', body = ''): Buffer {
  const lines = [
    firstLine,
    'Via: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK1',
    'From: "Secret Name" <sip:103@h>;tag=f',
    `To: <sip:200@h>${toTag === '' ? '' : `;tag=${toTag}`}`,
    'Call-ID: c1',
    `CSeq: ${cseq}`,
    `Content-Length: ${String(body.length)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

const INVITE = message('INVITE sip:200@h SIP/2.0', '7 INVITE', '', 'v=0 secret');

function bench(): { clock: FakeClock; trace: LadderTrace } {
  const clock = new FakeClock({ wallMs: Date.UTC(2026, 0, 2, 14, 30, 5, 120) });
  return { clock, trace: new LadderTrace({ clock, rng: seededRng('ladder') }) };
}

function firstLines(trace: LadderTrace, id: string): string[] | undefined {
  return trace.read(id)?.messages.map(({ firstLine }) => firstLine);
}

const LADDER: readonly string[] = [
  '                      10.0.0.7:5062                  10.0.0.11:5060                  10.0.0.99:5060',
  '14:30:05.120                 | 7 INVITE sip:200@h ---------->|                               |',
  '14:30:05.130                 |                               | 1 INVITE sip:0123@trunk ----->|',
  '14:30:05.140                 |                               |<------------- 1 INVITE 200 OK |',
  '14:30:05.150                 |<------------- 7 INVITE 200 OK |                               |',
  '14:30:05.160                 | 8~ BYE sip:200@h ------------>|                               |',
  '',
];

spec('ladder-trace', (it) => {
  it('keeps nothing while nobody has asked', () => {
    const { clock, trace } = bench();
    trace.note('in', PHONE, INVITE, 'c1');
    assert.not.ok(trace.isOn);
    assert.is(clock.pendingTimers, 0);
    assert.equal(firstLines(trace, trace.start()), []);
  });

  it('keeps of a message its start line, its CSeq and whether there is a tag in To', () => {
    const { trace } = bench();
    const id = trace.start();
    assert.ok(trace.isOn);
    trace.note('in', PHONE, INVITE, 'c1');
    trace.note('out', PHONE, message('SIP/2.0 180 Ringing', '7 INVITE', 't1'), 'c1');
    const wallMs = Date.UTC(2026, 0, 2, 14, 30, 5, 120);
    assert.equal(trace.read(id)?.messages, [
      {
        wallMs,
        direction: 'in',
        from: '10.0.0.7:5062',
        to: '10.0.0.11:5060',
        firstLine: 'INVITE sip:200@h SIP/2.0',
        cseq: '7 INVITE',
        hasToTag: false,
      },
      {
        wallMs,
        direction: 'out',
        from: '10.0.0.11:5060',
        to: '10.0.0.7:5062',
        firstLine: 'SIP/2.0 180 Ringing',
        cseq: '7 INVITE',
        hasToTag: true,
      },
    ]);
    assert.not.match(JSON.stringify(trace.read(id)), /secret/i);
  });

  it('follows one call, or what has a text in its headers, or all', () => {
    const { trace } = bench();
    const one = trace.start({ callId: 'c1' });
    const number = trace.start({ containing: 'sip:103@' });
    const body = trace.start({ containing: 'v=0' });
    const all = trace.start();
    trace.note('in', PHONE, INVITE, 'c1');
    trace.note('in', PHONE, Buffer.from('OPTIONS sip:h SIP/2.0\r\n\r\n'), 'c2');
    trace.note('in', PHONE, Buffer.from('garbage'), undefined);
    const invite = 'INVITE sip:200@h SIP/2.0';
    assert.equal(firstLines(trace, one), [invite]);
    assert.equal(firstLines(trace, number), [invite]);
    assert.equal(firstLines(trace, body), []);
    assert.equal(firstLines(trace, all), [invite, 'OPTIONS sip:h SIP/2.0', 'garbage']);
  });

  it('keeps the newest and says how many are gone', () => {
    const { trace } = bench();
    const id = trace.start({ maxMessages: 3 });
    for (let number = 1; number <= 5; number += 1)
      trace.note('in', PHONE, message(`OPTIONS sip:${String(number)}@h SIP/2.0`), 'c1');
    assert.equal(
      firstLines(trace, id),
      [3, 4, 5].map((number) => `OPTIONS sip:${String(number)}@h SIP/2.0`),
    );
    assert.is(trace.read(id)?.dropped, 2);
    assert.match(trace.read(id)?.text ?? '', /^\(2 older messages are not kept\)\n/);
  });

  it('ends by itself and forgets', async () => {
    const { clock, trace } = bench();
    const id = trace.start({ ttlMs: 1000 });
    const longer = trace.start();
    trace.note('in', PHONE, INVITE, 'c1');
    await clock.advance(1000);
    assert.is(trace.read(id), undefined);
    assert.ok(trace.isOn);
    trace.stop(longer);
    trace.stop(longer);
    assert.not.ok(trace.isOn);
    assert.is(clock.pendingTimers, 0);
  });

  it('is refused without bounds, and when too many run', () => {
    const { clock, trace } = bench();
    for (const order of [
      { maxMessages: 0 },
      { maxMessages: 1001 },
      { ttlMs: 3_600_001 },
      { ttlMs: Infinity },
    ])
      assert.throws(() => trace.start(order), RangeError);
    assert.is(clock.pendingTimers, 0);
    for (let count = 0; count < 8; count += 1) trace.start();
    assert.throws(() => trace.start(), /8 traces run already/);
  });

  it('cuts what is long and shows nothing that a terminal would obey', () => {
    const { trace } = bench();
    const id = trace.start();
    trace.note('in', PHONE, Buffer.from(`\x1b[2J${'a'.repeat(5000)}`), undefined);
    const [line] = firstLines(trace, id) ?? [];
    assert.is(line?.length, 160);
    assert.ok(line?.startsWith('.[2Jaaa'));
  });

  it('never throws, whatever came', (t) => {
    const { trace } = bench();
    const id = trace.start();
    for (let round = 0; round < 2000; round += 1) {
      const bytes = Buffer.from(INVITE);
      for (let times = 0; times < 5; times += 1)
        bytes[t.rng.integer(0, bytes.length - 1)] = t.rng.integer(0, 255);
      trace.note('in', PHONE, bytes.subarray(0, t.rng.integer(0, bytes.length)), undefined);
      if (round % 500 === 0) assert.type(trace.read(id)?.text, 'string');
    }
    assert.is(trace.read(id)?.messages.length, 1000);
  });

  it('draws a call through the engine as a ladder', async () => {
    const { clock, trace } = bench();
    const id = trace.start();
    assert.is(trace.read(id)?.text, 'no message yet\n');
    const step = async (direction: 'in' | 'out', flow: SipFlow, bytes: Buffer): Promise<void> => {
      trace.note(direction, flow, bytes, 'c1');
      await clock.advance(10);
    };
    await step('in', PHONE, INVITE);
    await step('out', TRUNK, message('INVITE sip:0123@trunk SIP/2.0', '1 INVITE'));
    await step('in', TRUNK, message('SIP/2.0 200 OK', '1 INVITE', 't'));
    await step('out', PHONE, message('SIP/2.0 200 OK', '7 INVITE', 't'));
    await step('in', PHONE, message('BYE sip:200@h SIP/2.0', '8 BYE', 't'));
    assert.equal(trace.read(id)?.text.split('\n'), LADDER);
  });

  it('draws more ends than fit in one column of others', () => {
    const { trace } = bench();
    const id = trace.start();
    for (let host = 1; host <= 9; host += 1)
      trace.note('in', flowTo(`10.0.1.${String(host)}`, 5060), INVITE, 'c1');
    const lines = trace.read(id)?.text.split('\n') ?? [];
    assert.match(lines[0] ?? '', /others$/);
    assert.is(lines.length, 11);
    assert.ok(Math.max(...lines.map(({ length }) => length)) < 220);
  });

  it('draws a message to itself', () => {
    const { trace } = bench();
    const id = trace.start();
    trace.note('out', flowTo('10.0.0.11', 5060), INVITE, 'c1');
    assert.match(trace.read(id)?.text ?? '', /\|o 7 INVITE sip:200@h\n/);
  });

  it('writes an IPv6 end with brackets', () => {
    const { trace } = bench();
    const id = trace.start();
    trace.note('in', { ...PHONE, remoteAddress: '2001:db8::7' }, INVITE, 'c1');
    assert.is(trace.read(id)?.messages[0]?.from, '[2001:db8::7]:5062');
  });
});
