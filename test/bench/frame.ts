/**
 * What every bench and every soak has in common: trials, samples, a deadline that ends it in good order, a report.
 *
 * A bench is a module `test/bench/<name>.bench.ts` (a soak: `test/soak/<name>.soak.ts`) that exports `name`,
 * `metrics` and `run`, and may export `trials` and `deadlineMs`. It measures, the frame judges only whether there
 * is something to report; the bars are in the documents. A soak that sees a bar broken throws.
 */
import { SampleBook, type Figure, type Metrics } from './figures.js';

export interface BenchContext {
  readonly trials: number;
  readonly quick: boolean;
  /** @throws RangeError for an undeclared metric or a value that is no finite number */
  readonly add: (metric: string, value: number) => void;
  /** Progress, for whoever watches. */
  readonly say: (line: string) => void;
  /** Aborted when the time is up or somebody stops the bench: finish the trial, clean up, return. */
  readonly signal: AbortSignal;
  /** Milliseconds until `signal` is aborted by the deadline; begin no trial that takes longer. */
  readonly remainingMs: () => number;
}

export interface Bench {
  readonly name: string;
  readonly metrics: Metrics;
  /** How many trials without --trials; default 20, and 5 with --quick. */
  readonly trials?: { readonly full: number; readonly quick: number };
  /** For the whole run without --quick; default 30 minutes, for a soak 2 hours. */
  readonly deadlineMs?: number;
  readonly run: (context: BenchContext) => Promise<void>;
}

/** The promise of --quick, clean-up and report included. */
export const QUICK_MS = 240_000;
const DEADLINE_MS = { bench: 30 * 60_000, soak: 2 * 60 * 60_000 };
/** Between the abort and giving up on a bench that does not return. */
const CLEAN_UP_MS = 20_000;
const DEFAULT_TRIALS = { full: 20, quick: 5 };

export interface BenchPlan {
  readonly trials: number;
  readonly quick: boolean;
  /** From the start of the process to the abort, and to giving up. */
  readonly abortAtMs: number;
  readonly giveUpAtMs: number;
}

export interface BenchRequest {
  readonly kind: 'bench' | 'soak';
  readonly trials: number | undefined;
  readonly quick: boolean;
}

/** How long and how often. Pure. */
export function planBench(bench: Bench, request: BenchRequest): BenchPlan {
  const { full, quick } = bench.trials ?? DEFAULT_TRIALS;
  const totalMs = request.quick ? QUICK_MS - 2_000 : (bench.deadlineMs ?? DEADLINE_MS[request.kind]);
  return {
    trials: request.trials ?? (request.quick ? quick : full),
    quick: request.quick,
    abortAtMs: totalMs - CLEAN_UP_MS,
    giveUpAtMs: totalMs,
  };
}

export interface BenchEnd {
  readonly figures: Readonly<Record<string, Figure>>;
  /** Why the figures are not to be believed; empty when they are. */
  readonly problems: readonly string[];
}

/** What surrounds a run; all times count from the same moment. */
export interface BenchSurroundings {
  readonly nowMs: () => number;
  readonly say: (line: string) => void;
  /** Somebody stops the run. */
  readonly stop: AbortSignal;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Aborts `signal` when the time is up or the run is stopped; rejects `gaveUp` when that did not help. */
class Deadline {
  readonly signal: AbortSignal;
  readonly gaveUp: Promise<never>;
  readonly #abortTimer: NodeJS.Timeout;
  #giveUpTimer: NodeJS.Timeout;
  readonly #timeUp = new AbortController();

  constructor(plan: BenchPlan, { nowMs, stop }: BenchSurroundings) {
    this.signal = AbortSignal.any([this.#timeUp.signal, stop]);
    this.#abortTimer = setTimeout(() => {
      this.#timeUp.abort(new Error('the time of the bench is up'));
    }, plan.abortAtMs - nowMs());
    let giveUp = (): void => undefined;
    this.gaveUp = new Promise((_, reject) => {
      giveUp = () => {
        reject(new Error('the bench did not return after its time was up'));
      };
    });
    this.gaveUp.catch(() => undefined);
    this.#giveUpTimer = setTimeout(giveUp, plan.giveUpAtMs - nowMs());
    stop.addEventListener('abort', () => {
      clearTimeout(this.#giveUpTimer);
      this.#giveUpTimer = setTimeout(giveUp, plan.giveUpAtMs - plan.abortAtMs);
    });
  }

  get isTimeUp(): boolean {
    return this.#timeUp.signal.aborted;
  }

  cancel(): void {
    clearTimeout(this.#abortTimer);
    clearTimeout(this.#giveUpTimer);
  }
}

/** @returns why the run failed; an error that is only the abort coming back is no failure */
async function problemsOfRun(bench: Bench, context: BenchContext, deadline: Deadline): Promise<string[]> {
  try {
    await Promise.race([bench.run(context), deadline.gaveUp]);
    return [];
  } catch (error) {
    const isAbort = deadline.signal.aborted && error === deadline.signal.reason;
    return isAbort ? [] : [messageOf(error)];
  }
}

/** Runs one bench; never throws. */
export async function runBench(
  bench: Bench,
  plan: BenchPlan,
  surroundings: BenchSurroundings,
): Promise<BenchEnd> {
  const { nowMs, say, stop } = surroundings;
  const book = new SampleBook(bench.metrics);
  const deadline = new Deadline(plan, surroundings);
  const context: BenchContext = {
    trials: plan.trials,
    quick: plan.quick,
    add: (metric, value) => {
      book.add(metric, value);
    },
    say,
    signal: deadline.signal,
    remainingMs: () => Math.max(0, plan.abortAtMs - nowMs()),
  };
  if (plan.quick)
    say(`quick: ${String(plan.trials)} trials, ends within ${String(QUICK_MS / 1000)} s; rough figures`);
  const problems = await problemsOfRun(bench, context, deadline);
  deadline.cancel();
  if (deadline.isTimeUp) say('its time was up: the figures are of fewer trials');
  if (stop.aborted) problems.push('it was stopped');
  problems.push(...book.missing().map((metric) => `no sample for the declared metric "${metric}"`));
  return { figures: book.figures(), problems };
}
