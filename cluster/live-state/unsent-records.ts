/**
 * Changes of records on their way into the live state: the newest of each record, in the order in which they were
 * last changed. So the store passes only through states in which what was written before is there too, and however
 * long it is away, no more is kept than there are records. Pure.
 */

export interface RecordChange {
  readonly addressId: string;
  readonly key: string;
  /** undefined: the record is removed. */
  readonly record: string | undefined;
}

/** Of the text, in characters: the measure of what is kept, close to the bytes of a record in ASCII. */
function sizeOf(change: RecordChange): number {
  return change.addressId.length + change.key.length + (change.record?.length ?? 0);
}

function idOf(addressId: string, key: string): string {
  return `${addressId}\n${key}`;
}

export class UnsentRecords {
  readonly #changes = new Map<string, RecordChange>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#changes.size;
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  has(addressId: string, key: string): boolean {
    return this.#changes.has(idOf(addressId, key));
  }

  /** Replaces an earlier change of the same record and takes its place at the end. */
  add(change: RecordChange): void {
    const id = idOf(change.addressId, change.key);
    this.#forget(id);
    this.#changes.set(id, change);
    this.#size += sizeOf(change);
  }

  /** The oldest ones, until `sizeMax` is reached: one at least, if there is any. */
  take(sizeMax: number): readonly RecordChange[] {
    const taken: RecordChange[] = [];
    let size = 0;
    for (const [id, change] of this.#changes) {
      if (size >= sizeMax) break;
      taken.push(change);
      size += sizeOf(change);
      this.#forget(id);
    }
    return taken;
  }

  /** Puts back what was taken and has perhaps not arrived, before all others; newer changes of a record win. */
  giveBack(taken: readonly RecordChange[]): void {
    const newer = [...this.#changes.values()];
    this.clear();
    for (const change of [...taken, ...newer]) this.add(change);
  }

  clear(): void {
    this.#changes.clear();
    this.#size = 0;
  }

  #forget(id: string): void {
    const change = this.#changes.get(id);
    if (change === undefined) return;
    this.#changes.delete(id);
    this.#size -= sizeOf(change);
  }
}
