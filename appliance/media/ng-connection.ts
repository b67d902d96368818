/**
 * The control protocol of the local rtpengine over a WebSocket: the only file that knows the package
 * rtpengine-client. It adds what the package lacks (facts/rtpengine.md section 9): a listener for its 'error' events,
 * which otherwise end the process; errors that say what was asked; one more try when the connection broke; a reconnect
 * in a tenth of a second instead of two. One command at a time: see ng-pool.ts.
 */

import client, { type Command, type WsClient } from 'rtpengine-client';
import type { Clock } from '../../cluster/base/clock.js';
import type { Log } from '../../cluster/base/log.js';
import { mediaErrors } from './errors.js';

/** What rtpengine writes to its Redis may take half a second when that hangs (facts/rtpengine.md, trap C). */
export const DEADLINE_MS = 1500;
const RECONNECT_MS = 100;

export type NgAnswer = Readonly<Record<string, unknown>>;

export interface NgConnectionOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onReachable: (isReachable: boolean) => void;
}

export class NgConnection {
  readonly #options: NgConnectionOptions;
  #client: WsClient | undefined;
  #isOpen = false;
  #isClosed = false;

  constructor(options: NgConnectionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  open(): void {
    if (this.#isClosed) return;
    const { url, clock, log } = this.#options;
    const one = new client.WsClient({ url, timeout: DEADLINE_MS });
    this.#client = one;
    one.on('listening', () => {
      this.#setOpen(true);
    });
    one.on('error', (error: unknown) => {
      // Refused connections, and answers that came after their deadline.
      log.debug({ err: error }, 'connection to rtpengine');
    });
    one.on('close', () => {
      // Its own way to connect again is too slow, and two of them would be one too many.
      one._connect = () => undefined;
      this.#setOpen(false);
      clock.schedule(RECONNECT_MS, () => {
        this.open();
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#client?.close();
  }

  /**
   * @returns what rtpengine answered
   * @throws MEDIA_UNREACHABLE, MEDIA_NO_ANSWER, MEDIA_REFUSED
   */
  async send(command: Command, options: object): Promise<NgAnswer> {
    const answer = await this.#sendTwice(command, options);
    if (answer['result'] === 'ok' || answer['result'] === 'pong') return answer;
    const { 'error-reason': told } = answer;
    const reason = typeof told === 'string' ? told.slice(0, 200) : 'it gives no reason';
    throw mediaErrors.MEDIA_REFUSED({ command, reason });
  }

  /** The same command again is a new one with the same descriptions and tags: rtpengine answers it as the first. */
  async #sendTwice(command: Command, options: object): Promise<NgAnswer> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + DEADLINE_MS;
    for (;;) {
      try {
        return await this.#sendOnce(command, options);
      } catch (error) {
        const isLate = clock.monotonicMs() >= untilMs;
        if (isLate && this.#isOpen)
          throw mediaErrors.MEDIA_NO_ANSWER({ command, deadlineMs: DEADLINE_MS }, error);
        if (isLate || this.#isClosed) throw mediaErrors.MEDIA_UNREACHABLE({ command }, error);
        await clock.sleep(RECONNECT_MS / 2);
      }
    }
  }

  async #sendOnce(command: Command, options: object): Promise<NgAnswer> {
    const one = this.#client;
    if (one === undefined || !this.#isOpen) throw new Error('the connection is not open');
    let onClose: (() => void) | undefined;
    const broken = new Promise<never>((_resolve, reject) => {
      onClose = () => {
        reject(new Error('the connection broke'));
      };
      one.once('close', onClose);
    });
    try {
      return (await Promise.race([one.send_internal(command, options), broken])) as NgAnswer;
    } finally {
      if (onClose !== undefined) one.off('close', onClose);
    }
  }

  #setOpen(isOpen: boolean): void {
    if (this.#isOpen === isOpen) return;
    this.#isOpen = isOpen;
    this.#options.onReachable(isOpen);
  }
}
