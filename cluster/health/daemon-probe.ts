/**
 * Asks the daemons of this node whether they work, over the same interfaces that their users use. Every probe ends
 * within its deadline, whatever the daemon does.
 */
import { existsSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import type { Clock, Timer } from '../base/clock.js';
import type { RqliteClient } from '../store/rqlite-client.js';

export interface DaemonHealth {
  readonly name: string;
  /** `starting`: it answers, and is not what it shall be yet. */
  readonly state: 'up' | 'starting' | 'down';
  /** For people: "leader of term 3", "replica of 10.77.0.2 in sync". */
  readonly detail: string;
}

export interface DaemonProbe {
  readonly name: string;
  /** Rejects when the daemon does not answer. */
  readonly ask: () => Promise<Omit<DaemonHealth, 'name'>>;
}

export const PROBE_DEADLINE_MS = 500;
/** Both questions to the store together stay below what a probe may take. */
const IN_STEP_DEADLINE_MS = 400;

function firstSentence(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/** Never rejects and ends within twice the deadline, whatever the probe does. */
export async function probeDaemon(probe: DaemonProbe, clock: Clock): Promise<DaemonHealth> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.schedule(2 * PROBE_DEADLINE_MS, () => {
      reject(new Error('gives no answer'));
    });
  });
  try {
    return { name: probe.name, ...(await Promise.race([probe.ask(), late])) };
  } catch (error) {
    return { name: probe.name, state: 'down', detail: firstSentence(error) };
  } finally {
    timer?.cancel();
  }
}

/** Up only when it has everything that its leader has: one that stays behind answers as well as any other. */
export function rqliteProbe(store: RqliteClient): DaemonProbe {
  return {
    name: 'rqlited',
    ask: async () => {
      const { state, term, leaderId } = await store.raftStatus(PROBE_DEADLINE_MS);
      if (leaderId === '') return { state: 'starting', detail: `no leader, term ${String(term)}` };
      const role = state === 'Leader' ? 'leader' : `follows ${leaderId}`;
      if (!(await store.isReady(IN_STEP_DEADLINE_MS))) {
        return { state: 'starting', detail: `${role}, term ${String(term)}, not in step with it` };
      }
      return { state: 'up', detail: `${role}, term ${String(term)}` };
    },
  };
}

/** GET of a path on this machine. @throws Error when the answer is not 200, breaks off or does not come in time */
function getText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, timeout: PROBE_DEADLINE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, 1000)));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`status ${String(response.statusCode)} for ${path}`));
      });
      response.on('error', reject);
      response.on('close', () => {
        reject(new Error(`the answer on port ${String(port)} broke off`));
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer on port ${String(port)}`)));
    request.on('error', reject);
  });
}

/** rtpengine answers /ping on the port of its WebSocket interface. */
export function rtpengineProbe(port: number): DaemonProbe {
  return {
    name: 'rtpengine',
    ask: async () => {
      const text = await getText(port, '/ping');
      return text.trim() === 'pong'
        ? { state: 'up', detail: 'answers' }
        : { state: 'down', detail: `answers "${text.slice(0, 40)}"` };
    },
  };
}

/** keepalived has no interface to ask; its process is looked for. */
export function keepalivedProbe(pidFile: string): DaemonProbe {
  return {
    name: 'keepalived',
    ask: () => {
      const pid = readFileSync(pidFile, 'utf8').trim();
      return Promise.resolve(
        existsSync(`/proc/${pid}`)
          ? { state: 'up', detail: 'runs' }
          : { state: 'down', detail: 'its process is gone' },
      );
    },
  };
}

/** The last answer of every probe, so that who asks gets it at once. */
export class HealthWatch {
  readonly #probes: readonly DaemonProbe[];
  readonly #clock: Clock;
  #last: readonly DaemonHealth[] = [];

  constructor(probes: readonly DaemonProbe[], clock: Clock) {
    this.#probes = probes;
    this.#clock = clock;
  }

  get last(): readonly DaemonHealth[] {
    return this.#last;
  }

  /** Asks every daemon once. */
  async look(): Promise<void> {
    this.#last = await Promise.all(this.#probes.map((probe) => probeDaemon(probe, this.#clock)));
  }
}
