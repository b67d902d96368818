import {
  encodeFrame,
  FrameDecoder,
  PAYLOAD_BYTES_MAX,
  type FrameViolation,
} from '../../../../../appliance/sip-engine/control/control-framing.js';
import { assert, spec } from '../../../../support/spec.js';

interface Decoded {
  readonly payloads: string[];
  readonly violation: FrameViolation | undefined;
}

function decode(chunks: readonly (string | Uint8Array)[], bytesMax?: number): Decoded {
  const payloads: string[] = [];
  const decoder = new FrameDecoder((payload) => payloads.push(payload.toString('utf8')), bytesMax);
  let violation: FrameViolation | undefined;
  for (const chunk of chunks) {
    violation = decoder.push(typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk);
  }
  return { payloads, violation };
}

const TEXTS = ['a|ping', 'b|sip||\r\nINFO sip:Ärztin@höhe.example SIP/2.0\r\n\r\n🚑#7#', 'c|route|invite'];
const STREAM = Buffer.concat(TEXTS.map((line) => encodeFrame({ line })));

spec('control frames', (it) => {
  it('the length counts bytes, not characters', () => {
    assert.is(encodeFrame({ line: 'ä🚑' }).toString('utf8'), '6#ä🚑');
  });

  it('the line and the SIP message are kept apart by one line break', () => {
    assert.is(encodeFrame({ line: 'a|sip|', sip: 'BYE ä' }).toString('utf8'), '14#a|sip|\r\nBYE ä');
  });

  it('a SIP message of bytes that are no text leaves as it is', () => {
    const sip = Uint8Array.from([0xff, 0x00, 0xc3]);
    assert.equal([...encodeFrame({ line: 'x', sip })], [...Buffer.from('6#x\r\n', 'latin1'), ...sip]);
  });

  it('frames that are cut at any byte are put together again', () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const { payloads, violation } = decode([STREAM.subarray(0, cut), STREAM.subarray(cut)]);
      assert.equal(payloads, TEXTS, `cut at ${String(cut)}`);
      assert.is(violation, undefined);
    }
  });

  it('frames that come byte by byte are put together again', () => {
    const bytes = [...STREAM].map((byte) => Uint8Array.of(byte));
    assert.equal(decode(bytes).payloads, TEXTS);
  });

  it('payloads come out while the next one is still incomplete', () => {
    assert.equal(decode(['3#a|b4#c|']).payloads, ['a|b']);
  });

  it('lengths that no honest application sends are refused', () => {
    const cases: readonly (readonly [text: string, violation: FrameViolation])[] = [
      ['#a', 'lengthNotDecimal'],
      ['-1#a', 'lengthNotDecimal'],
      ['+1#a', 'lengthNotDecimal'],
      [' 1#a', 'lengthNotDecimal'],
      ['1 #a', 'lengthNotDecimal'],
      ['1e3#a', 'lengthNotDecimal'],
      ['0x5#a', 'lengthNotDecimal'],
      ['\u0661#a', 'lengthNotDecimal'],
      ['GET / HTTP/1.1\r\n', 'lengthNotDecimal'],
      ['\n', 'lengthNotDecimal'],
      ['0#', 'lengthZero'],
      ['00000#', 'lengthZero'],
      ['000001#a', 'lengthTooLong'],
      ['100000#', 'lengthTooLong'],
      ['99999999999999999999', 'lengthTooLong'],
    ];
    for (const [text, violation] of cases) assert.is(decode([text]).violation, violation, text);
  });

  it('leading zeros within five digits are a length', () => {
    assert.equal(decode(['00003#a|b']).payloads, ['a|b']);
  });

  it('the longest payload is taken, whole', () => {
    const text = 'x'.repeat(PAYLOAD_BYTES_MAX);
    assert.equal(decode([`99999#${text}`, '1#y']).payloads, [text, 'y']);
  });

  it('a stranger may send less than an application, and is told before the payload comes', () => {
    assert.is(decode(['9#'], 8).violation, 'payloadTooLong');
    assert.equal(decode(['8#12345678'], 8).payloads, ['12345678']);
  });

  it('the room for payloads can grow between two frames', () => {
    const payloads: string[] = [];
    const decoder = new FrameDecoder((payload) => {
      payloads.push(payload.toString());
      decoder.allowPayloads(6);
    }, 3);
    assert.is(decoder.push(Buffer.from('3#abc6#abcdef7#abcdefg')), 'payloadTooLong');
    assert.equal(payloads, ['abc', 'abcdef']);
  });

  it('what comes after a violation is never handed out', () => {
    const { payloads, violation } = decode(['3#a|bX', '3#c|d']);
    assert.equal(payloads, ['a|b']);
    assert.is(violation, 'lengthNotDecimal');
  });

  it('a decoder that is stopped within a chunk hands out no more of it', () => {
    const payloads: string[] = [];
    const decoder = new FrameDecoder((payload) => {
      payloads.push(payload.toString());
      decoder.stop();
    });
    assert.is(decoder.push(Buffer.from('3#a|b3#c|dX')), undefined);
    decoder.push(Buffer.from('3#e|f'));
    assert.equal(payloads, ['a|b']);
  });

  it('a payload does not change when the chunk it came in is used again', () => {
    const kept: Buffer[] = [];
    const decoder = new FrameDecoder((payload) => kept.push(payload));
    const chunk = Buffer.from('3#a|b');
    decoder.push(chunk);
    chunk.fill(0);
    assert.is(kept[0]?.toString(), 'a|b');
  });

  it('random bytes in random pieces never throw', (t) => {
    for (let turn = 0; turn < 300; turn += 1) {
      const pieces = Array.from({ length: t.rng.integer(1, 6) }, () => {
        const noise = t.rng.bytes(t.rng.integer(0, 20));
        return t.rng.fraction() < 0.5 ? Buffer.from(`${String(t.rng.integer(0, 30))}#`) : noise;
      });
      const { payloads, violation } = decode(pieces);
      assert.ok(violation === undefined || payloads.length <= 6);
    }
  });
});
