/**
 * Receives what supervised processes say through NOTIFY_SOCKET (sd_notify(3)). Node has no Unix datagram sockets,
 * so a socat per service receives; its hex dump keeps the boundaries between datagrams, which its plain output
 * loses ("STATUS=x" followed by "READY=1" would become one line).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { diesWithParent } from '../shell.js';
import type { Clock } from '../../../cluster/base/clock.js';

/** One datagram: `READY=1`, `STATUS=...`, `WATCHDOG=1`, `MAINPID=...` by key. */
export type NotifyMessage = Readonly<Record<string, string>>;

export function parseNotifyMessage(text: string): NotifyMessage {
  const fields: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1);
  }
  return fields;
}

/**
 * Turns socat's -x dump into datagrams: `> date time  length=N from=A to=B`, then N bytes as ` hh`.
 * Feed it text as it comes; it calls back for each complete datagram.
 */
export class SocatDumpParser {
  readonly #onDatagram: (text: string) => void;
  #pending = '';

  constructor(onDatagram: (text: string) => void) {
    this.#onDatagram = onDatagram;
  }

  feed(chunk: string): void {
    this.#pending += chunk;
    for (;;) {
      const header = /> [^\n]*length=(\d+)[^\n]*\n/.exec(this.#pending);
      if (header === null) return;
      const body = this.#pending.slice(header.index + header[0].length);
      // The bytes of one datagram may arrive in several pieces; until all are here nothing is taken.
      const bytes = new RegExp(`^(?:\\s+[0-9a-f]{2}){${header[1] ?? '0'}}`).exec(body);
      if (bytes === null) return;
      this.#pending = body.slice(bytes[0].length);
      this.#onDatagram(Buffer.from(bytes[0].replaceAll(/\s/g, ''), 'hex').toString('utf8'));
    }
  }
}

const OPEN_MS_MAX = 5000;

export interface NotifyReceiver {
  readonly socketPath: string;
  /** False once its program has ended: nothing is heard any more. */
  readonly isOpen: boolean;
  close(): void;
}

/**
 * Waits until the socket exists, so that a process started next can be heard from its first word.
 * @throws Error when it cannot be opened
 */
export async function openNotifyReceiver(
  socketPath: string,
  onMessage: (message: NotifyMessage) => void,
  clock: Clock,
): Promise<NotifyReceiver> {
  // What a receiver that was killed has left would count as the new one's.
  await rm(socketPath, { force: true });
  const words = ['socat', '-u', '-x', `UNIX-RECV:${socketPath},mode=666`, 'OPEN:/dev/null'];
  const [program, ...args] = diesWithParent(words);
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const parser = new SocatDumpParser((text) => {
    onMessage(parseNotifyMessage(text));
  });
  child.stderr?.setEncoding('latin1').on('data', (chunk: string) => {
    parser.feed(chunk);
  });
  const ending: { how?: string } = {};
  child.on('error', (error) => (ending.how = error.message));
  child.on('exit', (code, signal) => (ending.how = String(signal ?? code)));
  for (let waitedMs = 0; !existsSync(socketPath); waitedMs += 5) {
    if (ending.how !== undefined || waitedMs >= OPEN_MS_MAX) {
      child.kill('SIGKILL');
      throw new Error(`${socketPath} cannot be opened by socat: ${ending.how ?? 'it takes too long'}`);
    }
    await clock.sleep(5);
  }
  return {
    socketPath,
    get isOpen() {
      return ending.how === undefined;
    },
    close: () => child.kill('SIGKILL'),
  };
}
