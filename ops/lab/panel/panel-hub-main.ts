/**
 * The inner half of the way to the panel, in the hub's namespace: takes connections on a Unix socket in the state folder
 * and passes each to the first service address that accepts it. Its outer half is panel-forwarder.ts.
 *
 * Argument: one JSON object {socket, addresses, port}. Writes one line to standard output when it listens.
 */
import { rmSync } from 'node:fs';
import { RealClock } from '../../../cluster/base/clock.js';
import type { PanelHubArguments } from './panel-forwarder.js';
import { createRelay } from './relay.js';

const { socket, addresses, port } = JSON.parse(process.argv[2] ?? '{}') as PanelHubArguments;
const refusal = [
  `No panel answers on port ${String(port)} of ${addresses.join(', ')}.`,
  'The box may be starting, or every node may be off. See: npm run lab -- status\n',
].join('\n');
const targets = addresses.map((host) => ({ host, port }));
const server = createRelay({ targets, refusal, clock: new RealClock() });
// Left by one that was killed.
rmSync(socket, { force: true });
server.listen(socket, () => {
  process.stdout.write('ready\n');
});
