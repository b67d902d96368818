/**
 * Writes a row through one rqlited every 20 ms, whatever has become of the attempts before, and prints "ack N" for each
 * that was acknowledged: an attempt that hangs on a dead leader hides no later one. Runs in a namespace of a box.
 * Arguments: address, port.
 */
import { RealClock } from '../../../cluster/base/clock.js';
import { RqliteClient } from '../../../cluster/store/rqlite-client.js';

const ATTEMPT_MS_MAX = 1000;
const INTERVAL_MS = 20;

const clock = new RealClock();
const [host = '', port = ''] = process.argv.slice(2);
const store = new RqliteClient({ host, port: Number(port), clock });
const writer = `${host}:${String(process.pid)}`;
const TABLE =
  'CREATE TABLE IF NOT EXISTS bench_row (writer TEXT, number INTEGER, PRIMARY KEY (writer, number))';

async function write(number: number): Promise<void> {
  try {
    await store.execute([['INSERT OR IGNORE INTO bench_row VALUES (?, ?)', writer, number]], ATTEMPT_MS_MAX);
    process.stdout.write(`ack ${String(number)}\n`);
  } catch {
    // Unknown or refused: it is not counted as written, and the next has another number.
  }
}

await store.execute([[TABLE]], 5000);
for (let number = 0; ; number += 1) {
  void write(number);
  await clock.sleep(INTERVAL_MS);
}
