/** The arguments of `npm run bench` and `npm run soak`. Pure. */
import { parseArgs } from 'node:util';

export interface BenchArguments {
  readonly kind: 'bench' | 'soak';
  /** Undefined lists what there is. */
  readonly name: string | undefined;
  readonly trials: number | undefined;
  readonly quick: boolean;
  readonly json: boolean;
}

export class BenchUsageError extends Error {}

export const BENCH_USAGE =
  'Usage: npm run bench -- <name> [--trials N] [--quick] [--json]   (soak: likewise)';

const OPTIONS = {
  soak: { type: 'boolean' },
  trials: { type: 'string' },
  quick: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new BenchUsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws BenchUsageError for anything that is not understood */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values, positionals } = parsed(args);
  if (positionals.length > 1) throw new BenchUsageError(`one name, not ${String(positionals.length)}`);
  if (values.trials !== undefined && !/^[1-9]\d{0,5}$/.test(values.trials)) {
    throw new BenchUsageError(`--trials needs a whole number from 1, not "${values.trials}"`);
  }
  return {
    kind: values.soak === true ? 'soak' : 'bench',
    name: positionals[0],
    trials: values.trials === undefined ? undefined : Number(values.trials),
    quick: values.quick === true,
    json: values.json === true,
  };
}
