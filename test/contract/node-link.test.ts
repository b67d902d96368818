import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { RealClock } from '../../cluster/base/clock.js';
import { openLog } from '../../cluster/base/log.js';
import { NodeLink } from '../../cluster/node-link/node-link.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { waitFor } from '../support/wait.js';

const clock = new RealClock();
const log = openLog({ name: 'test', level: 'silent' });
const A = { id: 'a', address: '127.0.0.2' };
const B = { id: 'b', address: '127.0.0.3' };

type Message = Readonly<Record<string, unknown>>;

/** One end, and what it has seen. */
class End {
  readonly link: NodeLink;
  readonly messages: Message[] = [];
  ups = 0;
  downs = 0;

  constructor(own: typeof A, partner: typeof A, port: number, siteKey: Buffer) {
    this.link = new NodeLink({
      ...{ own, partner, port, siteKey, clock, log },
      onUp: () => {
        this.ups += 1;
      },
      onDown: () => {
        this.downs += 1;
      },
      onMessage: (message) => {
        if (message['kind'] === 'bang') throw new Error('a handler that fails');
        this.messages.push(message);
      },
    });
    this.link.start();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, B.address, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Between the two: what it is told to hold back arrives nowhere, and nobody is told. */
class Hold {
  readonly #sockets: Socket[] = [];
  readonly server: Server;
  isHeld = false;

  constructor(port: number, to: number) {
    this.server = createServer((near) => {
      const far = connect(to, B.address);
      this.#sockets.push(near, far);
      this.#pipe(near, far);
      this.#pipe(far, near);
    });
    this.server.listen(port, '127.0.0.4');
  }

  #pipe(from: Socket, to: Socket): void {
    from.on('data', (data: Buffer) => {
      if (!this.isHeld) to.write(data);
    });
    from.on('error', () => undefined);
    from.on('close', () => to.destroy());
  }

  /** Every connection, once. */
  cut(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

/** Two ends that are up, with what can hold them back between them. */
async function openHeld(t: TestContext): Promise<{ a: End; b: End; hold: Hold }> {
  const [port, between, key] = [await freePort(), await freePort(), randomBytes(32)];
  const hold = new Hold(between, port);
  const b = new End(B, A, port, key);
  const a = new End(A, { id: 'b', address: '127.0.0.4' }, between, key);
  t.defer(() => {
    a.link.stop();
    b.link.stop();
    hold.close();
  });
  await waitFor('up', () => a.link.isUp && b.link.isUp);
  return { a, b, hold };
}

spec('the link of two nodes', (it) => {
  it('carries messages both ways in order, and a handler that fails costs one message', async (t) => {
    const [port, key] = [await freePort(), randomBytes(32)];
    const [a, b] = [new End(A, B, port, key), new End(B, A, port, key)];
    t.defer(() => {
      a.link.stop();
      b.link.stop();
    });
    await waitFor('both ends up', () => a.link.isUp && b.link.isUp);
    for (let number = 0; number < 1000; number += 1) assert.ok(a.link.send({ kind: 'count', number }));
    b.link.send({ kind: 'bang' });
    b.link.send({ kind: 'after', text: '胸痛' });
    await waitFor('all messages', () => b.messages.length === 1000 && a.messages.length === 1);
    assert.equal(
      b.messages.map(({ number }) => number),
      Array.from({ length: 1000 }, (_, number) => number),
    );
    assert.equal(a.messages, [{ kind: 'after', text: '胸痛' }]);
  });

  it('is down when the other end has gone, and up again when it is back', async (t) => {
    const [port, key] = [await freePort(), randomBytes(32)];
    const a = new End(A, B, port, key);
    let b = new End(B, A, port, key);
    t.defer(() => {
      a.link.stop();
      b.link.stop();
    });
    await waitFor('up', () => a.link.isUp);
    b.link.stop();
    await waitFor('down', () => !a.link.isUp);
    assert.not.ok(a.link.send({ kind: 'lost' }));
    b = new End(B, A, port, key);
    await waitFor('up again', () => a.link.isUp && b.link.isUp);
    assert.equal([a.ups, a.downs], [2, 1]);
  });

  it('is down when nothing is heard, although nobody has closed it', async (t) => {
    const { a, b, hold } = await openHeld(t);
    hold.isHeld = true;
    await waitFor('both down', () => a.downs === 1 && b.downs === 1);
  });

  it('is up again, and stays up, when a connection was closed at an end that goes on', async (t) => {
    const { a, b, hold } = await openHeld(t);
    hold.cut();
    await waitFor('up again', () => a.ups > 1 && b.ups > 1);
    await clock.sleep(1000);
    assert.equal([a.link.isUp, b.link.isUp, a.ups, b.ups], [true, true, 2, 2]);
  });

  it('is no link for whoever has not the key of the site, or is somebody else', async (t) => {
    const [port, key] = [await freePort(), randomBytes(32)];
    const b = new End(B, A, port, key);
    const stranger = new End(A, B, port, randomBytes(32));
    const third = new End({ id: 'X', address: '127.0.0.5' }, B, port, key);
    t.defer(() => {
      for (const { link } of [b, stranger, third]) link.stop();
    });
    const rubbish = connect(port, B.address);
    rubbish.on('error', () => undefined);
    rubbish.write(randomBytes(4096));
    await clock.sleep(600);
    rubbish.destroy();
    assert.equal([b.ups, stranger.ups, third.ups], [0, 0, 0]);
    const a = new End(A, B, port, key);
    t.defer(() => {
      a.link.stop();
    });
    await waitFor('the partner is let in', () => a.link.isUp && b.link.isUp);
  });
});
