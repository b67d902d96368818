/**
 * A process that opens and closes calls as fast as the clock lets it, by way of a journal, until it is killed. Prints
 * `durable N` when all of the calls up to N are on the disk, and `closed N` with the number of orphans at the start.
 * With `drain` it opens no call: it ends when everything is in the store.
 * Arguments: folder of the journal, port of rqlited, number of the first call, `calls` or `drain`.
 */
import { RealClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import { systemRng } from '../../../cluster/base/rng.js';
import { RqliteClient } from '../../../cluster/store/rqlite-client.js';
import { openCallRecords } from './open-call-records.js';

const CALLS_PER_TURN = 3;
const TURN_MS = 4;

const [folder = '', port = '', first = '', mode = ''] = process.argv.slice(2);
const clock = new RealClock();
const log = openLog({ name: 'call-writer', level: 'silent' });
const store = new RqliteClient({ host: '127.0.0.1', port: Number(port), clock });
const { outbox, writer, records } = await openCallRecords({ folder, store, clock, log, rng: systemRng() });

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function makeCall(number: number): void {
  const callId = `call-${String(number)}`;
  const openedWallMs = clock.wallMs();
  records.open({ callId, generation: 1, direction: 'inbound', caller: '1', dialled: '2', openedWallMs });
  records.step(callId, { kind: 'queued' }, { department: 'fever' });
  if (number % 2 === 0) records.close(callId, { reason: 'completed' });
}

say(`closed ${String(records.closeOrphans('processDied', new Set()).length)}`);
writer.start();
if (mode === 'drain') {
  while (writer.backlog().entries > 0) await clock.sleep(TURN_MS);
  process.exit(0);
}
for (let number = Number(first); ; number += CALLS_PER_TURN) {
  for (let more = 0; more < CALLS_PER_TURN; more += 1) makeCall(number + more);
  const last = number + CALLS_PER_TURN - 1;
  void outbox.whenDurable().then((isDurable) => {
    if (isDurable) say(`durable ${String(last)}`);
  });
  await clock.sleep(TURN_MS);
}
