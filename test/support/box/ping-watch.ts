/** Pings an address of the box every 5 ms and knows afterwards when it was silent, and who answered. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { getSpace } from '../../../ops/lab/box-plan.js';
import type { Box } from '../../../ops/lab/box.js';
import { diesWithParent, inNamespace } from '../../../ops/lab/shell.js';

export interface PingReport {
  /** Wall clock of each reply, in ms. */
  readonly repliesMs: readonly number[];
  /** Lines that ping marked as a second answer to one question. */
  readonly duplicates: number;
}

/** Reads `[1700000000.123456] 64 bytes from ...` lines, as `ping -D` prints them. Pure. */
export function parsePing(text: string): PingReport {
  const replies = [...text.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from .*$/gm)];
  return {
    repliesMs: replies.map((match) => Number(match[1]) * 1000),
    duplicates: replies.filter((match) => match[0].includes('DUP!')).length,
  };
}

/**
 * Longest time between two replies that follow each other, counting only silences that begin between the two times.
 * @throws RangeError when nothing was answered at all, or nothing after the silence began
 */
export function longestSilenceMs(report: PingReport, fromMs: number, toMs: number): number {
  const { repliesMs } = report;
  const last = repliesMs.at(-1);
  if (last === undefined || last < fromMs)
    throw new RangeError('no reply after the moment that is looked at');
  const gaps = repliesMs
    .slice(1)
    .map((atMs, index) => ({ fromMs: repliesMs[index] ?? 0, lengthMs: atMs - (repliesMs[index] ?? 0) }));
  return Math.max(
    0,
    ...gaps
      .filter((gap) => gap.fromMs + gap.lengthMs >= fromMs && gap.fromMs <= toMs)
      .map((gap) => gap.lengthMs),
  );
}

export class PingWatch {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #text = '';

  constructor(box: Box, address: string) {
    const { namespace } = getSpace(box.plan, 'phones');
    const [program, ...args] = diesWithParent(inNamespace(namespace, ['ping', '-D', '-i', '0.005', address]));
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#ended = once(this.#child, 'close');
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.#text += chunk));
  }

  /** Idempotent. */
  async stop(): Promise<PingReport> {
    this.#child.kill('SIGINT');
    await this.#ended;
    return parsePing(this.#text);
  }
}
