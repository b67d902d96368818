/**
 * Receives what supervised processes say through NOTIFY_SOCKET (sd_notify(3)). Node has no Unix datagram sockets,
 * so a socat per service receives; its hex dump keeps the boundaries between datagrams, which its plain output
 * loses ("STATUS=x" followed by "READY=1" would become one line).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
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

export interface NotifyReceiver {
  readonly socketPath: string;
  close(): void;
}

/** Waits until the socket exists, so that a process started next can be heard from its first word. */
export async function openNotifyReceiver(
  socketPath: string,
  onMessage: (message: NotifyMessage) => void,
  clock: Clock,
): Promise<NotifyReceiver> {
  const [program, ...args] = diesWithParent([
    'socat',
    '-u',
    '-x',
    `UNIX-RECV:${socketPath},mode=666`,
    'OPEN:/dev/null',
  ]);
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const parser = new SocatDumpParser((text) => {
    onMessage(parseNotifyMessage(text));
  });
  child.stderr?.setEncoding('latin1').on('data', (chunk: string) => {
    parser.feed(chunk);
  });
  for (let waitedMs = 0; !existsSync(socketPath) && waitedMs < 5000; waitedMs += 5) await clock.sleep(5);
  return { socketPath, close: () => child.kill('SIGKILL') };
}
