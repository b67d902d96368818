/**
 * Whether the carriers answer: an OPTIONS to each trunk every `optionsEverySeconds` (RFC 3261 11). Two misses and a trunk
 * counts as down, one answer and it is up; a trunk that is down is tried last, never left out: what it says to an
 * INVITE counts more than what it says to us.
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { TelephonyTrunk } from '../firmware-config/schema/telephony.js';
import type { SignallingPort } from './call/signalling-port.js';

export interface TrunkStatus {
  readonly trunkId: string;
  /** Undefined: not asked yet. */
  readonly isUp: boolean | undefined;
  /** Of the last answer; 408: none. */
  readonly lastStatus: number | undefined;
  readonly sinceWallMs: number;
}

export interface TrunkWatchOptions {
  readonly trunks: readonly TelephonyTrunk[];
  readonly signalling: Pick<SignallingPort, 'probe'>;
  readonly clock: Clock;
  readonly log: Log;
}

const MISSES_MAX = 2;

interface Watched {
  status: TrunkStatus;
  misses: number;
}

/** An answer of any kind is a sign of life, but that it cannot serve (RFC 3261 21.5.4). */
function isAlive(status: number): boolean {
  return status !== 408 && status !== 503;
}

export class TrunkWatch {
  readonly #options: TrunkWatchOptions;
  readonly #trunks: ReadonlyMap<string, Watched>;
  #isStopped = false;

  constructor(options: TrunkWatchOptions) {
    this.#options = options;
    const sinceWallMs = options.clock.wallMs();
    this.#trunks = new Map(
      options.trunks.map(({ id }) => [
        id,
        { status: { trunkId: id, isUp: undefined, lastStatus: undefined, sinceWallMs }, misses: 0 },
      ]),
    );
  }

  start(): void {
    for (const trunk of this.#options.trunks) void this.#watch(trunk);
  }

  stop(): void {
    this.#isStopped = true;
  }

  list(): readonly TrunkStatus[] {
    return [...this.#trunks.values()].map(({ status }) => status);
  }

  /** Those that are up first; otherwise in the order given. */
  inOrder(trunkIds: readonly string[]): readonly string[] {
    const isDown = (id: string): boolean => this.#trunks.get(id)?.status.isUp === false;
    return [...trunkIds.filter((id) => !isDown(id)), ...trunkIds.filter(isDown)];
  }

  async #watch({ id, host, port, transport, optionsEverySeconds }: TelephonyTrunk): Promise<void> {
    const { signalling, clock } = this.#options;
    const suffix = transport === 'udp' ? '' : `;transport=${transport}`;
    while (!this.#isStopped) {
      this.#note(id, await signalling.probe(`sip:${host}:${String(port)}${suffix}`));
      await clock.sleep(optionsEverySeconds * 1000);
    }
  }

  #note(trunkId: string, lastStatus: number): void {
    const watched = this.#trunks.get(trunkId);
    if (watched === undefined) return;
    watched.misses = isAlive(lastStatus) ? 0 : watched.misses + 1;
    const before = watched.status.isUp;
    const isUp = watched.misses === 0 ? true : watched.misses >= MISSES_MAX ? false : before;
    const { clock, log } = this.#options;
    const sinceWallMs = isUp === before ? watched.status.sinceWallMs : clock.wallMs();
    watched.status = { trunkId, isUp, lastStatus, sinceWallMs };
    if (isUp !== before)
      log[isUp === false ? 'error' : 'info']({ trunk: trunkId, lastStatus, isUp }, 'trunk');
  }
}
