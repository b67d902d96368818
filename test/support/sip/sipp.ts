/**
 * SIPp (Debian's sip-tester) with a scenario that a test brings as text: an independent SIP stack, and the load
 * generator of the benches. Every run ends by itself or at a deadline.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scaledMs } from '../slowness.js';
import type { SipPort } from './engine-process.js';
import { LineProcess } from './line-process.js';

export interface SippOptions {
  /** XML. */
  readonly scenario: string;
  /** Absent for a scenario that waits for calls. */
  readonly target?: SipPort;
  readonly address?: string;
  readonly port?: number;
  readonly calls?: number;
  readonly callsPerSecond?: number;
  /** The user part of the request-URI, `[service]` of a scenario. */
  readonly service?: string;
  readonly callsAtOnceMax?: number;
  readonly extra?: readonly string[];
  readonly namespace?: string;
  /** Default 30 s. */
  readonly deadlineMs?: number;
}

export interface SippReport {
  /** 0: every call went as the scenario says. */
  readonly exit: string;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Of the scenario's response time 1, in whole ms. */
  readonly responseMs: readonly number[];
  /** What it complained of. */
  readonly errors: string;
}

const ERRORS_SHOWN_MAX = 3_000;

/** The last line of -trace_stat by the names of the first. Pure. */
export function parseSippStatistics(text: string): ReadonlyMap<string, string> {
  const lines = text.trim().split('\n');
  const values = (lines.at(-1) ?? '').split(';');
  return new Map((lines[0] ?? '').split(';').map((name, index) => [name, values[index] ?? '']));
}

/** The lines of -trace_rtt: date, ms, number of the response time. Pure. */
export function parseSippTimes(text: string): number[] {
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(';')[1]));
}

function findFile(folder: string, ending: RegExp): string {
  const name = readdirSync(folder).find((file) => ending.test(file));
  return name === undefined ? '' : readFileSync(join(folder, name), 'utf8');
}

function wordsOf(options: SippOptions, scenario: string): string[] {
  const { target, address = '127.0.0.1' } = options;
  return [
    ...(target === undefined ? [] : [`${target.address}:${String(target.port)}`]),
    ...['-sf', scenario, '-i', address, '-nostdin', '-nd'],
    ...['-trace_stat', '-fd', '1', '-trace_rtt', '-rtt_freq', '1', '-trace_err'],
    ...(options.port === undefined ? [] : ['-p', String(options.port)]),
    ...(options.calls === undefined ? [] : ['-m', String(options.calls)]),
    ...(options.callsPerSecond === undefined ? [] : ['-r', String(options.callsPerSecond)]),
    ...(options.callsAtOnceMax === undefined ? [] : ['-l', String(options.callsAtOnceMax)]),
    ...(options.service === undefined ? [] : ['-s', options.service]),
    ...(options.extra ?? []),
  ];
}

export class Sipp {
  readonly #folder: string;
  readonly #process: LineProcess;
  readonly #deadlineMs: number;

  constructor(options: SippOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sipp-'));
    this.#deadlineMs = options.deadlineMs ?? 30_000;
    const scenario = join(this.#folder, 'scenario.xml');
    writeFileSync(scenario, options.scenario);
    this.#process = new LineProcess({
      command: ['sipp', ...wordsOf(options, scenario)],
      cwd: this.#folder,
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Waits until all calls are over, at most until the deadline. */
  async report(): Promise<SippReport> {
    const timer = setTimeout(() => this.#process.signal('SIGKILL'), scaledMs(this.#deadlineMs));
    const exit = await this.#process.ended();
    clearTimeout(timer);
    return this.#read(exit);
  }

  /** Ends a scenario that waits for calls (SIGUSR1: no new calls, then the end). */
  async stop(): Promise<SippReport> {
    this.#process.signal('SIGUSR1');
    const timer = setTimeout(() => this.#process.signal('SIGKILL'), scaledMs(2_000));
    const exit = await this.#process.ended();
    clearTimeout(timer);
    return this.#read(exit);
  }

  #read(exit: string): SippReport {
    const statistics = parseSippStatistics(findFile(this.#folder, /_\d+_\.csv$/));
    const times = parseSippTimes(findFile(this.#folder, /_rtt\.csv$/));
    const errors = findFile(this.#folder, /_errors\.log$/).slice(0, ERRORS_SHOWN_MAX);
    rmSync(this.#folder, { recursive: true, force: true });
    return {
      exit,
      successful: Number(statistics.get('SuccessfulCall(C)') ?? 0),
      failed: Number(statistics.get('FailedCall(C)') ?? 0),
      retransmissions: Number(statistics.get('Retransmissions(C)') ?? 0),
      responseMs: times,
      errors: errors === '' ? this.#process.errors.slice(-ERRORS_SHOWN_MAX) : errors,
    };
  }
}
