/**
 * The supervisor of one machine of the box, started by the boot script inside the machine's namespaces. Argument: the
 * machine's state folder. Writes one JSON object per line to standard output: {"event":"report",...} for each service
 * that came up, crashed or was given up, {"event":"ready"} once all have been tried.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { RealClock } from '../../../cluster/base/clock.js';
import { callRpc, serveRpc, type RpcParams } from '../../../cluster/base/local-rpc.js';
import { renderNetworkSysctl, renderNode } from '../../../firmware-config/render/render-node.js';
import { writeRendered } from '../../../firmware-config/render/write-rendered.js';
import { planServices } from '../../../firmware-config/services/plan-services.js';
import { run } from '../shell.js';
import { fillDisk, freeDisk } from './fill-disk.js';
import { findAddresses, findOpenFilesHardMax } from './inspect.js';
import { inspectMachine } from './inspection.js';
import { machineLayout, type MachineDocuments } from './machine-layout.js';
import { sendSignal } from './send-signal.js';
import { Supervisor } from './supervisor.js';
import { openUserTable } from './user-table.js';

/** A planned move may take five seconds. */
const NODE_DEADLINE_MS = 7000;

const clock = new RealClock();
const layout = machineLayout(process.argv[2] ?? '');

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

const { site, node, calls } = JSON.parse(await readFile(layout.documents, 'utf8')) as MachineDocuments;
const services = planServices(site, node);

const users = await openUserTable(
  (path, text) => appendFile(path, text),
  [
    ...services.flatMap((service) => [
      service,
      ...service.directories.map(({ owner, group }) => ({ user: owner, group })),
    ]),
  ],
);
await writeRendered(renderNode(site, node, calls));
const settings = Object.entries(renderNetworkSysctl(site, node)).map(([name, value]) => `${name}=${value}`);
if (settings.length > 0) await run(['sysctl', '-qw', ...settings], { clock });
await mkdir(layout.logs, { recursive: true });
await mkdir('/run/notify', { recursive: true });

const supervisor = new Supervisor(services, {
  clock,
  logs: layout.logs,
  sockets: '/run/notify',
  openFilesHardMax: await findOpenFilesHardMax(),
  findIds: (user, group) => users.findIds(user, group),
  onReport: (report) => {
    tell({ event: 'report', ...report });
  },
});

/** Sends a signal to a service's processes and, when `thenMs` is given, SIGCONT after that time. */
async function signalService(params: RpcParams): Promise<unknown> {
  const { service, signal, thawAfterMs } = params;
  const pids = await supervisor.pidsOf(String(service));
  const send = (name: NodeJS.Signals): void => {
    for (const pid of pids) sendSignal(pid, name);
  };
  send(String(signal) as NodeJS.Signals);
  if (typeof thawAfterMs === 'number') {
    await clock.sleep(thawAfterMs);
    send('SIGCONT');
  }
  return { pids: pids.length };
}

/** By the socket that the service has for its own machine. */
function askService(service: 'node' | 'calls', method: unknown, params: unknown): Promise<unknown> {
  return callRpc({
    path: `${node.paths.run}/${service}/admin.sock`,
    method: String(method),
    params: params as RpcParams,
    deadlineMs: NODE_DEADLINE_MS,
    clock,
  });
}

const server = await serveRpc(layout.socket, {
  status: async () => ({
    services: supervisor.status(),
    addresses: await findAddresses(node.interface, clock),
  }),
  inspect: () =>
    inspectMachine({ documents: { site, node, calls }, services: () => supervisor.status(), clock }),
  fillDisk: async () => ({ bytes: await fillDisk(node.paths.data, clock) }),
  freeDisk: () => freeDisk(node.paths.data),
  signal: signalService,
  askNode: ({ method, params }) => askService('node', method, params),
  askCalls: ({ method, params }) => askService('calls', method, params),
});

async function stop(): Promise<void> {
  await supervisor.stop();
  await server.close();
  process.exit(0);
}
process.once('SIGTERM', () => void stop());

await supervisor.start();
tell({ event: 'ready' });
