/**
 * Everything that is decided about an engine before it starts: one value, made once by parse-engine-arguments.ts,
 * frozen. Defaults and units are in docs/sip-engine.md.
 *
 * Files are named, not read, except for the one with the secret: certificates and credentials are read again while
 * the engine runs.
 */
import type { DigestAlgorithm } from '../digest/digest-response.js';
import type { SipUri } from '../message/sip-uri.js';
import type { TransactionSettings } from '../transaction/transaction-step.js';
import type { SipProtocol } from '../transport/sip-flow.js';

/** Where a TCP service is: a name or an address without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Paths of PEM files. */
export interface KeyPairFiles {
  readonly keyFile: string;
  /** With its chain. */
  readonly certFile: string;
}

export interface ControlListen {
  /** An address without brackets, or a name. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: KeyPairFiles;
}

/** A socket on which SIP arrives. */
export interface SipListen {
  readonly protocol: SipProtocol;
  /** Numeric, without brackets; `*` is every address of the machine until expand-listens.ts has been asked. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  /** Begins tags, branches and records. Absent only where the address is `*`. */
  readonly addressId?: string;
  /** What Via and Contact say to those who are not in `localNets`, where a NAT stands in between. */
  readonly externalAddress?: string;
  /** Addresses, or networks as `10.0.0.0/8`, that see this socket without the NAT. */
  readonly localNets: readonly string[];
}

/** An address that moves between two nodes. */
export interface ServiceAddress {
  /** 1 to 16 letters and digits, the same on both nodes. */
  readonly id: string;
  readonly address: string;
}

/** TLS of the SIP side, as server and as client. */
export interface SipTls extends KeyPairFiles {
  /** Whom to believe; absent: the authorities that Node knows. */
  readonly caFile?: string;
  /** 48 bytes, the same on both nodes, so that a phone's session is resumed by either. */
  readonly ticketKeysFile?: string;
  /** Whether those whom we call must have a certificate that we believe. */
  readonly rejectUnauthorized: boolean;
}

/** Those of the transaction layer, but for its own 100: the engine sends that, when the partner holds the INVITE. */
export type EngineTimers = Omit<TransactionSettings, 'tryingMs'>;

export type Refresher = 'none' | 'uac' | 'uas';

/** RFC 4028. */
export interface SessionTimerConfig {
  /** Shortest interval that is accepted, in seconds. */
  readonly minSe: number;
  /** Who refreshes where the other side leaves it to us. */
  readonly defaultRefresher: Refresher;
}

export interface EngineLimits {
  readonly transactionsMax: number;
  readonly dialogsMax: number;
  /** TCP and TLS together. */
  readonly connectionsMax: number;
  readonly connectionsPerSource: number;
  /** 0: no limit. */
  readonly datagramsPerSecondPerSource: number;
  /** Addresses or networks for which the two limits per source do not hold. */
  readonly trustedSources: readonly string[];
}

/** Digest authentication by the engine itself (RFC 7616, RFC 8760). */
export interface DigestConfig {
  readonly realm: string;
  /** Key of the nonces, the same on both nodes. */
  readonly keyFile: string;
  /** JSON `{"user": {"sha256": hex, "md5": hex}}`: H(user:realm:password), at least one of the two. */
  readonly credentialsFile: string;
  /** In the order they are offered. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** In upper case. */
  readonly methods: readonly string[];
  /** Addresses and networks that are not asked: trunks. */
  readonly exemptSources: readonly string[];
}

/** An HTTP service that is asked where requests go; a URL `tcp:` or `tls:` names the application itself. */
export interface RequestHandlerConfig {
  /** In upper case; `*` for those that have no handler of their own. */
  readonly method: string;
  readonly url: string;
  readonly httpMethod: 'GET' | 'POST';
  /** For question and answer together. */
  readonly timeoutMs: number;
}

/** The two stores in which partners keep what the other needs to go on. */
export interface ContinuityConfig {
  readonly own: HostPort;
  readonly partner: HostPort;
  readonly passwordFile?: string;
  readonly tls?: KeyPairFiles & { readonly caFile?: string };
  /** How long a 2xx waits for the partner's acknowledgement. */
  readonly heldMs: number;
  /** How long the 100 to an INVITE waits for it. */
  readonly tryingHeldMs: number;
  /** Of the ownership under which the engine starts; absent where the node says it later. */
  readonly generation?: number;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export interface EngineConfig {
  /** At least one. */
  readonly control: readonly ControlListen[];
  /** Of applications at the control port; never empty. */
  readonly secret: string;
  /** At least one. */
  readonly listen: readonly SipListen[];
  readonly serviceAddresses: readonly ServiceAddress[];
  readonly tls?: SipTls;
  readonly timers: EngineTimers;
  /** Requests of more bytes go over TCP (RFC 3261 18.1.1); 0: all sizes go over UDP. */
  readonly mtu: number;
  readonly outboundProxy?: SipUri;
  /** In-dialog requests go to where the phone's requests come from rather than to a Contact that differs. */
  readonly natDetection: boolean;
  readonly sessionTimers: SessionTimerConfig;
  /** Applications may ask for call records. */
  readonly cdrs: boolean;
  readonly limits: EngineLimits;
  readonly digest?: DigestConfig;
  /** Key by which the engine knows calls that it proxied; the same on both nodes. */
  readonly proxyKeyFile?: string;
  readonly userAgent?: string;
  readonly server?: string;
  readonly requestHandlers: readonly RequestHandlerConfig[];
  readonly continuity?: ContinuityConfig;
  readonly metrics?: HostPort;
  /** Path of a unix socket. */
  readonly admin?: string;
  readonly log: { readonly level: (typeof LOG_LEVELS)[number] };
  /** How long an INVITE whose application is gone waits for the next one. */
  readonly pendingInviteMs: number;
}
