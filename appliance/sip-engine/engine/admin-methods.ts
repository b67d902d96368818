/** What the node service and people ask of a running engine, over its local socket. */
import type { RpcMethods, RpcParams } from '../../../cluster/base/local-rpc.js';
import { sipErrors } from '../errors.js';
import type { ControlServer } from '../control/control-server.js';
import type { LadderTrace } from '../observability/ladder-trace.js';
import type { LoopLag } from '../observability/loop-lag.js';
import type { TransportLayer } from '../transport/transport-layer.js';
import type { SipEngine } from './sip-engine.js';

export interface AdminParts {
  readonly engine: SipEngine;
  readonly transport: TransportLayer;
  readonly control: ControlServer;
  readonly trace: LadderTrace;
  readonly lag: LoopLag;
  readonly continuity: { counters(): unknown; state(): string } | undefined;
}

function textOf(params: RpcParams, field: string): string {
  const value = params[field];
  if (typeof value === 'string' && value !== '') return value;
  throw sipErrors.SIP_BAD_ORDER({ field, problem: 'give a text' });
}

function numberOf(params: RpcParams, field: string): number {
  const value = params[field];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw sipErrors.SIP_BAD_ORDER({ field, problem: 'give a whole number from 0' });
}

function optional<T>(params: RpcParams, field: string, read: (params: RpcParams, field: string) => T) {
  return params[field] === undefined ? {} : { [field]: read(params, field) };
}

/** The trace keeps its own limits; they are told to whoever exceeds them. */
function startTrace(trace: LadderTrace, params: RpcParams): { readonly id: string } {
  try {
    const id = trace.start({
      ...optional(params, 'callId', textOf),
      ...optional(params, 'containing', textOf),
      ...optional(params, 'maxMessages', numberOf),
      ...optional(params, 'ttlMs', numberOf),
    });
    return { id };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw sipErrors.SIP_BAD_ORDER({ field: 'maxMessages or ttlMs', problem: error.message }, error);
  }
}

export function adminMethods(parts: AdminParts): RpcMethods {
  const { engine, transport, control, trace, lag, continuity } = parts;
  return {
    status: () => ({
      ...engine.counts(),
      transport: transport.counts(),
      control: control.status(),
      loopLag: lag.read(),
      continuity:
        continuity === undefined
          ? 'none'
          : { state: continuity.state(), ...(continuity.counters() as object) },
    }),
    takeOver: (params) => engine.takeOver(textOf(params, 'addressId'), numberOf(params, 'generation')),
    dropConnections: (params) => {
      transport.dropConnectionsOf(textOf(params, 'address'));
      return {};
    },
    startTrace: (params) => startTrace(trace, params),
    readTrace: (params) => {
      const id = textOf(params, 'id');
      const reading = trace.read(id);
      if (reading === undefined)
        throw sipErrors.SIP_BAD_ORDER({ field: 'id', problem: 'there is no such trace' });
      return reading;
    },
    stopTrace: (params) => {
      trace.stop(textOf(params, 'id'));
      return {};
    },
  };
}
