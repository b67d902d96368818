/** A carrier that wants to be registered with: it asks for the password each time, and remembers from where. */
import { isRightAnswer, type Challenge, type Credentials } from './digest.js';
import { headerOf, type HeaderLines, type SipMessage } from './sip-text.js';
import type { HostPort } from './sip-wire.js';

export interface CarrierRegistration {
  readonly contact: string;
  readonly from: HostPort;
  readonly cseq: string;
  readonly sipCallId: string;
}

interface Answer {
  readonly status: number;
  readonly headers: HeaderLines;
}

export class CarrierRegistrar {
  readonly #credentials: Credentials;
  readonly #expiresSeconds: number;
  readonly #challenge: Challenge;
  readonly registrations: CarrierRegistration[] = [];

  constructor(credentials: Credentials, expiresSeconds: number, nonce: string) {
    this.#credentials = credentials;
    this.#expiresSeconds = expiresSeconds;
    const plain = { realm: 'carrier', opaque: undefined, hasQop: true, isStale: false } as const;
    this.#challenge = { ...plain, nonce, algorithm: 'MD5' };
  }

  answer(request: SipMessage, from: HostPort): Answer {
    const { realm, nonce } = this.#challenge;
    const given = headerOf(request, 'authorization');
    if (given === '') {
      const challenge = `Digest realm="${realm}", nonce="${nonce}", algorithm=MD5, qop="auth"`;
      return { status: 401, headers: [['WWW-Authenticate', challenge]] };
    }
    if (!isRightAnswer(given, this.#challenge, this.#credentials, request.method))
      return { status: 403, headers: [] };
    const contact = /<([^>]+)>/.exec(headerOf(request, 'contact'))?.[1] ?? '';
    const [cseq, sipCallId] = [headerOf(request, 'cseq'), headerOf(request, 'call-id')];
    this.registrations.push({ contact, from, cseq, sipCallId });
    return { status: 200, headers: [['Contact', `<${contact}>;expires=${String(this.#expiresSeconds)}`]] };
  }
}
