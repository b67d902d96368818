/** All dialogs of this node: by what the network says, and by the name that applications use. */
import type { SipMessage } from '../message/sip-message.js';
import type { Dialog } from './dialog.js';

function networkKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

export class DialogTable {
  readonly #byNetwork = new Map<string, Dialog>();
  /** Dialogs of a fork share their name; applications mean the one that was added last and is still there. */
  readonly #byId = new Map<string, readonly Dialog[]>();

  get size(): number {
    return this.#byNetwork.size;
  }

  [Symbol.iterator](): IterableIterator<Dialog> {
    return this.#byNetwork.values();
  }

  add(dialog: Dialog): void {
    this.#byNetwork.set(networkKey(dialog.callId, dialog.localTag, dialog.remoteTag), dialog);
    this.#byId.set(dialog.id, [...this.#othersOf(dialog), dialog]);
  }

  remove(dialog: Dialog): void {
    this.#byNetwork.delete(networkKey(dialog.callId, dialog.localTag, dialog.remoteTag));
    const others = this.#othersOf(dialog);
    if (others.length === 0) this.#byId.delete(dialog.id);
    else this.#byId.set(dialog.id, others);
  }

  findById(id: string): Dialog | undefined {
    return this.#byId.get(id)?.at(-1);
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

  #othersOf(dialog: Dialog): readonly Dialog[] {
    return this.#byId.get(dialog.id)?.filter((one) => one !== dialog) ?? [];
  }
}
