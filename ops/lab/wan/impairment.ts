/**
 * What a WAN link does to a packet. Pure: the shuttle asks, then acts.
 *
 * Order is kept (a packet never overtakes the one before it): leased lines and tunnels jitter without
 * reordering, and a link that reorders would test TCP more than the product.
 */
import type { Rng } from '../../../cluster/base/rng.js';

/** One link, both directions alike. */
export interface Impairment {
  /** One-way delay in ms; a round trip takes twice this. */
  readonly delayMs: number;
  /** Added to the delay, uniformly between 0 and this. */
  readonly jitterMs: number;
  /** Packets lost, in percent, each for itself. */
  readonly lossPercent: number;
  /** Nothing passes. */
  readonly cut: boolean;
}

/** 30 ms there and back, as between two cities some hundred kilometres apart. */
export const DEFAULT_IMPAIRMENT: Impairment = { delayMs: 15, jitterMs: 0, lossPercent: 0, cut: false };

/** @returns when the packet leaves (same clock as nowMs), or undefined when it is lost */
export function decideDeparture(
  link: Impairment,
  lastDepartureMs: number,
  nowMs: number,
  rng: Rng,
): number | undefined {
  if (link.cut) return undefined;
  if (link.lossPercent > 0 && rng.fraction() * 100 < link.lossPercent) return undefined;
  const jitterMs = link.jitterMs > 0 ? rng.fraction() * link.jitterMs : 0;
  return Math.max(nowMs + link.delayMs + jitterMs, lastDepartureMs);
}

const LIMITS = { delayMs: 5000, jitterMs: 5000, lossPercent: 100 } as const;

/** @returns the new impairment, or the sentence that says which field is wrong */
export function mergeImpairment(
  current: Impairment,
  change: Readonly<Record<string, unknown>>,
): Impairment | string {
  const merged = { ...current };
  for (const field of ['delayMs', 'jitterMs', 'lossPercent'] as const) {
    const value = change[field];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= 0 && value <= LIMITS[field])) {
      return `${field} must be a number from 0 to ${String(LIMITS[field])}`;
    }
    merged[field] = value;
  }
  const { cut } = change;
  if (cut !== undefined && typeof cut !== 'boolean') return 'cut must be true or false';
  return cut === undefined ? merged : { ...merged, cut };
}
