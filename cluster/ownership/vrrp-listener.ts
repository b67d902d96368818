/**
 * Listens for the partner's VRRP adverts on a raw socket, which Node does not have: socat receives. Needs the
 * capability net_raw. Only used while this node keeps off an address because it did not hear the partner.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../base/clock.js';
import type { HeartbeatPort } from './heartbeat-port.js';

export interface VrrpListenerOptions {
  /** The only sender that counts. */
  readonly partnerAddress: string;
  readonly routerIdOf: (home: string) => number;
  readonly clock: Clock;
}

/** Ten adverts. */
const LISTEN_MS = 300;
/** VRRP is IP protocol 112 (RFC 5798 section 5.1.1.4). */
const SOURCE = 'IP4-RECV:112';
/** Of an advert with one IPv4 address (RFC 5798 section 5.1); socat takes the IP header off. */
const ADVERT_BYTES = 12;
const VERSION_3_ADVERT = 0x31;

/** Router ids of the adverts of priority 1 and more in a stream of them. Pure. */
export function parseAdverts(bytes: Uint8Array): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = 0; at + ADVERT_BYTES <= bytes.length; at += ADVERT_BYTES) {
    const [kind, routerId, priority] = bytes.subarray(at, at + 3);
    if (kind === VERSION_3_ADVERT && routerId !== undefined && (priority ?? 0) > 0) found.add(routerId);
  }
  return found;
}

export class VrrpListener implements HeartbeatPort {
  readonly #options: VrrpListenerOptions;

  constructor(options: VrrpListenerOptions) {
    this.#options = options;
  }

  /** @throws Error when socat cannot be started */
  isHeard(home: string): Promise<boolean> {
    const { partnerAddress, routerIdOf, clock } = this.#options;
    const words = ['-u', `${SOURCE},range=${partnerAddress}/32`, 'STDOUT'];
    return new Promise((resolve, reject) => {
      const child = spawn('socat', words, { stdio: ['ignore', 'pipe', 'ignore'] });
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      const timer = clock.schedule(LISTEN_MS, () => child.kill('SIGKILL'));
      child.on('error', (error) => {
        timer.cancel();
        reject(error);
      });
      child.on('close', () => {
        timer.cancel();
        resolve(parseAdverts(Buffer.concat(chunks)).has(routerIdOf(home)));
      });
    });
  }
}
