/** Counts what comes, goes and is refused. */
import type { SipProtocol } from './sip-flow.js';
import type { NotSentReason, RefusalReason, Traffic, TransportCounts } from './transport-port.js';

type TrafficByProtocol = Record<SipProtocol, { messages: number; bytes: number }>;

function noTraffic(): TrafficByProtocol {
  return {
    udp: { messages: 0, bytes: 0 },
    tcp: { messages: 0, bytes: 0 },
    tls: { messages: 0, bytes: 0 },
  };
}

function copyOf({ udp, tcp, tls }: TrafficByProtocol): Record<SipProtocol, Traffic> {
  return { udp: { ...udp }, tcp: { ...tcp }, tls: { ...tls } };
}

export class TransportMeter {
  readonly #received = noTraffic();
  readonly #sent = noTraffic();
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  readonly #notSent: Partial<Record<NotSentReason, number>> = {};
  #accepted = 0;
  #opened = 0;
  #handlerErrors = 0;

  received(protocol: SipProtocol, bytes: number): void {
    this.#received[protocol].messages += 1;
    this.#received[protocol].bytes += bytes;
  }

  sent(protocol: SipProtocol, bytes: number): void {
    this.#sent[protocol].messages += 1;
    this.#sent[protocol].bytes += bytes;
  }

  refused(reason: RefusalReason): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  notSent(reason: NotSentReason): void {
    this.#notSent[reason] = (this.#notSent[reason] ?? 0) + 1;
  }

  connectionAccepted(): void {
    this.#accepted += 1;
  }

  connectionOpened(): void {
    this.#opened += 1;
  }

  handlerFailed(): void {
    this.#handlerErrors += 1;
  }

  counts(now: TransportCounts['now']): TransportCounts {
    return {
      received: copyOf(this.#received),
      sent: copyOf(this.#sent),
      refused: { ...this.#refused },
      notSent: { ...this.#notSent },
      connectionsAccepted: this.#accepted,
      connectionsOpened: this.#opened,
      handlerErrors: this.#handlerErrors,
      now,
    };
  }
}
