/**
 * Runs one compiled test file in a process and a process group of its own.
 *
 * A file that has to stop gets SIGTERM first, itself only: spec.ts then fails the running test and runs its
 * clean-ups, which may need the processes of the group. What is still there after the grace is killed, all of it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { livingGroupMembers, signalGroup } from './process-group.js';
import type { PlannedFile } from './run-plan.js';
import type { FileEnd } from './run-verdict.js';
import { parseFileResult } from './test-result.js';

const STOP_GRACE_MS = 5_000;
/** Children that were told to end may take this long after their parent. */
const GROUP_GRACE_MS = 1_000;
const GROUP_POLL_MS = 50;
const OUTPUT_CHARACTERS_MAX = 400_000;

export interface RunFileOptions {
  readonly projectRoot: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Aborted with a sentence when the whole run has to stop. */
  readonly stop: AbortSignal;
  /** For tests of this module; default 5 s. */
  readonly stopGraceMs?: number;
}

interface Exit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** The end of a long output is what tells why. */
function outputText(path: string): string {
  const text = readFileSync(path, 'utf8');
  const cut = text.length - OUTPUT_CHARACTERS_MAX;
  return cut <= 0 ? text : `(${String(cut)} characters left out)\n${text.slice(cut)}`;
}

function exited(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
}

/** Stops `child` at its deadline or with the run. @returns what to call once it has ended: why it was stopped */
function guard(child: ChildProcess, timeoutMs: number, options: RunFileOptions): () => string | undefined {
  let reason: string | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (why: string): void => {
    if (reason !== undefined || child.pid === undefined) return;
    const groupId = child.pid;
    reason = why;
    child.kill('SIGTERM');
    killTimer = setTimeout(() => {
      signalGroup(groupId, 'SIGKILL');
    }, options.stopGraceMs ?? STOP_GRACE_MS);
  };
  const timer = setTimeout(() => {
    stop(`it did not end within ${String(timeoutMs / 1000)} s`);
  }, timeoutMs);
  const onStop = (): void => {
    stop(String(options.stop.reason));
  };
  options.stop.addEventListener('abort', onStop, { once: true });
  if (options.stop.aborted) onStop();
  return () => {
    clearTimeout(timer);
    clearTimeout(killTimer);
    options.stop.removeEventListener('abort', onStop);
    return reason;
  };
}

/** Ends what the file left in its group. @returns the command lines of what had to be killed */
async function emptyGroup(groupId: number): Promise<string[]> {
  const deadlineMs = performance.now() + GROUP_GRACE_MS;
  let members = livingGroupMembers(groupId);
  while (members.length > 0 && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, GROUP_POLL_MS));
    members = livingGroupMembers(groupId);
  }
  if (members.length > 0) signalGroup(groupId, 'SIGKILL');
  return members;
}

async function runIn(folder: string, file: PlannedFile, options: RunFileOptions): Promise<FileEnd> {
  const resultPath = join(folder, 'result.json');
  const outputPath = join(folder, 'output.txt');
  const output = openSync(outputPath, 'w');
  const startMs = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', join(options.projectRoot, file.compiled)], {
    cwd: options.projectRoot,
    env: { ...options.environment, WARDLINE_TEST_RESULT: resultPath },
    // A file, not a pipe: a pipe stays open as long as any grandchild lives.
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  const end = exited(child);
  const stopReason = guard(child, file.timeoutMs, options);
  const { exitCode, signal } = await end;
  const stopped = stopReason();
  const durationMs = performance.now() - startMs;
  const leftBehind = child.pid === undefined ? [] : await emptyGroup(child.pid);
  const result = existsSync(resultPath) ? parseFileResult(readFileSync(resultPath, 'utf8')) : undefined;
  return {
    name: file.name,
    durationMs,
    exitCode,
    signal,
    stopped,
    result,
    output: outputText(outputPath),
    leftBehind,
  };
}

function notCompiled(file: PlannedFile): FileEnd {
  const output = `${file.compiled} does not exist: compile first (npm run build)\n`;
  const nothing = { durationMs: 0, exitCode: null, signal: null, result: undefined, leftBehind: [] };
  return { ...nothing, name: file.name, stopped: 'it is not compiled', output };
}

export async function runFile(file: PlannedFile, options: RunFileOptions): Promise<FileEnd> {
  if (!existsSync(join(options.projectRoot, file.compiled))) return notCompiled(file);
  const folder = mkdtempSync(join(tmpdir(), 'wardline-test-'));
  try {
    return await runIn(folder, file, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
