/**
 * Waiting in tests: level-triggered (looks at the state, never counts on an event that might be missed), with a
 * deadline, and with a message that says what was last seen instead of "timed out".
 */
import { inspect } from 'node:util';
import { countAssertion } from './assert.js';
import { scaledMs } from './slowness.js';

export interface WaitOptions {
  /** Default 5 s; multiplied by WARDLINE_TEST_SLOWNESS. */
  readonly deadlineMs?: number;
  /** Between two looks; default 20 ms. */
  readonly intervalMs?: number;
  /** Ends the wait early; give `t.signal`. */
  readonly signal?: AbortSignal;
}

/** What a probe saw, as the message shall tell it, when that is more than the value it returned. */
export class NotYet {
  readonly seen: unknown;
  constructor(seen: unknown) {
    this.seen = seen;
  }
}

/** Tells the wait that it is not over, and what was seen: `return notYet(status)`. */
export function notYet(seen: unknown): NotYet {
  return new NotYet(seen);
}

type Falsy = false | null | undefined | 0 | '';
type Arrived<T> = Exclude<T, Falsy | NotYet>;
type Look<T> = { readonly arrived: Arrived<T> } | Seen;

const SEEN_CHARACTERS_MAX = 2_000;

function shown(value: unknown): string {
  const text = value instanceof Error ? `the error "${value.message}"` : inspect(value, { depth: 4 });
  return text.length <= SEEN_CHARACTERS_MAX ? text : `${text.slice(0, SEEN_CHARACTERS_MAX)}...`;
}

function judged<T>(value: T): Look<T> {
  if (value instanceof NotYet) return { seen: shown(value.seen) };
  if (!value) return { seen: shown(value) };
  return { arrived: value as Arrived<T> };
}

/** Never rejects. @returns undefined when the time was over before the probe returned */
async function look<T>(
  probe: (signal: AbortSignal) => T | Promise<T>,
  signal: AbortSignal,
  over: Promise<undefined>,
): Promise<Look<T> | undefined> {
  const attempt = Promise.resolve()
    .then(() => probe(signal))
    .then(judged, (error: unknown): Look<T> => ({ seen: shown(error), cause: error }));
  return Promise.race([attempt, over]);
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(undefined);
    });
    if (signal.aborted) resolve(undefined);
  });
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

interface Seen {
  readonly seen: string;
  readonly cause?: unknown;
}

function tooLate(sentence: string, why: string, looks: number, last: Seen): Error {
  const times = looks === 1 ? '1 look' : `${String(looks)} looks`;
  const message = `waited for: ${sentence}; ${why} (${times}); last seen: ${last.seen}`;
  return new Error(message, last.cause === undefined ? undefined : { cause: last.cause });
}

/**
 * Looks again and again until the probe returns something true.
 * @param sentence what is waited for: "node b owns the address of node a"
 * @param probe may throw while things are not ready; falsy, `notYet(seen)` and errors mean "not yet"
 * @returns what the probe returned
 * @throws Error with the sentence and what was last seen, at the deadline or when `signal` is aborted
 */
export async function waitFor<T>(
  sentence: string,
  probe: (signal: AbortSignal) => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Arrived<T>> {
  countAssertion();
  const deadlineMs = scaledMs(options.deadlineMs ?? 5_000);
  const over = new AbortController();
  const timer = setTimeout(() => {
    over.abort();
  }, deadlineMs);
  const signal = AbortSignal.any([over.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const whenOver = whenAborted(signal);
  let last: Seen = { seen: 'nothing' };
  try {
    for (let looks = 1; ; looks += 1) {
      const seen = await look(probe, signal, whenOver);
      if (seen !== undefined && 'arrived' in seen) return seen.arrived;
      last = seen ?? { ...last, seen: `${last.seen}, and then the probe did not return` };
      await pause(options.intervalMs ?? 20, signal);
      if (signal.aborted) {
        const why = over.signal.aborted
          ? `it did not happen within ${String(deadlineMs)} ms`
          : 'it was stopped';
        throw tooLate(sentence, why, looks, last);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
