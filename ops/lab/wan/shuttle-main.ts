/**
 * The WAN of a box, in user space: takes IP packets from the TUN at the site and gives them to the TUN at the
 * other place after a delay, or not at all. One process per link, in the hub's namespace; the TUN ends are
 * socat processes that speak UDP on loopback, because Node cannot open a TUN by itself.
 *
 * Arguments: one JSON object {udpPorts, impairment, seed}. Standard input: one impairment change as JSON per line,
 * answered on standard output with {"applied":{...},"counts":{...}}. Ends when its standard input ends.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { RealClock } from '../../../cluster/base/clock.js';
import { seededRng } from '../../../cluster/base/rng.js';
import { decideDeparture, mergeImpairment, type Impairment } from './impairment.js';
import type { WanPlan } from '../box-plan.js';

interface ShuttleArguments {
  readonly udpPorts: WanPlan['udpPorts'];
  readonly impairment: Impairment;
  readonly seed: string;
}

/** Packets held per direction; a link with more in flight drops the newest, as a router's queue does. */
const HELD_MAX = 20_000;

const clock = new RealClock();
const { udpPorts, impairment, seed } = JSON.parse(process.argv[2] ?? '{}') as ShuttleArguments;
let link: Impairment = impairment;
const counts = { passed: 0, lost: 0 };

interface Held {
  readonly atMs: number;
  readonly packet: Buffer;
}

/** One direction: whatever `inlet` receives leaves through `outlet` towards `targetPort`. */
function carry(name: string, inlet: Socket, outlet: Socket, targetPort: number): void {
  const rng = seededRng(`${seed}:${name}`);
  const held: Held[] = [];
  let lastDepartureMs = 0;
  let isArmed = false;
  const release = (): void => {
    isArmed = false;
    const nowMs = clock.monotonicMs();
    let count = 0;
    // Half a millisecond early is nearer to the truth than waiting for the next timer tick.
    for (; count < held.length && (held[count]?.atMs ?? Infinity) <= nowMs + 0.5; count += 1) {
      const packet = held[count]?.packet;
      if (packet !== undefined) outlet.send(packet, targetPort, '127.0.0.1');
    }
    held.splice(0, count);
    counts.passed += count;
    arm();
  };
  const arm = (): void => {
    const next = held[0];
    if (isArmed || next === undefined) return;
    isArmed = true;
    clock.schedule(Math.max(0, next.atMs - clock.monotonicMs()), release);
  };
  inlet.on('message', (packet) => {
    const nowMs = clock.monotonicMs();
    const atMs = held.length >= HELD_MAX ? undefined : decideDeparture(link, lastDepartureMs, nowMs, rng);
    if (atMs === undefined) {
      counts.lost += 1;
      return;
    }
    lastDepartureMs = atMs;
    held.push({ atMs, packet });
    arm();
  });
}

async function bindLoopback(port: number): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 1024 * 1024,
    sendBufferSize: 4 * 1024 * 1024,
  });
  // A TUN end that restarts refuses a datagram for a moment; that is packet loss and no reason to stop.
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.bind(port, '127.0.0.1', resolve);
  });
  return socket;
}

const near = await bindLoopback(udpPorts.nearShuttle);
const far = await bindLoopback(udpPorts.farShuttle);
carry('outward', near, far, udpPorts.farTun);
carry('homeward', far, near, udpPorts.nearTun);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const merged = mergeImpairment(link, JSON.parse(line) as Record<string, unknown>);
  if (typeof merged !== 'string') link = merged;
  process.stdout.write(
    `${JSON.stringify(typeof merged === 'string' ? { refused: merged } : { applied: link, counts })}\n`,
  );
});
lines.on('close', () => {
  process.exit(0);
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
