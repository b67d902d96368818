/**
 * Runs drachtio-srf's own integration suite against our SIP engine. One testbed has two engines and all answering
 * sipp processes of the suite.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diesWithParent } from '../../../ops/lab/shell.js';
import { projectRoot } from '../project-files.js';
import type { TestContext } from '../spec.js';
import { notYet, waitFor } from '../wait.js';
import { makeSuiteFolder } from './suite-folder.js';
import { parseTap, type TapReport } from './tap-report.js';

const TESTBED_MAIN = fileURLToPath(new URL('./testbed-main.js', import.meta.url));
const STAND_INS = new URL('./stand-ins-main.js', import.meta.url).href;
const ENGINE_MAIN = join(projectRoot, 'dist/appliance/sip-engine/main.js');
/** After a failed assertion a file of the suite waits for its own time limit, up to three minutes. */
const AFTER_FAILURE_MS = 3_000;
/** After its plan a file has closed everything and ends by itself. */
const AFTER_PLAN_MS = 10_000;
const LOG_CHARACTERS_SHOWN = 4_000;

export interface SuiteFileResult extends TapReport {
  /** Undefined when it had to be killed. */
  readonly exitCode: number | undefined;
  readonly output: string;
  /** What the engines, and each sipp about messages it did not expect, wrote meanwhile. */
  readonly logs: string;
}

function captured(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  return () => output;
}

/** Kills `child` some time after its output says that nothing more can come. */
function guard(child: ChildProcess, output: () => string, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => void child.kill('SIGKILL');
  const look = (): void => {
    const { failures, isComplete } = parseTap(output());
    if (timer === undefined && (isComplete || failures.length > 0))
      timer = setTimeout(kill, isComplete ? AFTER_PLAN_MS : AFTER_FAILURE_MS);
  };
  child.stdout?.on('data', look);
  signal.addEventListener('abort', kill, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  };
}

export class Testbed {
  readonly #pid: number;
  readonly #folder: string;

  constructor(pid: number, folder: string) {
    this.#pid = pid;
    this.#folder = folder;
  }

  /** @param name of a file in the suite's folder, without its ending */
  async runFile(name: string, signal: AbortSignal): Promise<SuiteFileResult> {
    const [program, ...args] = diesWithParent([
      ...['nsenter', '--net', '--target', String(this.#pid)],
      ...[process.execPath, '--import', STAND_INS, join(this.#folder, 'test', `${name}.js`)],
    ]);
    const before = await this.#readLogs();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = captured(child);
    const release = guard(child, output, signal);
    const [exitCode] = (await once(child, 'close')) as [number | null];
    release();
    const written = [...(await this.#readLogs())].map(([file, text]) => {
      const news = text.slice(before.get(file)?.length ?? 0).slice(-LOG_CHARACTERS_SHOWN);
      return news === '' ? '' : `${file}:\n${news}\n`;
    });
    const report = parseTap(output());
    return { ...report, exitCode: exitCode ?? undefined, output: output(), logs: written.join('') };
  }

  async #readLogs(): Promise<ReadonlyMap<string, string>> {
    const folder = join(this.#folder, 'logs');
    const files = await readdir(folder);
    const texts = files.map(async (file): Promise<[string, string]> => {
      return [file, await readFile(join(folder, file), 'utf8')];
    });
    return new Map(await Promise.all(texts));
  }
}

/** Ends with the test or with all tests of a spec, whose context `t` is. */
export async function startTestbed(t: TestContext): Promise<Testbed> {
  const folder = await makeSuiteFolder();
  t.defer(() => rm(folder, { recursive: true }));
  const namespaces = ['unshare', '--net', '--mount'];
  const [program, ...args] = diesWithParent([
    ...namespaces,
    ...[process.execPath, '--enable-source-maps', TESTBED_MAIN, folder, ENGINE_MAIN],
  ]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = captured(child);
  const ended = once(child, 'exit');
  t.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await waitFor(
    'the testbed is ready',
    () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${output()}`);
      return output().includes('testbed ready\n') || notYet(output());
    },
    { deadlineMs: 20_000, signal: t.signal },
  );
  return new Testbed(child.pid ?? 0, folder);
}
