/** What people do at the panel of this node, by way of its journal: on this node's disk first, in the store later. */
import type { ApprovalRecord, AuditEntry, IdentityJournalPort, Revocation } from './identity-port.js';
import type { OutboxPort } from './outbox-port.js';
import type { PanelEntries } from './plan-panel-statements.js';

export class OutboxIdentity implements IdentityJournalPort {
  readonly #outbox: Pick<OutboxPort, 'put'>;

  constructor(outbox: Pick<OutboxPort, 'put'>) {
    this.#outbox = outbox;
  }

  audit(entry: AuditEntry): void {
    this.#put('audit', entry);
  }

  revoke(revocation: Revocation): void {
    this.#put('revocation', revocation);
  }

  approval(record: ApprovalRecord): void {
    this.#put('approval', record);
  }

  #put<Kind extends keyof PanelEntries>(kind: Kind, data: PanelEntries[Kind]): void {
    this.#outbox.put({ kind, data });
  }
}
