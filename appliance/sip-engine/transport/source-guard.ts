/**
 * What a source may cost before anything of it is read: a rate of messages, a number of connections, and a penalty
 * box. Memory is bounded whatever addresses an attacker writes into his datagrams.
 *
 * Who is forgotten is judged more mildly than before, never more harshly: a flood from many addresses cannot turn a
 * phone away.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import { isInClass, TOKEN } from '../message/sip-characters.js';
import { NetworkSet } from './network-set.js';
import type { RefusalReason, TransportLimits } from './transport-port.js';

export type GuardLimits = Pick<
  TransportLimits,
  | 'messagesPerSecond'
  | 'messageBurst'
  | 'trustedSources'
  | 'trackedSourcesMax'
  | 'penaltyPointsMax'
  | 'penaltyMs'
  | 'connectionsPerSourceMax'
>;

interface Level {
  value: number;
  atMs: number;
}

/** Shorter than any SIP message; "INVITE a:b SIP/2.0" and its line end already are 20 bytes. */
const DATAGRAM_BYTES_MIN = 20;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Every method and every `SIP/2.0` begins with a character of a token; empty lines before it are allowed (RFC 3261 7.5).
 * @returns undefined for what may be a message
 */
export function findDatagramFault(bytes: Buffer): 'keepAlive' | 'garbage' | undefined {
  let start = 0;
  while (bytes[start] === CR || bytes[start] === LF || bytes[start] === 0) start += 1;
  if (start === bytes.length) return 'keepAlive';
  return isInClass(bytes[start] ?? NaN, TOKEN) && bytes.length >= DATAGRAM_BYTES_MIN ? undefined : 'garbage';
}

/**
 * A map that forgets who has not been seen for long, in two generations: when the young one is full, the old one is
 * dropped. No order has to be kept, and nothing is ever searched.
 */
class RecentMap {
  readonly #youngMax: number;
  #young = new Map<string, Level>();
  #old = new Map<string, Level>();

  constructor(entriesMax: number) {
    this.#youngMax = Math.max(1, Math.floor(entriesMax / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  find(source: string): Level | undefined {
    return this.#young.get(source) ?? this.#old.get(source);
  }

  /** Makes it with `first`, and keeps it among the young. */
  touch(source: string, first: () => Level): Level {
    const known = this.#young.get(source);
    if (known !== undefined) return known;
    const level = this.#old.get(source) ?? first();
    this.#old.delete(source);
    if (this.#young.size >= this.#youngMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(source, level);
    return level;
  }
}

export class SourceGuard {
  readonly #clock: Clock;
  readonly #limits: GuardLimits;
  readonly #trusted: NetworkSet;
  /** Messages that each may still send; below zero: it has to be read later. */
  readonly #budgets: RecentMap;
  readonly #penalties: RecentMap;
  /** Of those that have some: bounded by the limit of all connections. */
  readonly #connections = new Map<string, number>();

  constructor(clock: Clock, limits: GuardLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#trusted = new NetworkSet(limits.trustedSources);
    this.#budgets = new RecentMap(limits.trackedSourcesMax);
    this.#penalties = new RecentMap(limits.trackedSourcesMax);
  }

  get trackedSources(): number {
    return this.#budgets.size + this.#penalties.size;
  }

  /** @returns undefined for a datagram to be read */
  refuseDatagram(source: string, bytes: Buffer): RefusalReason | undefined {
    const fault = findDatagramFault(bytes);
    if (fault !== undefined) return fault;
    if (this.#trusted.has(source)) return undefined;
    if (this.isPenalised(source)) return 'penalised';
    const budget = this.#refill(source);
    if (budget.value < 1) return 'tooFast';
    budget.value -= 1;
    return undefined;
  }

  /**
   * Of a stream nothing may be dropped, so its reader makes a pause instead.
   * @returns how long, in milliseconds; mostly 0
   */
  spendOnStream(source: string, messages: number): number {
    if (messages === 0 || this.#trusted.has(source)) return 0;
    const budget = this.#refill(source);
    budget.value -= messages;
    return budget.value >= 0 ? 0 : (-budget.value * 1000) / this.#limits.messagesPerSecond;
  }

  /** Counts it when it may be opened; then `connectionClosed` has to follow. */
  refuseConnection(source: string): RefusalReason | undefined {
    const isTrusted = this.#trusted.has(source);
    const open = this.#connections.get(source) ?? 0;
    if (!isTrusted && this.isPenalised(source)) return 'penalised';
    if (!isTrusted && open >= this.#limits.connectionsPerSourceMax) return 'tooManyOfSource';
    this.#connections.set(source, open + 1);
    return undefined;
  }

  connectionClosed(source: string): void {
    const open = this.#connections.get(source) ?? 0;
    if (open > 1) this.#connections.set(source, open - 1);
    else this.#connections.delete(source);
  }

  /**
   * For a failed authentication, for instance. It takes several: the source of a datagram can be forged, and nobody
   * shall silence a phone with a single one.
   */
  penalise(source: string, points = 1): void {
    if (this.#trusted.has(source)) return;
    const { penaltyPointsMax } = this.#limits;
    const penalty = this.#penalties.touch(source, () => ({ value: 0, atMs: this.#clock.monotonicMs() }));
    const value = this.#faded(penalty) + points;
    // Twice the threshold takes `penaltyMs` to fade to the threshold.
    penalty.value = value < penaltyPointsMax ? value : 2 * penaltyPointsMax;
    penalty.atMs = this.#clock.monotonicMs();
  }

  isPenalised(source: string): boolean {
    const penalty = this.#penalties.find(source);
    return penalty !== undefined && this.#faded(penalty) >= this.#limits.penaltyPointsMax;
  }

  /** What is left of the points. */
  #faded({ value, atMs }: Level): number {
    const { penaltyPointsMax, penaltyMs } = this.#limits;
    return Math.max(0, value - ((this.#clock.monotonicMs() - atMs) * penaltyPointsMax) / penaltyMs);
  }

  #refill(source: string): Level {
    const nowMs = this.#clock.monotonicMs();
    const { messageBurst, messagesPerSecond } = this.#limits;
    const budget = this.#budgets.touch(source, () => ({ value: messageBurst, atMs: nowMs }));
    const gained = ((nowMs - budget.atMs) * messagesPerSecond) / 1000;
    budget.value = Math.min(messageBurst, budget.value + gained);
    budget.atMs = nowMs;
    return budget;
  }
}
