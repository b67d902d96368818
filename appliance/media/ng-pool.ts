/**
 * Several connections to the local rtpengine, one command at a time on each. Measured with 10.5.3: its threads write the
 * parts of their answers to one WebSocket as they come, so that two commands that end at the same moment may leave one
 * message without a beginning ("Error parsing message"), and a call without an answer for 1.5 s.
 *
 * A relay that does not answer in time hangs: nobody waits for it any more, until it answers a ping.
 */
import { isOperatingError } from '../../cluster/base/errors.js';
import { mediaErrors } from './errors.js';
import { DEADLINE_MS, NgConnection, type NgAnswer, type NgConnectionOptions } from './ng-connection.js';

const CONNECTIONS = 8;
const PING_EVERY_MS = 250;
/** One that is well answers in a millisecond. */
const PING_MS_MAX = 300;

type Command = Parameters<NgConnection['send']>[0];

export class NgPool {
  readonly #connections: readonly NgConnection[];
  readonly #idle: NgConnection[];
  readonly #waiting: ((connection: NgConnection) => void)[] = [];
  readonly #options: NgConnectionOptions;
  #isHung = false;
  /** Of a relay that is in doubt: whoever asks meanwhile waits for it, and not for the relay. */
  #verdict: Promise<void> | undefined;
  #isOpen = false;
  #isClosed = false;

  constructor(options: NgConnectionOptions) {
    this.#options = options;
    const onReachable = (): void => {
      const isOpen = this.#connections.some((one) => one.isOpen);
      if (isOpen === this.#isOpen) return;
      this.#isOpen = isOpen;
      options.onReachable(isOpen);
    };
    this.#connections = Array.from(
      { length: CONNECTIONS },
      () => new NgConnection({ ...options, onReachable }),
    );
    this.#idle = [...this.#connections];
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** It is connected and says nothing. */
  get isHung(): boolean {
    return this.#isHung;
  }

  open(): void {
    for (const one of this.#connections) one.open();
  }

  close(): void {
    this.#isClosed = true;
    for (const one of this.#connections) one.close();
  }

  /** @throws as `NgConnection.send`; at once while it hangs */
  async send(command: Command, options: object): Promise<NgAnswer> {
    await this.#verdict;
    if (this.#isHung) throw mediaErrors.MEDIA_NO_ANSWER({ command, deadlineMs: DEADLINE_MS });
    try {
      return await this.#send(command, options);
    } catch (error) {
      if (isOperatingError(error, 'MEDIA_NO_ANSWER')) void this.#check();
      throw error;
    }
  }

  async #send(command: Command, options: object): Promise<NgAnswer> {
    const connection = await this.#take();
    try {
      return await connection.send(command, options);
    } finally {
      this.#give(connection);
    }
  }

  /** One answer may be lost; a relay that does not answer a ping either hangs. */
  async #check(): Promise<void> {
    if (this.#verdict !== undefined) return;
    const { clock } = this.#options;
    let settle = (): void => undefined;
    this.#verdict = new Promise((resolve) => {
      settle = resolve;
    });
    const doubt = clock.schedule(PING_MS_MAX, () => {
      this.#setHung(true);
      settle();
    });
    while (!this.#isClosed) {
      try {
        await this.#send('ping', {});
        break;
      } catch {
        this.#setHung(true);
        await clock.sleep(PING_EVERY_MS);
      }
    }
    doubt.cancel();
    this.#verdict = undefined;
    this.#setHung(false);
    settle();
  }

  #setHung(isHung: boolean): void {
    if (this.#isHung === isHung) return;
    this.#isHung = isHung;
    const { log } = this.#options;
    if (isHung) log.error({}, 'rtpengine does not answer: new calls go elsewhere, emergencies without it');
    else log.info({}, 'rtpengine answers again');
  }

  /** One that is open, if there is any. */
  async #take(): Promise<NgConnection> {
    const open = this.#idle.findIndex((one) => one.isOpen);
    const [taken] = this.#idle.splice(Math.max(0, open), 1);
    return taken ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(connection: NgConnection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }
}
