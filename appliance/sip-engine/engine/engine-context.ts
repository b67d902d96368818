/** What the parts of the engine share. Made once by sip-engine.ts; every part holds it and none changes it. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import type { Rng } from '../../../cluster/base/rng.js';
import type { SnapshotPublisher } from '../continuity/snapshot-publisher.js';
import type { ApplicationRouter } from '../control/application-router.js';
import type { ControlConnection } from '../control/control-connection.js';
import { uuidV4, type WireMeta } from '../control/control-reply.js';
import type { DialogTable } from '../dialog/dialog-table.js';
import type { SessionTimerPolicy } from '../dialog/session-timer.js';
import type { BindingTable } from '../flow/binding-table.js';
import type { SipMessage } from '../message/sip-message.js';
import type { ClientTransaction } from '../transaction/client-transaction.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import type { TimerWheel } from '../transaction/timer-wheel.js';
import { createBranchSource } from '../transaction/transaction-key.js';
import type { TransactionLayer } from '../transaction/transaction-layer.js';
import type { Wire } from '../transaction/transaction-port.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { CallRecords } from './call-records.js';
import type { LocalIdentities } from './local-identity.js';
import type { OutboundRoutes } from './outbound-routes.js';

export type ServerTx = ServerTransaction<SipMessage, SipFlow>;
export type ClientTx = ClientTransaction<SipMessage, SipFlow>;

/** What an application has to be so that the engine can serve it: a control connection, or one in a test. */
export type EngineApplication = Pick<ControlConnection, 'id' | 'tags' | 'hasRoute' | 'send' | 'newMessageId'>;

export interface EngineSettings {
  readonly t1Ms: number;
  readonly t2Ms: number;
  /** Requests of more bytes go over TCP where there is a way; 0: never. */
  readonly mtu: number;
  readonly natDetection: boolean;
  readonly sessionTimers: SessionTimerPolicy;
  readonly dialogsMax: number;
  /** How long a request waits for an application that stands in for one that is gone. */
  readonly pendingInviteMs: number;
  readonly outboundProxy?: string;
  readonly server?: string;
  readonly userAgent?: string;
}

/** One message from the network and where it came from. */
export interface Arrival {
  readonly flow: SipFlow;
  readonly bytes: number;
  readonly atMs: number;
}

export interface EngineContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly rng: Rng;
  readonly log: Log;
  readonly settings: EngineSettings;
  readonly layer: TransactionLayer<SipMessage, SipFlow>;
  readonly wire: Wire<SipFlow>;
  readonly identities: LocalIdentities;
  readonly dialogs: DialogTable;
  readonly bindings: BindingTable;
  readonly router: ApplicationRouter<EngineApplication>;
  readonly routes: OutboundRoutes;
  readonly publisher: SnapshotPublisher;
  readonly records: CallRecords;
  readonly names: EngineNames;
}

/** Everything random that the engine shows to the world. */
export class EngineNames {
  readonly #rng: Rng;
  readonly #branches = new Map<string, () => string>();

  /** @param rng the system's; a seeded one only in tests */
  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Of transactions, for applications. */
  id(): string {
    return uuidV4(this.#rng);
  }

  /** Begins with the service address, so that a stray request can be attributed to it (facts: names). */
  tag(addressId: string): string {
    return `${addressId}-${this.#hex(8)}`;
  }

  branch(addressId: string): string {
    let next = this.#branches.get(addressId);
    if (next === undefined) {
      next = createBranchSource({ addressId, rng: this.#rng });
      this.#branches.set(addressId, next);
    }
    return next();
  }

  callId(): string {
    return this.#hex(16);
  }

  /** First CSeq of a request, and first RSeq: below 2^31 with room for a long call (RFC 3261 8.1.1.5). */
  sequence(): number {
    return this.#rng.integer(1, 100_000_000);
  }

  /** Seconds for Retry-After where two sides must not try again at the same time (RFC 3261 14.2). */
  retrySeconds(): number {
    return this.#rng.integer(0, 10);
  }

  #hex(bytes: number): string {
    return Buffer.from(this.#rng.bytes(bytes)).toString('hex');
  }
}

export function arrivalMeta(
  { flow, bytes, atMs }: Arrival,
  protocol: WireMeta['protocol'] = flow.protocol,
): WireMeta {
  const { remoteAddress: address, remotePort: port } = flow;
  return { source: 'network', bytes, protocol, address, port, atMs };
}

/** Of what we sent: echoed requests show our own address, echoed responses that of the peer. */
export function sentMeta(
  flow: SipFlow,
  bytes: number,
  atMs: number,
  whose: 'local' | 'remote',
  protocol: WireMeta['protocol'] = flow.protocol,
): WireMeta {
  const [address, port] =
    whose === 'local' ? [flow.localAddress, flow.localPort] : [flow.remoteAddress, flow.remotePort];
  return { source: 'application', bytes, protocol, address, port, atMs };
}
