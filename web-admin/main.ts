/**
 * The panel of one node: parse, open, listen, announce ready, wait, stop.
 *
 *     node dist/web-admin/main.js --site <site document> --node <node document>
 *
 * Plain HTTP on the service LAN, without login, because the page shows nothing but the state of the node; TLS and
 * login come with the panel itself and must be there before anything can be changed here.
 */
import { get } from 'node:http';
import { RealClock } from '../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../cluster/base/errors.js';
import { openLog } from '../cluster/base/log.js';
import { systemRng } from '../cluster/base/rng.js';
import { openServiceNotify } from '../cluster/base/service-notify.js';
import { readDocuments } from '../firmware-config/read-documents.js';
import { panelErrors } from './errors.js';
import { FileStatusSource } from './file-status-source.js';
import { buildServer } from './server.js';

/** A service address comes and goes: listening on every address means that it is answered from its first packet. */
const EVERY_ADDRESS = '0.0.0.0';
const STOP_MS_MAX = 2000;
const ALIVE_MS_MAX = 1000;

/** Asks itself from outside, so that a panel that has stopped answering is restarted. */
function answersHealthz(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/healthz', timeout: ALIVE_MS_MAX }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}

async function main(): Promise<void> {
  const { site, node: nodeDocument, own: node } = await readDocuments(process.argv.slice(2));
  const clock = new RealClock();
  const log = openLog({ name: 'admin', node: node.id, level: nodeDocument.logLevel });
  const status = new FileStatusSource({ path: `${nodeDocument.paths.run}/node/status.json`, clock });
  const homes = new Map<string, string>();
  for (const { id, serviceAddress } of site.nodes)
    if (serviceAddress !== undefined) homes.set(serviceAddress, id);
  const server = buildServer({ status, clock, rng: systemRng(), log }, { node, homes });

  const { panel: port } = site.ports;
  await server.listen({ host: EVERY_ADDRESS, port }).catch((error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error);
    throw panelErrors.PANEL_CANNOT_LISTEN({ port, problem }, error);
  });
  const { NOTIFY_SOCKET, WATCHDOG_USEC } = process.env;
  const notify = openServiceNotify({ socketPath: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, clock, log });
  notify.ready(`panel on port ${String(port)}`);
  notify.startWatchdog(() => answersHealthz(port));

  process.once('SIGTERM', () => {
    notify.stop();
    clock.schedule(STOP_MS_MAX, () => process.exit(1));
    void server.close().then(() => process.exit(0));
  });
}

main().catch((error: unknown) => {
  const sentence = isOperatingError(error) ? `${error.message}\n${error.action}` : describeErrorChain(error);
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
});
