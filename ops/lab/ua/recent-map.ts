/** A map that forgets what is old: room for one to two times `half` entries, without a timer for each. Pure. */

export class RecentMap<T> {
  readonly #half: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  constructor(half: number) {
    this.#half = half;
  }

  get(key: string): T | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: T): void {
    if (this.#young.size >= this.#half) [this.#old, this.#young] = [this.#young, new Map<string, T>()];
    this.#young.set(key, value);
  }
}
