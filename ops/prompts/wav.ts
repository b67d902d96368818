/** WAV files as the relay plays them: PCM, 16 bit, one channel, 8 kHz. Pure. */
import { opsErrors } from '../errors.js';

export const WAV_RATE = 8000;
const SECONDS_MAX = 120;

export function writeWav(samples: Int16Array): Buffer {
  const data = Buffer.alloc(44 + samples.length * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + samples.length * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(WAV_RATE, 24);
  data.writeUInt32LE(WAV_RATE * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((value, index) => data.writeInt16LE(value, 44 + index * 2));
  return data;
}

function refuse(problem: string, fix: string): Error {
  return opsErrors.PROMPT_BAD_WAV({ problem, fix });
}

const CONVERT = 'Convert it, for instance with: sox in.wav -r 8000 -c 1 -b 16 out.wav';

/** @throws PROMPT_BAD_WAV for what callers would hear nothing of, or only noise */
export function checkWav(file: Buffer): { readonly seconds: number } {
  if (
    file.length < 44 ||
    file.toString('latin1', 0, 4) !== 'RIFF' ||
    file.toString('latin1', 8, 12) !== 'WAVE'
  )
    throw refuse('it is no WAV file', CONVERT);
  let format: Buffer | undefined;
  let bytes = 0;
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    if (name === 'fmt ') format = file.subarray(at + 8, at + 8 + length);
    if (name === 'data') bytes = Math.min(length, file.length - at - 8);
    at += 8 + length + (length % 2);
  }
  if (format === undefined || format.length < 16) throw refuse('it does not say how it is coded', CONVERT);
  const [coding, channels, bits] = [format.readUInt16LE(0), format.readUInt16LE(2), format.readUInt16LE(14)];
  const rate = format.readUInt32LE(4);
  if (coding !== 1 || bits !== 16)
    throw refuse(`it is coded with ${String(bits)} bits of kind ${String(coding)}`, CONVERT);
  if (channels !== 1) throw refuse(`it has ${String(channels)} channels`, CONVERT);
  if (rate !== WAV_RATE) throw refuse(`it has ${String(rate)} samples a second`, CONVERT);
  const seconds = bytes / 2 / WAV_RATE;
  if (seconds === 0 || seconds > SECONDS_MAX)
    throw refuse(
      `it lasts ${seconds.toFixed(1)} s`,
      `Give a recording of at most ${String(SECONDS_MAX)} s that is not empty.`,
    );
  return { seconds };
}
