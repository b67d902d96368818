/**
 * Samples into figures. Percentiles are nearest-rank: the p-th percentile of n sorted samples is number
 * ceil(p / 100 * n), counted from 1. So each figure is a value that was measured, never one between two of them;
 * with few samples p95 and p99 are the maximum (p95 below 20, p99 below 100), and the median of an even number
 * is the lower one of the two in the middle.
 */

export interface Figure {
  readonly unit: string;
  /** Number of samples. */
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Metric {
  /** "ms", "calls/s", ... */
  readonly unit: string;
  /** What is measured from when to when, as a sentence. */
  readonly help: string;
}

export type Metrics = Readonly<Record<string, Metric>>;

/**
 * @param sorted ascending, at least one
 * @param percent above 0, up to 100
 * @throws RangeError otherwise
 */
export function nearestRank(sorted: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`no percentile: ${String(percent)}`);
  // First multiplied, then divided: 0.95 * 20 is a little more than 19 in binary.
  const value = sorted[Math.ceil((percent * sorted.length) / 100) - 1];
  if (value === undefined) throw new RangeError('a percentile of no samples');
  return value;
}

/** @throws RangeError for no samples */
export function figureOf(unit: string, samples: readonly number[]): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (percent: number): number => Math.round(nearestRank(sorted, percent) * 1000) / 1000;
  const min = Math.round((sorted[0] ?? NaN) * 1000) / 1000;
  return { unit, n: sorted.length, min, median: at(50), p95: at(95), p99: at(99), max: at(100) };
}

/** The samples of one run, by metric. */
export class SampleBook {
  readonly #metrics: Metrics;
  readonly #samples = new Map<string, number[]>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    for (const name of Object.keys(metrics)) this.#samples.set(name, []);
  }

  /** @throws RangeError for a metric that is not declared, or a value that is no finite number */
  add(metric: string, value: number): void {
    const samples = this.#samples.get(metric);
    if (samples === undefined) throw new RangeError(`the metric "${metric}" is not declared`);
    if (!Number.isFinite(value)) throw new RangeError(`a sample of "${metric}" is ${String(value)}`);
    samples.push(value);
  }

  /** Declared metrics without a sample. */
  missing(): string[] {
    return [...this.#samples].filter(([, samples]) => samples.length === 0).map(([name]) => name);
  }

  /** Metrics with samples, in the order of their declaration. */
  figures(): Record<string, Figure> {
    return Object.fromEntries(
      [...this.#samples]
        .filter(([, samples]) => samples.length > 0)
        .map(([name, samples]) => [name, figureOf(this.#metrics[name]?.unit ?? '', samples)]),
    );
  }
}
