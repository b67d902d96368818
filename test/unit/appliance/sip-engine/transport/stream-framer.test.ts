import {
  StreamFramer,
  type Framed,
  type FramerLimits,
} from '../../../../../appliance/sip-engine/transport/stream-framer.js';
import { seededRng } from '../../../../../cluster/base/rng.js';
import { assert, spec } from '../../../../support/spec.js';
import { message } from './transport-bench.js';

const LIMITS: FramerLimits = { headerBytesMax: 400, bodyBytesMax: 200 };

interface Result {
  readonly messages: string[];
  readonly pings: number;
  readonly fault: string | undefined;
  readonly isPartial: boolean;
}

/** What comes out of a stream that arrives in these chunks. */
function frame(chunks: readonly Buffer[], limits = LIMITS): Result {
  const framer = new StreamFramer(limits);
  const outputs: Framed[] = chunks.map((chunk) => framer.push(chunk));
  return {
    messages: outputs
      .flatMap(({ messages }) => messages)
      .map(({ bytes, problem }) => bytes.toString('latin1') + (problem === undefined ? '' : `<${problem}>`)),
    pings: outputs.reduce((sum, { pings }) => sum + pings, 0),
    fault: outputs.find(({ fault }) => fault !== undefined)?.fault,
    isPartial: framer.isPartial,
  };
}

function whole(text: string): Result {
  return frame([Buffer.from(text, 'latin1')]);
}

function bytewise(text: string): Buffer[] {
  return [...Buffer.from(text, 'latin1')].map((byte) => Buffer.of(byte));
}

const LF_ONLY = 'OPTIONS sip:a SIP/2.0\nl: 3\n\nxyz';
const WITHOUT_LENGTH = 'OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n';

/** Text, and what it has to become however it is split. */
const STREAMS: Readonly<Record<string, readonly [text: string, expected: Partial<Result>]>> = {
  'one message': [message('a'), { messages: [message('a')] }],
  'three messages, the second with a body': [
    message('a') + message('b', 'v=0\r\n\r\nINVITE ') + message('c'),
    { messages: [message('a'), message('b', 'v=0\r\n\r\nINVITE '), message('c')] },
  ],
  'empty lines before a message': [`\r\n\n\r\n${message('a')}`, { messages: [message('a')] }],
  'a ping alone, between and after messages': [
    `\r\n\r\n${message('a')}\r\n\r\n${message('b')}\r\n\r\n\r\n`,
    { messages: [message('a'), message('b')], pings: 3 },
  ],
  'a ping after a lone CR': ['\r\r\n\r\n\n', { messages: [], pings: 1 }],
  'a single CRLF, which is a pong': ['\r\n', { messages: [], pings: 0 }],
  'lines that end with LF alone': [LF_ONLY + message('a'), { messages: [LF_ONLY, message('a')] }],
  'a length that is folded and has blanks': [
    `OPTIONS sip:a SIP/2.0\r\ncontent-length \t:\r\n  2 \r\n\r\nab${message('b')}`,
    {
      messages: ['OPTIONS sip:a SIP/2.0\r\ncontent-length \t:\r\n  2 \r\n\r\nab', message('b')],
    },
  ],
  'the same length twice': [
    `OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 01\r\n\r\na${message('b')}`,
    { messages: ['OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 01\r\n\r\na', message('b')] },
  ],
  'two lengths': [
    'OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab',
    {
      messages: ['OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n<two different Content-Length>'],
      fault: 'two different Content-Length',
    },
  ],
  'no length': [
    WITHOUT_LENGTH + message('lost'),
    { messages: [`${WITHOUT_LENGTH}<there is no Content-Length>`], fault: 'there is no Content-Length' },
  ],
  'a length in the body or in another header is none': [
    `OPTIONS sip:a SIP/2.0\r\nX: 1\r\n Content-Length: 5\r\n\r\nContent-Length: 5`,
    { fault: 'there is no Content-Length' },
  ],
  'a negative length': ['A b SIP/2.0\r\nl: -1\r\n\r\n', { fault: 'Content-Length is no number' }],
  'a body above the limit': [
    `A b SIP/2.0\r\nl: 201\r\n\r\n${'x'.repeat(201)}`,
    { messages: ['A b SIP/2.0\r\nl: 201\r\n\r\n<the body is too large>'], fault: 'the body is too large' },
  ],
  'a header section above the limit': [
    `A b SIP/2.0\r\nX: ${'x'.repeat(400)}\r\nl: 0\r\n\r\n`,
    { messages: [], fault: 'the header section is too large' },
  ],
  'something else than SIP': ['\x16\x03\x01\x02\x00', { messages: [], fault: 'this is no SIP' }],
  'a message that has not ended': [message('a', 'body').slice(0, -1), { messages: [], isPartial: true }],
};

spec('the framing of a stream', (it) => {
  for (const [name, [text, expected]] of Object.entries(STREAMS)) {
    it(`it is the same wherever the stream is split: ${name}`, () => {
      const once = whole(text);
      for (const [key, value] of Object.entries(expected))
        assert.equal(once[key as keyof Result], value, key);
      assert.equal(frame(bytewise(text)), once);
      for (let at = 1; at < text.length; at += 1) {
        const parts = [text.slice(0, at), text.slice(at)].map((part) => Buffer.from(part, 'latin1'));
        assert.equal(frame(parts), once, `split at ${String(at)}`);
      }
    });
  }

  it('a header section of exactly the limit is taken, one byte more is not', () => {
    const one = message('a');
    const limits = { ...LIMITS, headerBytesMax: one.length };
    assert.equal(frame([Buffer.from(one)], limits).messages, [one]);
    assert.equal(frame(bytewise(one), limits).messages, [one]);
    assert.is(
      frame(bytewise(one), { ...limits, headerBytesMax: one.length - 1 }).fault,
      'the header section is too large',
    );
  });

  it('hundreds of messages in one chunk all come out', () => {
    const names = Array.from({ length: 300 }, (_, index) => `m${String(index)}`);
    const bodies = names.map((name) => message(name, name));
    assert.equal(whole(bodies.join('')).messages, bodies);
  });

  it('a message does not change when the chunk it came in does', () => {
    const framer = new StreamFramer(LIMITS);
    const chunk = Buffer.from(message('a') + message('b'));
    const { messages } = framer.push(chunk);
    chunk.fill(0);
    assert.equal(
      messages.map(({ bytes }) => bytes.toString()),
      [message('a'), message('b')],
    );
  });

  it('garbage never throws, never depends on the chunks, and never holds more than the limits', (t) => {
    const rng = seededRng(t.seed);
    const scraps = [
      '\r\n',
      '\n',
      '\r',
      'l:',
      ' 3',
      'Content-Length: ',
      '9',
      'A b SIP/2.0',
      '\0',
      'é',
      ':',
      'xyz',
    ];
    for (let round = 0; round < 2000; round += 1) {
      const parts = Array.from({ length: rng.integer(1, 12) }, () =>
        rng.integer(0, 5) === 0 ? message('m', 'x'.repeat(rng.integer(0, 9))) : rng.pick(scraps),
      );
      const bytes = Buffer.from(parts.join(''), 'latin1');
      if (rng.integer(0, 1) === 1) bytes[rng.integer(0, bytes.length - 1)] = rng.integer(0, 255);
      const once = frame([bytes]);
      const at = rng.integer(0, bytes.length);
      assert.equal(frame([bytes.subarray(0, at), bytes.subarray(at)]), once, bytes.toString('latin1'));
      assert.equal(frame([...bytes].map((byte) => Buffer.of(byte))), once, bytes.toString('latin1'));
    }
  });
});
