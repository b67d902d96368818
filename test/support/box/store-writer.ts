/** A writer to one node's store that runs beside a test; knows when each write was acknowledged. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { getSpace } from '../../../ops/lab/box-plan.js';
import type { Box } from '../../../ops/lab/box.js';
import { diesWithParent, inNamespace } from '../../../ops/lab/shell.js';
import { clock } from './test-box.js';

const PROGRAM = fileURLToPath(new URL('./store-writer-main.js', import.meta.url));

export class StoreWriter {
  readonly #child: ChildProcess;
  /** Monotonic ms of each acknowledgement. */
  readonly acksMs: number[] = [];

  constructor(box: Box, nodeAddress: string) {
    const { namespace } = getSpace(box.plan, 'his');
    const words = [process.execPath, PROGRAM, nodeAddress, '4001'];
    const [program, ...args] = diesWithParent(inNamespace(namespace, words));
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const nowMs = clock.monotonicMs();
      for (const line of chunk.split('\n')) if (line.startsWith('ack')) this.acksMs.push(nowMs);
    });
  }

  /** Monotonic ms of the first acknowledgement after a moment. */
  findAckAfter(atMs: number): number | undefined {
    return this.acksMs.find((ackMs) => ackMs > atMs);
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
