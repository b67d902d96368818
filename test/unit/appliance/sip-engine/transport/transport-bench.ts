/** A transport layer on loopback, with what came out of it. */
import { FakeClock, type Clock } from '../../../../../cluster/base/clock.js';
import { openLog } from '../../../../../cluster/base/log.js';
import { systemRng } from '../../../../../cluster/base/rng.js';
import { FixedGate } from '../../../../../appliance/sip-engine/transport/default-gate.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';
import { TransportLayer } from '../../../../../appliance/sip-engine/transport/transport-layer.js';
import type {
  ListenAddress,
  TransportOptions,
} from '../../../../../appliance/sip-engine/transport/transport-port.js';
import type { TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';

export interface Got {
  readonly text: string;
  readonly flow: SipFlow;
  readonly problem?: string | undefined;
}

export interface Bench {
  readonly layer: TransportLayer;
  readonly clock: Clock;
  readonly gate: FixedGate;
  readonly listens: readonly ListenAddress[];
  readonly got: Got[];
  readonly closed: SipFlow[];
  readonly logged: string[];
  readonly port: number;
}

export const LOCALHOST = '127.0.0.1';

export function message(name: string, body = ''): string {
  return `MESSAGE sip:${name}@here SIP/2.0\r\nCall-ID: ${name}\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
}

export async function bench(
  t: TestContext,
  protocol: SipFlow['protocol'],
  changes: Partial<TransportOptions> = {},
): Promise<Bench> {
  const gate = new FixedGate([LOCALHOST]);
  const got: Got[] = [];
  const closed: SipFlow[] = [];
  const logged: string[] = [];
  const clock = changes.clock ?? new FakeClock();
  const layer = new TransportLayer({
    clock,
    rng: systemRng(),
    log: openLog({ name: 'test', destination: { write: (line) => logged.push(line) } }),
    listens: [{ protocol, address: LOCALHOST, port: 0 }],
    gate,
    onMessage: (bytes, flow, problem) => got.push({ text: bytes.toString('latin1'), flow, problem }),
    onConnectionClosed: (flow) => closed.push(flow),
    ...changes,
  });
  const listens = await layer.open();
  t.defer(() => layer.close());
  return { layer, clock, gate, listens, got, closed, logged, port: listens[0]?.port ?? 0 };
}

/** Remembers what a send reported. */
export class Sender {
  readonly errors: unknown[] = [];

  onSendError(error: unknown): void {
    this.errors.push(error);
  }
}

export async function comes(one: Pick<Bench, 'got'>, count = 1): Promise<Got[]> {
  await waitFor(`${String(count)} messages`, () => one.got.length >= count, { intervalMs: 2 });
  return one.got;
}
