/** What user agents are told to do; one JSON object a line, with an `id`. */
import type { HeaderLines } from './sip-text.js';
import type { HostPort, WireProtocol } from './sip-wire.js';
import type { Codec } from './tone.js';
import type { Policy } from './user-agent.js';

export interface AgentOrder {
  /** Name of the agent, and its user part unless `user` says otherwise. */
  readonly agent: string;
  readonly user?: string;
  readonly address: string;
  readonly port?: number;
  readonly protocol?: WireProtocol;
  readonly server: HostPort;
  readonly password?: string;
  readonly instance?: string;
  /** Its tone; a multiple of 50. */
  readonly hz?: number;
  readonly codecs?: readonly Codec[];
  readonly isSecure?: boolean;
  /** No RTP is sent: for benches of signalling. */
  readonly isMute?: boolean;
  readonly policy?: Policy;
}

export type UaOrder =
  | ({ readonly do: 'open' } & AgentOrder)
  | { readonly do: 'register'; readonly agent: string; readonly expires?: number }
  | { readonly do: 'policy'; readonly agent: string; readonly policy: Policy }
  /** @property from user part of From, for the carrier */
  | {
      readonly do: 'call';
      readonly agent: string;
      readonly to: string;
      readonly from?: string;
      readonly headers?: HeaderLines;
    }
  | { readonly do: 'calls'; readonly agent: string }
  | { readonly do: 'allCalls' }
  | { readonly do: 'forgetEnded' }
  | { readonly do: 'answer' | 'hangUp' | 'reinvite' | 'reset'; readonly call: string }
  | { readonly do: 'reject'; readonly call: string; readonly status: number }
  | { readonly do: 'hold'; readonly call: string; readonly isHolding: boolean }
  | { readonly do: 'refer'; readonly call: string; readonly to: string; readonly replaced?: string }
  | { readonly do: 'press'; readonly call: string; readonly keys: string };
