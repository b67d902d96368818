/** The hold music: a slow tune of our own, whose end meets its beginning. Pure; 8 kHz, 16 bit. */

export const RATE = 8000;
const BEAT_SAMPLES = RATE * 0.48;

/** Semitones from A4, one for a beat; of a pentatonic scale, so that nothing clashes. */
const TUNE = [
  -9, -5, -2, 0, -2, -5, -7, -9, -9, -7, -5, -2, 3, 0, -2, -5, -9, -5, -2, 0, 3, 0, -2, 0, -5, -7, -9, -7, -5,
  -7, -9, -9,
];
const BASS = [-21, -21, -26, -26, -24, -24, -21, -21];

function frequency(semitones: number): number {
  return 440 * 2 ** (semitones / 12);
}

/** A plucked string: rises at once, dies away within the note, and is silent where the next one begins. */
function pluck(samples: Float64Array, start: number, length: number, hz: number, level: number): void {
  for (let n = 0; n < length; n += 1) {
    const rise = Math.min(1, n / 80);
    const fall = Math.exp((-3.5 * n) / length) * Math.min(1, (length - n) / 80);
    const phase = (2 * Math.PI * hz * n) / RATE;
    const wave = Math.sin(phase) + 0.35 * Math.sin(2 * phase) + 0.12 * Math.sin(3 * phase);
    samples[start + n] = (samples[start + n] ?? 0) + level * rise * fall * wave;
  }
}

export function holdMusic(): Int16Array {
  const samples = new Float64Array(Math.round(BEAT_SAMPLES) * TUNE.length);
  const beat = Math.round(BEAT_SAMPLES);
  TUNE.forEach((note, index) => {
    pluck(samples, index * beat, beat, frequency(note), 5200);
  });
  BASS.forEach((note, index) => {
    pluck(samples, index * 4 * beat, 4 * beat, frequency(note + 12), 3200);
  });
  return Int16Array.from(samples, (value) => Math.max(-32_000, Math.min(32_000, Math.round(value))));
}
