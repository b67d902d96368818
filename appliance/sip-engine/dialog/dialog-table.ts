/** All dialogs of this node: by what the network says, and by the name that applications use. */
import type { SipMessage } from '../message/sip-message.js';
import type { Dialog } from './dialog.js';

function networkKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

export class DialogTable {
  readonly #byNetwork = new Map<string, Dialog>();
  readonly #byId = new Map<string, Dialog>();

  get size(): number {
    return this.#byNetwork.size;
  }

  [Symbol.iterator](): IterableIterator<Dialog> {
    return this.#byNetwork.values();
  }

  add(dialog: Dialog): void {
    this.#byNetwork.set(networkKey(dialog.callId, dialog.localTag, dialog.remoteTag), dialog);
    // Forked early dialogs of one INVITE share the name; applications mean the one that spoke last.
    this.#byId.set(dialog.id, dialog);
  }

  remove(dialog: Dialog): void {
    this.#byNetwork.delete(networkKey(dialog.callId, dialog.localTag, dialog.remoteTag));
    if (this.#byId.get(dialog.id) === dialog) this.#byId.delete(dialog.id);
  }

  findById(id: string): Dialog | undefined {
    return this.#byId.get(id);
  }

  find(callId: string, localTag: string, remoteTag: string): Dialog | undefined {
    return this.#byNetwork.get(networkKey(callId, localTag, remoteTag));
  }

  /** The dialog of a request that came in: our tag stands in To. */
  findOfRequest(request: SipMessage): Dialog | undefined {
    const localTag = request.to.tag;
    if (localTag === undefined) return undefined;
    return this.find(request.callId, localTag, request.from.tag ?? '');
  }

  /** The dialog of a response to a request of ours: our tag stands in From. */
  findOfResponse(response: SipMessage): Dialog | undefined {
    return this.find(response.callId, response.from.tag ?? '', response.to.tag ?? '');
  }

  countByKind(): Readonly<Record<'uas' | 'uac', number>> {
    const counts = { uas: 0, uac: 0 };
    for (const dialog of this.#byNetwork.values()) counts[dialog.role] += 1;
    return counts;
  }
}
