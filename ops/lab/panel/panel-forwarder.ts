/**
 * The way from the host to the panel of a box: listeners on the host pass to a Unix socket, behind which a process in
 * the hub's namespace passes on to the service addresses (panel-hub-main.ts). No interface, route or rule of the host
 * is touched.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../cluster/base/clock.js';
import { opsErrors } from '../../errors.js';
import { diesWithParent, inNamespace } from '../shell.js';
import { createRelay } from './relay.js';

/** What panel-hub-main.ts is started with. */
export interface PanelHubArguments {
  readonly socket: string;
  /** Service addresses, tried in this order. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export interface PanelForwarderOptions {
  readonly hubNamespace: string;
  readonly hub: PanelHubArguments;
  readonly listen: readonly PanelListen[];
  readonly nodeProgram: string;
  readonly clock: Clock;
}

export interface PanelListen {
  readonly address: string;
  readonly port: number;
  /** When the port is taken, may it be one of the next? */
  readonly mayMove: boolean;
}

export const LOOPBACK = '127.0.0.1';
export const EVERY_ADDRESS = '0.0.0.0';

const PROGRAM = fileURLToPath(new URL('./panel-hub-main.js', import.meta.url));
const RESTART_DELAY_MS = 500;
const PORTS_TRIED = 50;
const REFUSAL = 'The way into the box is not open. See: npm run lab -- status\n';

export class PanelForwarder {
  readonly #options: PanelForwarderOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #child: ChildProcess | undefined;
  #isClosed = false;

  constructor(options: PanelForwarderOptions) {
    this.#options = options;
  }

  /**
   * @returns where it listens, in the order of `listen`
   * @throws LAB_BAD_ARGUMENT when it cannot listen there
   */
  async open(): Promise<readonly string[]> {
    await this.#spawn();
    const urls: string[] = [];
    for (const place of this.#options.listen) urls.push(await this.#listen(place));
    return urls;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers.splice(0)) server.close();
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Resolves when it listens, or has ended; one that ends is started again. Never rejects. */
  async #spawn(): Promise<void> {
    const { hubNamespace, hub, nodeProgram, clock } = this.#options;
    const command = [nodeProgram, '--enable-source-maps', PROGRAM, JSON.stringify(hub)];
    const [program, ...args] = diesWithParent(inNamespace(hubNamespace, command));
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    this.#child = child;
    await new Promise<void>((resolve) => {
      let hasEnded = false;
      const end = (): void => {
        resolve();
        if (hasEnded || this.#isClosed) return;
        hasEnded = true;
        clock.schedule(RESTART_DELAY_MS, () => {
          if (!this.#isClosed) void this.#spawn();
        });
      };
      child.once('exit', end);
      // Such as too many processes: as good as ended.
      child.on('error', end);
      child.stdout.once('data', () => {
        resolve();
      });
    });
  }

  async #listen({ address, port, mayMove }: PanelListen): Promise<string> {
    const last = mayMove ? port + PORTS_TRIED : port;
    let problem = '';
    for (let candidate = port; candidate <= last; candidate += 1) {
      const server = createRelay({
        targets: [{ path: this.#options.hub.socket }],
        refusal: REFUSAL,
        clock: this.#options.clock,
      });
      try {
        server.listen({ host: address, port: candidate, exclusive: true });
        await once(server, 'listening');
        this.#adopt(server);
        const host = address === EVERY_ADDRESS ? LOOPBACK : address;
        return `https://${host}:${String(candidate)}/`;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        if (!problem.includes('EADDRINUSE')) break;
      }
    }
    throw opsErrors.LAB_BAD_ARGUMENT({
      argument: '--panel-listen',
      problem: `the panel cannot listen on ${address}:${String(port)} (${problem})`,
      fix: 'Name an address of this machine and a port that is free.',
    });
  }

  #adopt(server: Server): void {
    this.#servers.push(server);
    // Such as too many open files: whoever connects is turned away, and the box goes on.
    server.on('error', () => undefined);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }
}
