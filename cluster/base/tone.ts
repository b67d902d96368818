/**
 * Who is heard: each user agent sends a tone of its own, a multiple of 50 Hz, so that a frame of 20 ms is a whole
 * number of periods and one frame repeats without a click. The tone is found again also after transcoding. Pure.
 */

export type Codec = 'PCMU' | 'PCMA';

export const SAMPLES = 160;
const RATE = 8000;
export const STEP_HZ = RATE / SAMPLES;
const AMPLITUDE = 8000;
const BIN_MIN = 6;
const BINS = 70;

/** G.711 mu-law (ITU-T G.711 table 2). */
export function encodeMuLaw(sample: number): number {
  const magnitude = Math.min(32_635, Math.abs(sample)) + 132;
  const exponent = Math.max(0, Math.floor(Math.log2(magnitude)) - 7);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa) & 0xff;
}

export function decodeMuLaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 132) << ((value >> 4) & 7)) - 132;
  return (value & 0x80) === 0 ? magnitude : -magnitude;
}

/** G.711 A-law (ITU-T G.711 table 1). */
export function encodeALaw(sample: number): number {
  const magnitude = Math.min(32_767, Math.abs(sample)) >> 4;
  const exponent = magnitude < 32 ? (magnitude < 16 ? 0 : 1) : Math.floor(Math.log2(magnitude)) - 3;
  const mantissa = exponent < 2 ? magnitude & 0x0f : (magnitude >> (exponent - 1)) & 0x0f;
  return ((sample < 0 ? 0 : 0x80) | (exponent << 4) | mantissa) ^ 0x55;
}

export function decodeALaw(byte: number): number {
  const value = byte ^ 0x55;
  const exponent = (value >> 4) & 7;
  const mantissa = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return (value & 0x80) === 0 ? -magnitude : magnitude;
}

const ENCODERS: Readonly<Record<Codec, (sample: number) => number>> = { PCMU: encodeMuLaw, PCMA: encodeALaw };

function tableOf(decode: (byte: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, byte) => decode(byte));
}

const DECODED: Readonly<Record<Codec, Int16Array>> = {
  PCMU: tableOf(decodeMuLaw),
  PCMA: tableOf(decodeALaw),
};

/** @param hz multiple of 50 from 300 to 3400; 0 is silence */
export function toneFrame(hz: number, codec: Codec): Buffer {
  const encode = ENCODERS[codec];
  return Buffer.from(
    Array.from({ length: SAMPLES }, (_, index) =>
      encode(Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * index) / RATE))),
    ),
  );
}

const FACTORS = Float64Array.from({ length: BINS }, (_, bin) => 2 * Math.cos((2 * Math.PI * bin) / SAMPLES));
const SCRATCH = new Float64Array(SAMPLES);

/** Below it is silence; a tone of ours has about 0.5 of the full square. */
const SILENCE = 200;

/** @param payload a frame of 20 ms @returns the strongest multiple of 50 Hz above 250; 0 for silence */
export function findTone(payload: Uint8Array, codec: Codec): number {
  const table = DECODED[codec];
  const count = Math.min(payload.length, SAMPLES);
  for (let n = 0; n < count; n += 1) SCRATCH[n] = table[payload[n] ?? 0] ?? 0;
  SCRATCH.fill(0, count);
  let best = 0;
  let power = (SILENCE * SAMPLES) ** 2 / 4;
  for (let bin = BIN_MIN; bin < BINS; bin += 1) {
    const found = powerOf(bin);
    if (found > power) [best, power] = [bin * STEP_HZ, found];
  }
  return best;
}

/** Goertzel's recurrence over the scratch frame: what a discrete Fourier transform has at this one frequency. */
function powerOf(bin: number): number {
  const factor = FACTORS[bin] ?? 0;
  let [last, beforeLast] = [0, 0];
  for (let n = 0; n < SAMPLES; n += 1) {
    const now = (SCRATCH[n] ?? 0) + factor * last - beforeLast;
    beforeLast = last;
    last = now;
  }
  return last * last + beforeLast * beforeLast - factor * last * beforeLast;
}
