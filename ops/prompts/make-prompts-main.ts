/**
 * Makes the demonstration prompts: `node dist/ops/prompts/make-prompts-main.js FOLDER`. A file that is there already is
 * left as it is, so that a recording in its place stays; one run more makes only what is missing.
 */
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { RealClock } from '../../cluster/base/clock.js';
import { describeErrorChain } from '../../cluster/base/errors.js';
import { runCommand } from '../../cluster/base/run-command.js';
import { holdMusic } from './melody.js';
import { allPrompts } from './prompt-catalogue.js';
import { writeWav } from './wav.js';

const clock = new RealClock();
/** espeak-ng's Mandarin, a little slower than it speaks by itself. */
const VOICES = { zh: ['cmn', '150'], en: ['en-gb', '150'] } as const;
const FOLDERS = { zh: 'zh-CN', en: 'en' } as const;
const AT_A_TIME = 4;
const DEADLINE_MS = 20_000;

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (file) => file.size > 0,
    () => false,
  );
}

/** espeak-ng writes 22 kHz; the telephone has 8. */
async function speak(language: keyof typeof VOICES, text: string, path: string): Promise<void> {
  const [voice, speed] = VOICES[language];
  const raw = `${path}.raw.wav`;
  await runCommand(['espeak-ng', '-v', voice, '-s', speed, '-w', raw, text], {
    clock,
    deadlineMs: DEADLINE_MS,
  });
  const made = `${path}.new.wav`;
  const words = [
    'sox',
    '-q',
    raw,
    '-r',
    '8000',
    '-c',
    '1',
    '-b',
    '16',
    made,
    'norm',
    '-6',
    'pad',
    '0',
    '0.2',
  ] as const;
  await runCommand([...words], { clock, deadlineMs: DEADLINE_MS });
  await rename(made, path);
  await runCommand(['rm', '-f', raw], { clock });
}

async function main(folder: string): Promise<void> {
  const jobs: (() => Promise<void>)[] = [];
  for (const language of ['zh', 'en'] as const) {
    await mkdir(`${folder}/${FOLDERS[language]}`, { recursive: true });
    for (const [id, text] of Object.entries(allPrompts())) {
      const path = `${folder}/${FOLDERS[language]}/${id}.wav`;
      if (!(await isThere(path))) jobs.push(() => speak(language, text[language], path));
    }
  }
  await mkdir(`${folder}/music`, { recursive: true });
  const music = `${folder}/music/hold.wav`;
  if (!(await isThere(music))) await writeFile(music, writeWav(holdMusic()));
  const work = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${describeErrorChain(error)}\n`);
  process.exit(1);
});
