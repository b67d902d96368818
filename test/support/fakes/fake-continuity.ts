/** Two partners' records in memory, under the same contract as Redis (test/contract/continuity.test.ts). */
import type {
  ContinuityPort,
  ContinuityState,
  HeldOutcome,
  StoredRecord,
} from '../../../appliance/sip-engine/continuity/continuity-port.js';
import type { Clock } from '../../../cluster/base/clock.js';
import { clusterErrors } from '../../../cluster/errors.js';

export class FakeContinuity implements ContinuityPort {
  readonly #clock: Clock;
  readonly #own = new Map<string, Map<string, string>>();
  #partner: FakeContinuity | undefined;
  #state: ContinuityState = 'paired';
  #delayMs = 0;
  #isPartnerUnreadable = false;
  readonly #resetListeners: (() => void)[] = [];
  readonly #stateListeners: ((state: ContinuityState) => void)[] = [];
  /** Every change in its order, for tests that look at it: `put a1 dialog-7`. */
  readonly changes: string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Each reads what the other puts. */
  static pair(clock: Clock): readonly [FakeContinuity, FakeContinuity] {
    const pair = [new FakeContinuity(clock), new FakeContinuity(clock)] as const;
    pair[0].#partner = pair[1];
    pair[1].#partner = pair[0];
    return pair;
  }

  put(addressId: string, key: string, record: string): void {
    this.changes.push(`put ${addressId} ${key}`);
    if (this.#state !== 'away') this.#recordsOf(addressId).set(key, record);
  }

  remove(addressId: string, key: string): void {
    this.changes.push(`remove ${addressId} ${key}`);
    if (this.#state !== 'away') this.#recordsOf(addressId).delete(key);
  }

  async whenHeld(deadlineMs: number): Promise<HeldOutcome> {
    if (this.#state !== 'paired') return 'alone';
    await this.#clock.sleep(Math.min(this.#delayMs, deadlineMs));
    return this.#delayMs > deadlineMs ? 'alone' : 'ack';
  }

  async readPartner(addressId: string): Promise<readonly StoredRecord[]> {
    if (this.#isPartnerUnreadable) throw away();
    return this.#partner?.readAll(addressId) ?? [];
  }

  async readOwn(addressId: string): Promise<readonly StoredRecord[]> {
    if (this.#state === 'away') throw away();
    return this.readAll(addressId);
  }

  onReset(listener: () => void): void {
    this.#resetListeners.push(listener);
  }

  state(): ContinuityState {
    return this.#state;
  }

  onState(listener: (state: ContinuityState) => void): void {
    this.#stateListeners.push(listener);
  }

  /** How long the partner takes to acknowledge. */
  setDelayMs(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** `away`: what is put is lost, as in a Redis that was away for too long. */
  setState(state: ContinuityState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }

  setPartnerUnreadable(isUnreadable: boolean): void {
    this.#isPartnerUnreadable = isUnreadable;
  }

  /** The store comes back empty, and everything is put again. */
  restartEmpty(): void {
    this.setState('paired');
    this.#own.clear();
    for (const listener of this.#resetListeners) listener();
  }

  /** What this node's store holds, also while it cannot be asked. */
  readAll(addressId: string): readonly StoredRecord[] {
    return [...this.#recordsOf(addressId)].map(([key, record]) => ({ key, record }));
  }

  #recordsOf(addressId: string): Map<string, string> {
    const records = this.#own.get(addressId) ?? new Map<string, string>();
    this.#own.set(addressId, records);
    return records;
  }
}

function away(): Error {
  return clusterErrors.LIVE_STATE_AWAY({ host: 'fake', port: 0, what: 'answer', deadlineMs: 0 });
}
