/**
 * What keepalived says about its instances, through vrrp_notify_fifo (keepalived.conf(5)): one line for each change,
 * `INSTANCE "Va" MASTER 200`.
 *
 * Invariant: after a restart of this process the last state of each instance is known again. keepalived holds the
 * FIFO open for writing and reading, so what it said meanwhile waits there; what was read before is kept in a file
 * that the start of keepalived removes.
 */
import { constants, closeSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';

export type VrrpState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP';

const STATES: readonly string[] = ['MASTER', 'BACKUP', 'FAULT', 'STOP'] satisfies VrrpState[];

function isVrrpState(word: string | undefined): word is VrrpState {
  return word !== undefined && STATES.includes(word);
}

/** @returns undefined for a line about something else, such as a group or a script */
export function parseVrrpLine(
  line: string,
): { readonly instance: string; readonly state: VrrpState } | undefined {
  const [, instance, state] = /^INSTANCE "([^"]+)" ([A-Z]+)\b/.exec(line) ?? [];
  return instance !== undefined && isVrrpState(state) ? { instance, state } : undefined;
}

function parseStates(text: string): Map<string, VrrpState> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const parsed = parseVrrpLine(line);
      return parsed === undefined ? [] : [[parsed.instance, parsed.state] as const];
    }),
  );
}

export interface VrrpNotifyOptions {
  /** Exists already: keepalived's preparation makes it. */
  readonly fifo: string;
  /** File of the last states. */
  readonly memory: string;
  /** The FIFO has failed: keepalived will not be heard again. */
  readonly onLost: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

const LINE_LENGTH_MAX = 4096;

export class VrrpNotify {
  readonly #options: VrrpNotifyOptions;
  readonly #states: Map<string, VrrpState>;
  readonly #saidMs = new Map<string, number>();
  readonly #openedMs: number;
  readonly #socket: Socket;
  #listener: (instance: string, state: VrrpState) => void = () => undefined;
  #pending = '';
  #isClosed = false;

  private constructor(options: VrrpNotifyOptions, states: Map<string, VrrpState>, fd: number) {
    this.#options = options;
    this.#states = states;
    this.#openedMs = options.clock.monotonicMs();
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => {
      this.#read(chunk);
    });
    this.#socket.on('error', (error) => {
      options.log.error({ err: error }, 'keepalived cannot be heard');
    });
    this.#socket.on('close', () => {
      if (!this.#isClosed) options.onLost();
    });
  }

  /** @throws the system's error when the FIFO does not exist or may not be read */
  static async open(options: VrrpNotifyOptions): Promise<VrrpNotify> {
    const states = parseStates(await readFile(options.memory, 'utf8').catch(() => ''));
    // Also for writing: with no other writer than keepalived the FIFO would end whenever keepalived does.
    const fd = openSync(options.fifo, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      return new VrrpNotify(options, states, fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** undefined: keepalived has said nothing about the instance since it started. */
  findState(instance: string): VrrpState | undefined {
    return this.#states.get(instance);
  }

  /**
   * For how long keepalived has said nothing else. It says its state anew when it starts; what it said before this
   * process started counts from there.
   */
  unchangedForMs(instance: string): number {
    const { clock } = this.#options;
    return clock.monotonicMs() - (this.#saidMs.get(instance) ?? this.#openedMs);
  }

  /** Called after each change, with the new state known already. */
  onState(listener: (instance: string, state: VrrpState) => void): void {
    this.#listener = listener;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    const lines = (this.#pending + chunk).split('\n');
    this.#pending = (lines.pop() ?? '').slice(0, LINE_LENGTH_MAX);
    for (const line of lines) {
      const parsed = parseVrrpLine(line);
      if (parsed === undefined) continue;
      this.#states.set(parsed.instance, parsed.state);
      this.#saidMs.set(parsed.instance, this.#options.clock.monotonicMs());
      // Before anybody acts on it: what was read from the FIFO and not kept is lost by a crash.
      this.#save();
      this.#listener(parsed.instance, parsed.state);
    }
  }

  /** Synchronous: on tmpfs it takes microseconds. */
  #save(): void {
    const { memory, log } = this.#options;
    const text = [...this.#states].map(([instance, state]) => `INSTANCE "${instance}" ${state} 0\n`).join('');
    try {
      writeFileSync(`${memory}.new`, text);
      renameSync(`${memory}.new`, memory);
    } catch (error) {
      log.warn({ err: error }, 'states of keepalived could not be kept for a restart');
    }
  }
}
