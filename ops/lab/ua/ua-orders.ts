/**
 * What user agents are told and what they tell. One JSON object a line: an order has an `id` and a `do`, its answer the
 * same `id` and a `result` or an `error`; an event has no `id` but an `event`.
 */
import type { HeaderLines } from './sip-text.js';
import type { HostPort, WireCertificate, WireProtocol } from './sip-wire.js';
import type { OfferedCodec } from './ua-sdp.js';
import type { Policy } from './user-agent.js';

export interface AgentOrder {
  /** Name of the agent, and its user part unless `user` says otherwise. */
  readonly agent: string;
  readonly user?: string;
  readonly address: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly protocol?: WireProtocol;
  /** With `tls`: for connections that are made to it. */
  readonly certificate?: WireCertificate;
  /** Where it registers and sends its calls. */
  readonly server: HostPort;
  readonly password?: string;
  /** UUID of the device, for +sip.instance (RFC 5626). */
  readonly instance?: string;
  /** Of its flow, with `instance`; default 1. */
  readonly regId?: number;
  /** Its tone; a multiple of 50 from 300 to 3400. */
  readonly hz?: number;
  /** A packet each so many times 20 ms; default 1, 0: none. */
  readonly rtpEvery?: number;
  /** Sequence number of the first RTP packet; default: any. Near 65535 it wraps soon. */
  readonly firstSequence?: number;
  /** Preferred first; default PCMA, PCMU. */
  readonly codecs?: readonly OfferedCodec[];
  /** Of a carrier: who registers with it, and for how long he may. */
  readonly subscriber?: {
    readonly username: string;
    readonly password: string;
    readonly expiresSeconds: number;
  };
  /** Offers SRTP. */
  readonly isSecure?: boolean;
  /** Default: rings. */
  readonly policy?: Policy;
}

export interface CallOrder {
  readonly agent: string;
  /** A number, or a `sip:` URI, which is called where it says. */
  readonly to: string;
  /** User part of To, where that is not whom the Request-URI names. */
  readonly dialled?: string;
  /** User part of From, for the carrier. */
  readonly from?: string;
  /** Such as P-Asserted-Identity. */
  readonly headers?: HeaderLines;
  readonly rtpEvery?: number;
  /** Counted from the answer. */
  readonly hangUpAfterMs?: number;
}

export type UaOrder =
  /** @returns where it is reached */
  | ({ readonly do: 'open' } & AgentOrder)
  /** Gone without a word; its name is free. */
  | { readonly do: 'close'; readonly agent: string }
  /** @property expires seconds, default 120; 0: unregisters @returns final status */
  | { readonly do: 'register'; readonly agent: string; readonly expires?: number }
  /** @property event such as `dialog` @property expires seconds; 0: to know it once @returns the final status */
  | {
      readonly do: 'subscribe';
      readonly agent: string;
      readonly to: string;
      readonly event: string;
      readonly expires: number;
    }
  /** @returns what it was told, in its order */
  | { readonly do: 'notices'; readonly agent: string }
  /** @returns registrations at it, in their order */
  | { readonly do: 'registrations'; readonly agent: string }
  | { readonly do: 'policy'; readonly agent: string; readonly policy: Policy }
  /** @returns id of the call */
  | ({ readonly do: 'call' } & CallOrder)
  /** @returns reports */
  | { readonly do: 'calls'; readonly agent: string }
  | { readonly do: 'allCalls' }
  /** @returns sums over all calls */
  | { readonly do: 'totals' }
  | { readonly do: 'forgetEnded' }
  /** `report` @returns its report; `invite` @returns the INVITE that came; `reinvite` @returns status */
  | {
      readonly do: 'answer' | 'hangUp' | 'reinvite' | 'reset' | 'report' | 'invite';
      readonly call: string;
    }
  | { readonly do: 'reject'; readonly call: string; readonly status: number }
  /** @returns status of the re-INVITE */
  | {
      readonly do: 'hold';
      readonly call: string;
      readonly isHolding: boolean;
      readonly direction?: 'sendonly' | 'inactive';
    }
  /** @property replaced call of the same process, which the target shall replace @returns status of the REFER */
  | { readonly do: 'refer'; readonly call: string; readonly to: string; readonly replaced?: string }
  /** Any other request within the call @returns its status */
  | {
      readonly do: 'ask';
      readonly call: string;
      readonly method: string;
      readonly headers?: HeaderLines;
      readonly body?: string;
    }
  /** Each for 100 ms, three in a second. Answered when all are sent. */
  | { readonly do: 'press'; readonly call: string; readonly keys: string };

export interface Totals {
  readonly calls: number;
  readonly byProgress: Readonly<Record<string, number>>;
  /** Of calls that are over. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly refused: number;
  readonly longestGapMs: number;
}

export type CallEvent =
  | { readonly event: 'incoming'; readonly caller: string; readonly dialled: string; readonly uri: string }
  | { readonly event: 'ringing' | 'up' | 'held' | 'resumed' }
  | { readonly event: 'over'; readonly status: number; readonly by: 'us' | 'them' }
  /** That the other side pressed. */
  | { readonly event: 'key'; readonly key: string }
  /** How the transfer that we asked for goes. */
  | { readonly event: 'referred'; readonly status: number }
  /** Whom we are asked to call. */
  | { readonly event: 'referredTo'; readonly uri: string };

interface Place {
  readonly agent: string;
  /** CLOCK_MONOTONIC. */
  readonly atMs: number;
}

export type UaEvent =
  | (Place & { readonly call: string } & CallEvent)
  | (Place & { readonly event: 'registered'; readonly status: number })
  /** A message, or a call that came in, was more than the agent could do. */
  | (Place & { readonly event: 'fault'; readonly text: string });
