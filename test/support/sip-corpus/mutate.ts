/** Changes messages at random: at byte level, by lines, and with pieces that parsers dislike. */
import type { Rng } from '../../../cluster/base/rng.js';

/** Each has made some parser slow, wrong or throw. */
export const NASTY_TOKENS: readonly string[] = [
  ...[
    ' ',
    '\t',
    '\r\n ',
    '\r\n',
    '\n',
    '\r',
    '\0',
    '"',
    '\\',
    '\\"',
    '<',
    '>',
    ',',
    ';',
    '=',
    ':',
    '@',
    '%',
    '?',
    '&',
  ],
  ...[
    '<>',
    '""',
    ';;',
    ',,',
    '; ',
    ', ',
    ' ,',
    '%00',
    '%0d%0a',
    '%',
    '[',
    '[::1]',
    ']',
    '*',
    '/',
    '//',
    '(',
    '{',
  ],
  ...[
    'sip:',
    'sips:',
    'tel:',
    '<sip:a@b>',
    'sip:a@b',
    '"x" <sip:a@b>',
    ';tag=1',
    ';branch=z9hG4bK',
    ';lr',
    '=a;',
  ],
  ...[
    'SIP/2.0',
    'SIP / 2.0 / UDP h',
    'z9hG4bK',
    'Digest ',
    'a="b",',
    'a.',
    '-1',
    '4294967296',
    '99999999999999999999',
  ],
  ...[
    'multipart/mixed;boundary=x',
    '--x\r\n',
    'Content-Type:',
    '__proto__',
    '%56ia: x\r\n',
    'constructor: x\r\n',
  ],
  ...[
    '\x7f',
    '\xff',
    '\xc3',
    '\xc3\xbc',
    '\xa0',
    '\xe2\x80\xa8',
    '\xef\xbb\xbf',
    '\xed\xa0\x80',
    '\x0b',
    '\x85',
  ],
];

type Mutation = (bytes: Buffer, rng: Rng) => Buffer;

function splice(bytes: Buffer, at: number, deleted: number, inserted: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + deleted)]);
}

function anywhere(bytes: Buffer, rng: Rng): number {
  return rng.integer(0, bytes.length);
}

function nastyRun(rng: Rng): Buffer {
  // Long runs are rare: they are slow to make, and most parsers are wrong with one already.
  const count = rng.integer(0, 50) === 0 ? rng.integer(100, 2000) : rng.integer(1, 3);
  return Buffer.from(rng.pick(NASTY_TOKENS).repeat(count), 'latin1');
}

/** One line is taken out, doubled or put elsewhere. */
function moveLine(bytes: Buffer, rng: Rng): Buffer {
  const lines = bytes.toString('latin1').split('\r\n');
  const [line = ''] = lines.splice(rng.integer(0, lines.length - 1), rng.integer(0, 1));
  const copies = new Array<string>(rng.integer(0, 2)).fill(line);
  lines.splice(rng.integer(0, lines.length), 0, ...copies);
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, rng) => splice(bytes, anywhere(bytes, rng), 1, Buffer.from(rng.bytes(1))),
  (bytes, rng) => splice(bytes, anywhere(bytes, rng), rng.integer(1, 20), Buffer.alloc(0)),
  (bytes, rng) => splice(bytes, anywhere(bytes, rng), 0, nastyRun(rng)),
  (bytes, rng) => splice(bytes, anywhere(bytes, rng), rng.integer(1, 5), nastyRun(rng)),
  (bytes, rng) => {
    const start = anywhere(bytes, rng);
    return splice(bytes, anywhere(bytes, rng), 0, bytes.subarray(start, start + rng.integer(1, 60)));
  },
  (bytes, rng) => (rng.integer(0, 9) === 0 ? bytes.subarray(0, anywhere(bytes, rng)) : bytes),
  (bytes, rng) =>
    rng.integer(0, 9) === 0
      ? Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
      : bytes,
  moveLine,
];

/** @returns another buffer, of at most 65,535 bytes: a datagram has no more */
export function mutated(original: Buffer, rng: Rng): Buffer {
  let bytes = Buffer.from(original);
  for (let count = rng.integer(1, 4); count > 0; count -= 1)
    bytes = Buffer.from(rng.pick(MUTATIONS)(bytes, rng));
  return bytes.subarray(0, 65_535);
}
