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
  /** Questions without an answer, as ping counted them at its end; NaN when it was not stopped in order. */
  readonly lost: number;
}

/** Reads `[1700000000.123456] 64 bytes from ...` lines, as `ping -D` prints them. Pure. */
export function parsePing(text: string): PingReport {
  const replies = [...text.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from .*$/gm)];
  const [, sent, received] = /^(\d+) packets transmitted, (\d+) received/m.exec(text) ?? [];
  return {
    lost: Number(sent) - Number(received),
    repliesMs: replies.map((match) => Number(match[1]) * 1000),
    duplicates: replies.filter((match) => match[0].includes('DUP!')).length,
  };
}

/**
 * Longest time without a reply that overlaps the span, the time from the last reply to the span's end included.
 * @param toMs the watch ran until then at least; Infinity: until the last reply
 * @throws RangeError when nothing was answered after the span began
 */
export function longestSilenceMs({ repliesMs }: PingReport, fromMs: number, toMs: number): number {
  const last = repliesMs.at(-1);
  if (last === undefined || last < fromMs)
    throw new RangeError('no reply after the moment that is looked at');
  const moments = Number.isFinite(toMs) && last < toMs ? [...repliesMs, toMs] : repliesMs;
  const gaps = moments.slice(1).map((endMs, index) => ({ startMs: moments[index] ?? 0, endMs }));
  const within = gaps.filter(({ startMs, endMs }) => endMs >= fromMs && startMs <= toMs);
  return Math.max(0, ...within.map(({ startMs, endMs }) => endMs - startMs));
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

  get replies(): number {
    return parsePing(this.#text).repliesMs.length;
  }

  /** Idempotent. */
  async stop(): Promise<PingReport> {
    this.#child.kill('SIGINT');
    await this.#ended;
    return parsePing(this.#text);
  }
}
