/**
 * Registers at the carriers that want it (RFC 3261 10.2): each service address that is here, with each of those trunks. What
 * was registered outlives a takeover, since its Contact is the address; whoever holds that refreshes it.
 */
import type { Clock, Timer } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { TelephonyTrunk } from '../firmware-config/schema/telephony.js';
import type { Credentials, SignallingPort } from './call/signalling-port.js';
import type { ServiceAddresses } from './route-finder.js';

export interface TrunkRegistration {
  readonly trunkId: string;
  /** Whose service address is registered. */
  readonly home: string;
  readonly isRegistered: boolean;
  /** Of the last answer; 408: none; 0: not tried yet. */
  readonly lastStatus: number;
  readonly sinceWallMs: number;
}

export interface TrunkRegistrarOptions {
  readonly trunks: readonly TelephonyTrunk[];
  readonly addresses: ServiceAddresses;
  readonly sipPort: number;
  readonly credentialsOf: (trunkId: string) => Credentials | undefined;
  readonly signalling: Pick<SignallingPort, 'register'>;
  readonly newCallId: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Kept {
  registration: TrunkRegistration;
  readonly sipCallId: string;
  cseq: number;
  failures: number;
  timer: Timer | undefined;
  isHeld: boolean;
  isAsking: boolean;
}

const EXPIRES_SECONDS = 600;
/** A carrier that allows less is asked sooner; never more often than this. */
const REFRESH_MS_MIN = 10_000;
const RETRY_MS = 2000;
const RETRY_MS_MAX = 120_000;
/** An answer to a challenge counts one further. */
const CSEQ_STEP = 2;

export class TrunkRegistrar {
  readonly #options: TrunkRegistrarOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: TrunkRegistrarOptions) {
    this.#options = options;
    const { trunks, addresses, clock, newCallId } = options;
    for (const { id: trunkId, kind } of trunks)
      for (const home of kind === 'registering' ? addresses.keys() : [])
        this.#kept.set(`${trunkId} ${home}`, {
          registration: { trunkId, home, isRegistered: false, lastStatus: 0, sinceWallMs: clock.wallMs() },
          ...{
            sipCallId: newCallId(),
            cseq: 0,
            failures: 0,
            timer: undefined,
            isHeld: false,
            isAsking: false,
          },
        });
  }

  /** Of the addresses that are here. */
  list(): readonly TrunkRegistration[] {
    const held = [...this.#kept.values()].flatMap(({ registration, isHeld }) =>
      isHeld ? [registration] : [],
    );
    return held.sort((one, other) => (one.home < other.home ? -1 : 1));
  }

  /** Told again and again. */
  setHeld(home: string, isHeld: boolean): void {
    for (const kept of this.#kept.values()) {
      if (kept.registration.home !== home || kept.isHeld === isHeld) continue;
      kept.isHeld = isHeld;
      kept.timer?.cancel();
      if (isHeld) void this.#register(kept);
    }
  }

  stop(): void {
    for (const kept of this.#kept.values()) {
      kept.isHeld = false;
      kept.timer?.cancel();
    }
  }

  async #register(kept: Kept): Promise<void> {
    const { trunks, addresses, sipPort, credentialsOf, signalling, clock } = this.#options;
    const { trunkId, home } = kept.registration;
    const trunk = trunks.find(({ id }) => id === trunkId);
    const address = addresses.get(home);
    if (trunk === undefined || address === undefined || kept.isAsking) return;
    const { host, port, transport, user = trunkId } = trunk;
    const suffix = transport === 'udp' ? '' : `;transport=${transport}`;
    kept.cseq += CSEQ_STEP;
    kept.isAsking = true;
    const { status, expiresSeconds } = await signalling.register({
      registrar: `sip:${host}:${String(port)}${suffix}`,
      aor: `sip:${user}@${host}`,
      contact: `sip:${user}@${address}:${String(sipPort)}${suffix}`,
      ...{ localAddress: address, expiresSeconds: EXPIRES_SECONDS, credentials: credentialsOf(trunkId) },
      ...{ sipCallId: kept.sipCallId, cseq: kept.cseq },
    });
    kept.isAsking = false;
    this.#note(kept, status);
    if (!kept.isHeld) return;
    const isRegistered = status === 200;
    kept.failures = isRegistered ? 0 : kept.failures + 1;
    const refreshMs = Math.max(REFRESH_MS_MIN, (expiresSeconds * 1000) / 2);
    const retryMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(kept.failures, 10));
    kept.timer = clock.schedule(isRegistered ? refreshMs : retryMs, () => void this.#register(kept));
  }

  #note(kept: Kept, status: number): void {
    const { clock, log } = this.#options;
    const { isRegistered: was, sinceWallMs, lastStatus, ...rest } = kept.registration;
    const isRegistered = status === 200;
    const hasChanged = was !== isRegistered || lastStatus === 0;
    kept.registration = {
      ...{ ...rest, isRegistered, lastStatus: status },
      sinceWallMs: hasChanged ? clock.wallMs() : sinceWallMs,
    };
    if (!hasChanged) return;
    if (isRegistered) log.info(kept.registration, 'registered at a carrier');
    else
      log.error(
        kept.registration,
        'a carrier has not registered us, its calls do not come here: look at user, password file and network',
      );
  }
}
