/** What the transports are given and what they tell: addresses, limits, counts, and why something was not sent. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import type { Rng } from '../../../cluster/base/rng.js';
import type { SipFlow, SipProtocol } from './sip-flow.js';

/**
 * RFC 3261 18.1.1: a request above this goes over TCP, because a path with an unknown MTU may lose its fragments.
 * Whoever chooses the destination applies it, with `flowTo`; this folder sends what it is given.
 */
export const UDP_REQUEST_BYTES_MAX = 1300;

export interface ListenAddress {
  readonly protocol: SipProtocol;
  /** Without brackets. `*` and `0.0.0.0` stand for all IPv4 addresses of this machine, `::` for all IPv6 ones. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Of the service address, 1 to 16 letters and digits; default `x`. It becomes part of branches and tags. */
  readonly addressId?: string;
}

export interface FlowTarget {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
  /** The name that a certificate has to have, when the address was found by a name (RFC 5922 7.2). */
  readonly serverName?: string;
}

export interface TlsMaterial {
  /** PEM. */
  readonly key: string | Buffer;
  /** PEM, with its chain. */
  readonly cert: string | Buffer;
  /** PEM: who signs those that we connect to; default: the certificate authorities that Node knows. */
  readonly ca?: string | Buffer;
  /** 48 bytes, the same on both nodes, so that a phone resumes its session at the partner. */
  readonly ticketKeys?: Buffer;
  /** False: connect to anybody. Default true. */
  readonly rejectUnauthorized?: boolean;
}

export interface TransportLimits {
  /** Per source; what comes faster is dropped (datagrams) or read later (streams). */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Addresses without limits: the partner, the trunks. */
  readonly trustedSources: readonly string[];
  /** For which a rate is remembered. */
  readonly trackedSourcesMax: number;
  /** Points of `penalise` after which a source is not heard, and for how long; points fade in the same time. */
  readonly penaltyPointsMax: number;
  readonly penaltyMs: number;
  /** Of those that others opened. A phone keeps its connection, so they are not closed for being idle. */
  readonly connectionsMax: number;
  readonly connectionsPerSourceMax: number;
  /** Of those that we opened. */
  readonly outgoingConnectionsMax: number;
  /** A full handshake costs some 3 ms of the only core; all phones come back at once after a takeover. */
  readonly handshakesPerSecond: number;
  readonly handshakesMax: number;
  readonly handshakesWaitingMax: number;
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
  /** Waiting for a peer that does not read, per connection. */
  readonly outgoingBytesMax: number;
  /** For a connection that we open, the handshake included. */
  readonly connectMs: number;
  /** From accept to the end of the handshake, waiting for its turn included. */
  readonly handshakeMs: number;
  /** From accept to the end of the first message: nobody holds a connection without saying anything. */
  readonly firstMessageMs: number;
  /** From the first to the last byte of a message. */
  readonly messageMs: number;
}

export const TRANSPORT_LIMITS: TransportLimits = Object.freeze({
  messagesPerSecond: 2000,
  messageBurst: 4000,
  trustedSources: [],
  trackedSourcesMax: 20_000,
  penaltyPointsMax: 20,
  penaltyMs: 60_000,
  connectionsMax: 10_000,
  connectionsPerSourceMax: 100,
  outgoingConnectionsMax: 2000,
  handshakesPerSecond: 200,
  handshakesMax: 64,
  handshakesWaitingMax: 4000,
  headerBytesMax: 32 * 1024,
  bodyBytesMax: 64 * 1024,
  outgoingBytesMax: 1024 * 1024,
  connectMs: 5000,
  handshakeMs: 20_000,
  firstMessageMs: 30_000,
  messageMs: 10_000,
});

/** Whether this node may speak for a service address. Asked at every message, in both directions. */
export interface AddressGate {
  isOwned(address: string): boolean;
}

/** Why something that came was not handed on. */
export type RefusalReason =
  /** No message by its first bytes. */
  | 'garbage'
  | 'keepAlive'
  | 'tooFast'
  | 'penalised'
  /** It came for a service address that the partner has. */
  | 'notOwner'
  | 'tooManyConnections'
  | 'tooManyOfSource'
  | 'tooManyHandshakes'
  | 'handshakeFailed'
  | 'handshakeTooSlow'
  /** The length of a message is unknown, wrong or too large. */
  | 'unframeable'
  | 'messageTooSlow'
  | 'silent';

/** Why something was not sent. */
export type NotSentReason =
  /** The service address belongs to the partner. */
  | 'notOwner'
  /** No socket of ours has this local address. */
  | 'noTransport'
  | 'connectionGone'
  | 'tooManyConnections'
  /** The peer does not read. */
  | 'queueFull'
  | 'connectTooSlow'
  /** What the system or TLS said, in `cause`. */
  | 'failed';

/** Given to WireSender.onSendError. */
export class NotSentError extends Error {
  override readonly name: string = 'NotSentError';
  readonly reason: NotSentReason;

  constructor(reason: NotSentReason, flow: SipFlow, cause?: unknown) {
    const remote = `${flow.remoteAddress} port ${String(flow.remotePort)}`;
    super(
      `not sent over ${flow.protocol} to ${remote}: ${reason}`,
      cause === undefined ? undefined : { cause },
    );
    this.reason = reason;
  }
}

/** The peer is not at fault, and may be served by the partner already. */
export class NotOwnerError extends NotSentError {
  override readonly name = 'NotOwnerError';
  readonly localAddress: string;

  constructor(flow: SipFlow, cause?: unknown) {
    super('notOwner', flow, cause);
    this.localAddress = flow.localAddress;
  }
}

export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** Since the start, except what is there `now`. */
export interface TransportCounts {
  readonly received: Readonly<Record<SipProtocol, Traffic>>;
  readonly sent: Readonly<Record<SipProtocol, Traffic>>;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  readonly notSent: Readonly<Partial<Record<NotSentReason, number>>>;
  readonly connectionsAccepted: number;
  readonly connectionsOpened: number;
  /** Errors thrown by whoever was handed a message. */
  readonly handlerErrors: number;
  readonly now: {
    readonly connections: number;
    readonly handshakes: number;
    readonly trackedSources: number;
  };
}

export interface TransportOptions {
  readonly clock: Clock;
  /** A strong one: connection ids must differ from those of an earlier process. */
  readonly rng: Rng;
  readonly log: Log;
  readonly listens: readonly ListenAddress[];
  /** For listens and connections of TLS. */
  readonly tls?: TlsMaterial;
  readonly limits?: Partial<TransportLimits>;
  readonly gate: AddressGate;
  /**
   * One message, called synchronously; the bytes are the receiver's. What it throws is caught and counted.
   * @param problem of a stream: why the message could not be cut out of it (RFC 3261 18.3). The bytes are then its
   * header section, to be answered with 400 over the same flow at once; the connection closes soon after.
   */
  readonly onMessage: (bytes: Buffer, flow: SipFlow, problem?: string) => void;
  /** Once for each connection, also for one that could not be opened. */
  readonly onConnectionClosed?: (flow: SipFlow) => void;
}
