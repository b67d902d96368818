/**
 * Writes what the partner needs, as it changes (continuity.md rules 12 to 14). Without a continuity port nothing is
 * written and nothing waits.
 *
 * Keys: `d/` a dialog, `t/` a transaction of an INVITE, `b/` a binding. Each node writes under the service address
 * the thing belongs to.
 */
import type { Dialog } from '../dialog/dialog.js';
import { writeDialogSnapshot, type UnacknowledgedSuccess } from '../dialog/dialog-snapshot.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { TransactionRecord } from '../transaction/transaction-record.js';
import type { ContinuityPort } from './continuity-port.js';

/** An INVITE under way, or its final response; with what the transaction layer does not know of it. */
export interface InviteSnapshot {
  readonly v: number;
  readonly gen: number;
  readonly record: TransactionRecord;
  readonly flow: SipFlow;
  /** How applications name it. */
  readonly transactionId: string;
  /** To tag that responses to it carry; empty for an INVITE of ours. */
  readonly localTag: string;
  readonly appTags: readonly string[];
}

export interface BindingSnapshot {
  readonly v: number;
  readonly gen: number;
  readonly contact: string;
  readonly flow: SipFlow;
  readonly expiresWallMs: number;
  readonly instance?: string;
  readonly regId?: number;
}

export function dialogKey(dialog: Pick<Dialog, 'callId' | 'localTag' | 'remoteTag'>): string {
  return `d/${dialog.callId}/${dialog.localTag}/${dialog.remoteTag}`;
}

export interface PublisherOptions {
  readonly port: ContinuityPort | undefined;
  /** How long a 2xx waits for the partner. */
  readonly heldMs: number;
  /** How long a 100 waits. */
  readonly tryingHeldMs: number;
}

export interface HeldCounts {
  readonly ack: number;
  readonly alone: number;
}

export class SnapshotPublisher {
  readonly #options: PublisherOptions;
  readonly #counts = { ack: 0, alone: 0 };
  readonly #generations = new Map<string, number>();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#options.port !== undefined;
  }

  get counts(): HeldCounts {
    return { ...this.#counts };
  }

  generationOf(addressId: string): number {
    return this.#generations.get(addressId) ?? 0;
  }

  /** @returns false when a higher one is known: the caller is behind the times (continuity.md rule 2) */
  raiseGeneration(addressId: string, generation: number): boolean {
    if (generation < this.generationOf(addressId)) return false;
    this.#generations.set(addressId, generation);
    return true;
  }

  putDialog(dialog: Dialog, success?: UnacknowledgedSuccess): void {
    const { port } = this.#options;
    if (port === undefined) return;
    const record = writeDialogSnapshot(dialog, this.generationOf(dialog.addressId), success);
    port.put(dialog.addressId, dialogKey(dialog), record);
  }

  removeDialog(dialog: Dialog): void {
    this.#options.port?.remove(dialog.addressId, dialogKey(dialog));
  }

  putInvite(addressId: string, invite: Omit<InviteSnapshot, 'v' | 'gen'>): void {
    const { port } = this.#options;
    if (port === undefined) return;
    const snapshot: InviteSnapshot = { v: 1, gen: this.generationOf(addressId), ...invite };
    port.put(addressId, `t/${invite.record.key}`, JSON.stringify(snapshot));
  }

  removeInvite(addressId: string, key: string): void {
    this.#options.port?.remove(addressId, `t/${key}`);
  }

  putBinding(addressId: string, binding: Omit<BindingSnapshot, 'v' | 'gen'>): void {
    const { port } = this.#options;
    if (port === undefined) return;
    const snapshot: BindingSnapshot = { v: 1, gen: this.generationOf(addressId), ...binding };
    port.put(addressId, `b/${binding.contact}`, JSON.stringify(snapshot));
  }

  removeBinding(addressId: string, contact: string): void {
    this.#options.port?.remove(addressId, `b/${contact}`);
  }

  /** Runs `then` when the partner holds all that was put, at the latest after the time for a 2xx; at once without. */
  beforeSuccess(then: () => void): void {
    this.#whenHeld(this.#options.heldMs, then);
  }

  /** The same before a 100, which stops the caller from asking again. */
  beforeTrying(then: () => void): void {
    this.#whenHeld(this.#options.tryingHeldMs, then);
  }

  #whenHeld(deadlineMs: number, then: () => void): void {
    const { port } = this.#options;
    if (port === undefined) {
      then();
      return;
    }
    void port.whenHeld(deadlineMs).then((outcome) => {
      this.#counts[outcome] += 1;
      then();
    });
  }
}
