import {
  decodeALaw,
  decodeMuLaw,
  encodeALaw,
  encodeMuLaw,
  findTone,
  SAMPLES,
  toneFrame,
} from '../../../../cluster/base/tone.js';
import { assert, spec } from '../../../support/spec.js';

const BYTES = Array.from({ length: 256 }, (_, byte) => byte);

spec('tones', (it) => {
  it('every tone from 300 to 3400 Hz is found again, in both laws', () => {
    for (let hz = 300; hz <= 3400; hz += 50)
      for (const codec of ['PCMU', 'PCMA'] as const)
        assert.is(findTone(toneFrame(hz, codec), codec), hz, `${String(hz)} Hz in ${codec}`);
  });

  it('a tone is found when it is quieter and begins elsewhere, as after a relay', () => {
    const frame = Buffer.from(
      Array.from({ length: SAMPLES }, (_, n) =>
        encodeMuLaw(Math.round(900 * Math.sin((2 * Math.PI * 950 * (n + 37)) / 8000))),
      ),
    );
    assert.is(findTone(frame, 'PCMU'), 950);
  });

  it('silence, comfort noise and an empty packet are no tone', (t) => {
    assert.is(findTone(toneFrame(0, 'PCMA'), 'PCMA'), 0);
    const noise = Buffer.from(Array.from({ length: SAMPLES }, () => encodeALaw(t.rng.integer(-150, 150))));
    assert.is(findTone(noise, 'PCMA'), 0);
    assert.is(findTone(Buffer.alloc(0), 'PCMA'), 0);
  });

  it('G.711 gives back each of its own values', () => {
    // Minus zero of mu-law is zero.
    for (const byte of BYTES) if (byte !== 0x7f) assert.is(encodeMuLaw(decodeMuLaw(byte)), byte);
    for (const byte of BYTES) assert.is(encodeALaw(decodeALaw(byte)), byte);
  });

  it('the corners of G.711 are where the tables of the recommendation have them', () => {
    assert.equal([decodeMuLaw(0x00), decodeMuLaw(0x80), decodeMuLaw(0xff)], [-32_124, 32_124, 0]);
    assert.equal([decodeALaw(0x2a), decodeALaw(0xaa), decodeALaw(0xd5)], [-32_256, 32_256, 8]);
  });
});
