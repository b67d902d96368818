/** An outbox that only notes what is put, and can be started again with what was kept. */
import type { OutboxEntry, OutboxPort } from '../../../cluster/store/outbox-port.js';

export class FakeOutbox implements OutboxPort {
  readonly inherited: ReadonlyMap<string, object>;
  readonly inheritedWallMs: number;
  readonly entries: OutboxEntry[] = [];
  readonly kept: Map<string, object>;

  constructor(inherited: ReadonlyMap<string, object> = new Map(), inheritedWallMs = 0) {
    this.inherited = inherited;
    this.inheritedWallMs = inheritedWallMs;
    this.kept = new Map(inherited);
  }

  put(entry: OutboxEntry): void {
    this.entries.push(entry);
    const { keep } = entry;
    if (keep?.value !== undefined) this.kept.set(keep.key, keep.value);
    else if (keep !== undefined) this.kept.delete(keep.key);
  }
}
