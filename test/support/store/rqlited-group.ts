/** Real rqlited processes on the loopback, one or three, that can be killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { RealClock } from '../../../cluster/base/clock.js';
import { RqliteClient } from '../../../cluster/store/rqlite-client.js';
import { findRqlited } from '../../../ops/lab/find-rqlited.js';
import { projectRoot } from '../project-files.js';
import type { TestContext } from '../spec.js';
import { waitFor } from '../wait.js';
import { makeFolder } from './make-folder.js';

const HOST = '127.0.0.1';
const clock = new RealClock();

export class Rqlited {
  readonly port: number;
  readonly client: RqliteClient;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  constructor(t: TestContext, id: string, port: number, more: readonly string[] = []) {
    this.port = port;
    this.client = new RqliteClient({ host: HOST, port, clock });
    const addresses = ['-http-addr', `${HOST}:${String(port)}`, '-raft-addr', `${HOST}:${String(port + 1)}`];
    this.#arguments = ['-node-id', id, ...addresses, ...more, makeFolder(t)];
    t.defer(() => this.kill());
  }

  start(): void {
    this.#child = spawn(findRqlited(undefined, projectRoot), this.#arguments, { stdio: 'ignore' });
  }

  /** Until it is ready to be written to. */
  async whenReady(): Promise<void> {
    const options = { deadlineMs: 20_000, intervalMs: 50 };
    await waitFor('rqlited is ready', () => this.client.isReady(500), options);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

export async function startRqlited(t: TestContext): Promise<Rqlited> {
  const rqlited = new Rqlited(t, 'a', t.rng.integer(30_000, 38_000));
  rqlited.start();
  await rqlited.whenReady();
  return rqlited;
}

/** Three voters with the timers of the product. */
export async function startRqlitedGroup(t: TestContext): Promise<readonly Rqlited[]> {
  const first = t.rng.integer(30_000, 38_000);
  const ports = [first, first + 2, first + 4];
  const join3 = ports.map((port) => `${HOST}:${String(port + 1)}`).join(',');
  const timers = [
    '-raft-timeout',
    '300ms',
    '-raft-election-timeout',
    '300ms',
    '-raft-leader-lease-timeout',
    '300ms',
  ];
  const cluster = ['-bootstrap-expect', '3', '-join', join3];
  const group = ports.map(
    (port, index) => new Rqlited(t, `n${String(index)}`, port, [...timers, ...cluster]),
  );
  for (const rqlited of group) rqlited.start();
  for (const rqlited of group) await rqlited.whenReady();
  return group;
}
