/** Who calls the demonstration hospital, when, and what for. Pure; the same randomness gives the same day. */
import type { Rng } from '../../../cluster/base/rng.js';

export interface TrafficSettings {
  /** Mean; they arrive by chance (Poisson), an emergency besides once a minute. */
  readonly callsPerMinute: number;
  readonly talkMsMean: number;
  readonly nodes: readonly string[];
}

export interface PlannedCall {
  readonly afterMs: number;
  readonly node: string;
  readonly dialled: string;
  /** Of whoever calls; no two calls have the same. */
  readonly number: string;
  readonly isEmergency: boolean;
  readonly talkMs: number;
  /** Who has waited so long hangs up. */
  readonly patienceMs: number;
  /** The call-taker sends it on to a colleague. */
  readonly isTransferred: boolean;
}

/** The numbers of defaults/example-routing.ts that have people behind them at any hour, with their share. */
const NUMBERS: readonly (readonly [number: string, share: number])[] = [
  ['01065129000', 0.7],
  ['01065129114', 0.3],
];
const EMERGENCY = '01065129120';
const EMERGENCY_EVERY_MS = 60_000;
const TRANSFER_SHARE = 0.15;
const PATIENCE_MS = 90_000;
const TALK_MS_MIN = 4000;

/** Exponentially distributed: what is left to wait does not depend on how long one has waited. */
export function exponential(rng: Rng, mean: number): number {
  return -mean * Math.log(1 - rng.fraction());
}

function pickNumber(rng: Rng): string {
  let rest = rng.fraction();
  for (const [number, share] of NUMBERS) {
    if (rest < share) return number;
    rest -= share;
  }
  return NUMBERS[0]?.[0] ?? '';
}

/** @param made calls planned before */
export function planOrdinaryCall(settings: TrafficSettings, rng: Rng, made: number): PlannedCall {
  return {
    ...someone(settings, rng, made),
    afterMs: exponential(rng, 60_000 / settings.callsPerMinute),
    dialled: pickNumber(rng),
    isEmergency: false,
    isTransferred: rng.fraction() < TRANSFER_SHARE,
  };
}

export function planEmergency(settings: TrafficSettings, rng: Rng, made: number): PlannedCall {
  return {
    ...someone(settings, rng, made),
    afterMs: EMERGENCY_EVERY_MS,
    dialled: EMERGENCY,
    isEmergency: true,
    isTransferred: false,
  };
}

function someone({ nodes, talkMsMean }: TrafficSettings, rng: Rng, made: number) {
  return {
    node: rng.pick(nodes),
    number: `139${String(made % 100_000_000).padStart(8, '0')}`,
    talkMs: TALK_MS_MIN + exponential(rng, talkMsMean),
    patienceMs: PATIENCE_MS,
  };
}
