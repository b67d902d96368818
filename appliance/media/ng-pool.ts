/**
 * Several connections to the local rtpengine, one command at a time on each. Measured with 10.5.3: its threads write the
 * parts of their answers to one WebSocket as they come, so that two commands that end at the same moment may leave one
 * message without a beginning ("Error parsing message"), and a call without an answer for 1.5 s.
 */
import { NgConnection, type NgAnswer, type NgConnectionOptions } from './ng-connection.js';

const CONNECTIONS = 8;

type Command = Parameters<NgConnection['send']>[0];

export class NgPool {
  readonly #connections: readonly NgConnection[];
  readonly #idle: NgConnection[];
  readonly #waiting: ((connection: NgConnection) => void)[] = [];
  #isOpen = false;

  constructor(options: NgConnectionOptions) {
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

  open(): void {
    for (const one of this.#connections) one.open();
  }

  close(): void {
    for (const one of this.#connections) one.close();
  }

  /** @throws as `NgConnection.send` */
  async send(command: Command, options: object): Promise<NgAnswer> {
    const connection = await this.#take();
    try {
      return await connection.send(command, options);
    } finally {
      this.#give(connection);
    }
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
