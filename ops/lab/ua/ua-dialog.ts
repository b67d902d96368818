/** Names, numbers and ways of one dialog (RFC 3261 12), in either role. Sends nothing. */
import { headerOf, splitValues, tagOf, uriIn, type HeaderLines, type SipMessage } from './sip-text.js';

export interface DialogSides {
  readonly callId: string;
  readonly localTag: string;
  /** In <>. */
  readonly localUri: string;
  readonly remoteUri: string;
  /** Request-URI of what is sent next. */
  readonly target: string;
}

export class UaDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly #localUri: string;
  readonly #remoteUri: string;
  #remoteTag = '';
  #target: string;
  #routes: readonly string[] = [];
  #cseq = 0;

  private constructor({ callId, localTag, localUri, remoteUri, target }: DialogSides) {
    this.callId = callId;
    this.localTag = localTag;
    this.#localUri = localUri;
    this.#remoteUri = remoteUri;
    this.#target = target;
  }

  static calling(sides: DialogSides): UaDialog {
    return new UaDialog(sides);
  }

  static called(request: SipMessage, localTag: string): UaDialog {
    const remoteUri = uriIn(headerOf(request, 'from'));
    const dialog = new UaDialog({
      ...{ callId: headerOf(request, 'call-id'), localTag, remoteUri: `<${remoteUri}>`, target: remoteUri },
      localUri: `<${uriIn(headerOf(request, 'to'))}>`,
    });
    dialog.#remoteTag = tagOf(headerOf(request, 'from'));
    dialog.#routes = splitValues(request.headers.get('record-route') ?? []);
    dialog.refreshTarget(request);
    return dialog;
  }

  get remoteTag(): string {
    return this.#remoteTag;
  }

  get target(): string {
    return this.#target;
  }

  /** Number of the last request of ours. */
  get cseq(): number {
    return this.#cseq;
  }

  /** Takes tag, target and routes of the 2xx that makes the dialog. */
  learn(response: SipMessage): void {
    this.#remoteTag = tagOf(headerOf(response, 'to'));
    this.#routes = splitValues(response.headers.get('record-route') ?? []).toReversed();
    this.refreshTarget(response);
  }

  /** A re-INVITE and its answer may move the other side (RFC 3261 12.2). */
  refreshTarget(message: SipMessage): void {
    const contact = uriIn(headerOf(message, 'contact'));
    if (contact !== '') this.#target = contact;
  }

  /** Of the next request of ours. */
  nextHeaders(method: string): HeaderLines {
    this.#cseq += 1;
    return this.headers(method, this.#cseq);
  }

  headers(method: string, cseq: number): HeaderLines {
    const to = this.#remoteTag === '' ? this.#remoteUri : `${this.#remoteUri};tag=${this.#remoteTag}`;
    return [
      ...this.#routes.map((route) => ['Route', route] as const),
      ['From', `${this.#localUri};tag=${this.localTag}`],
      ['To', to],
      ['Call-ID', this.callId],
      ['CSeq', `${String(cseq)} ${method}`],
    ];
  }

  /** For Replaces (RFC 3891): how the other side of this dialog names it. */
  get replaces(): string {
    return `${this.callId};to-tag=${this.#remoteTag};from-tag=${this.localTag}`;
  }
}

/** A dialog as Replaces names it, seen from whoever is asked to end it. */
export interface ReplacedDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

/** @returns undefined for anything that is no value of Replaces (RFC 3891 6.1) */
export function parseReplaces(value: string): ReplacedDialog | undefined {
  const [callId = '', ...parameters] = value.split(';').map((part) => part.trim());
  const find = (name: string): string | undefined =>
    parameters.find((one) => one.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const [localTag, remoteTag] = [find('to-tag'), find('from-tag')];
  return callId === '' || localTag === undefined || remoteTag === undefined
    ? undefined
    : { callId, localTag, remoteTag };
}

export interface ReferTarget {
  readonly uri: string;
  readonly replaces: string | undefined;
}

/** @returns undefined when there is nobody to call (RFC 3515 2.1) */
export function parseReferTo(value: string): ReferTarget | undefined {
  const [uri = '', headers = ''] = uriIn(value).split('?', 2);
  if (!/^sips?:/i.test(uri)) return undefined;
  const replaces = /(?:^|&)replaces=([^&]*)/i.exec(headers)?.[1];
  if (replaces === undefined) return { uri, replaces };
  try {
    return { uri, replaces: decodeURIComponent(replaces) };
  } catch {
    // A % with nothing behind it.
    return undefined;
  }
}
