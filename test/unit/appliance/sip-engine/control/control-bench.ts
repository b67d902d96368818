/** A control server with virtual time, and applications as raw sockets, for the tests of this folder. */
import { connect, type Socket } from 'node:net';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { openLog } from '../../../../../cluster/base/log.js';
import { seededRng } from '../../../../../cluster/base/rng.js';
import { FrameDecoder } from '../../../../../appliance/sip-engine/control/control-framing.js';
import {
  ControlServer,
  type ControlServerOptions,
} from '../../../../../appliance/sip-engine/control/control-server.js';
import type { TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';

export const GREETING = {
  hostports: ['tcp/10.0.0.1:5060', 'udp/10.0.0.1:5060'],
  localHostports: ['udp/192.168.0.1:5060'],
  version: 'v0.9.10',
};

export interface Bench {
  readonly server: ControlServer;
  readonly clock: FakeClock;
  readonly port: number;
  /** What the handlers were told, in order. */
  readonly told: string[];
  /** Everything that was logged, as text. */
  readonly logged: string[];
  readonly connect: () => Promise<Client>;
  /** Connected and authenticated, with these routes. */
  readonly application: (tags?: string, ...routes: string[]) => Promise<Client>;
}

/** An application as raw as can be: a socket and the payloads that came. */
export class Client {
  readonly socket: Socket;
  readonly payloads: string[] = [];
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new FrameDecoder((payload) => this.payloads.push(payload.toString('utf8')));
    socket.on('data', (chunk) => decoder.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  say(...payloads: string[]): void {
    this.socket.write(payloads.map((one) => `${String(Buffer.byteLength(one))}#${one}`).join(''));
  }

  /** What followed the message id in each payload. */
  get answers(): string[] {
    return this.payloads.map((payload) => payload.slice(37));
  }

  async gets(count: number): Promise<string[]> {
    await waitFor(`${String(count)} payloads`, () => this.payloads.length >= count, { intervalMs: 2 });
    return this.answers;
  }

  async closes(): Promise<string[]> {
    await waitFor('the connection to be closed', () => this.isClosed, { intervalMs: 2 });
    return this.answers;
  }
}

async function openClient(t: TestContext, port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  t.defer(() => socket.destroy());
  const client = new Client(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  return client;
}

export async function bench(t: TestContext, changes: Partial<ControlServerOptions> = {}): Promise<Bench> {
  const clock = new FakeClock();
  const told: string[] = [];
  const logged: string[] = [];
  const server = new ControlServer({
    secret: 'cymru',
    greeting: () => GREETING,
    handlers: {
      onAuthenticated: (one) => told.push(`authenticated ${one.tags.join(',')}`),
      onApplicationReady: (one) => told.push(`ready ${one.routes.join(',')}`),
      onRouteAdded: (_, verb) => told.push(`route ${verb}`),
      onCommand: (_, command) => told.push(`command ${command.type}`),
      onApplicationGone: (_, reason) => told.push(`gone ${reason}`),
    },
    clock,
    rng: seededRng(t.seed),
    log: openLog({ name: 'test', level: 'debug', destination: { write: (line) => logged.push(line) } }),
    ...changes,
  });
  const { port } = await server.open({ host: '127.0.0.1', port: 0 });
  t.defer(() => closeNow(server, clock));
  const connectOne = (): Promise<Client> => openClient(t, port);
  const application = async (tags = '', ...routes: string[]): Promise<Client> => {
    const client = await connectOne();
    client.say(`i|authenticate|cymru|${tags}`, ...routes.map((verb) => `i|route|${verb}`));
    await client.gets(1 + routes.length);
    return client;
  };
  return { server, clock, port, told, logged, connect: connectOne, application };
}

export async function closeNow(server: ControlServer, clock: FakeClock): Promise<void> {
  const closed = server.close();
  await clock.advance(5000);
  await closed;
}
