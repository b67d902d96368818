/**
 * The network of the suite, run inside of namespaces of its own (network and mounts): addresses, names, engines and
 * the sipp processes that answer calls. Says `testbed ready`; ends with SIGTERM, and all of it with the process.
 *
 * Arguments: the suite's folder (suite-folder.ts), the compiled main of the engine.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RealClock } from '../../../cluster/base/clock.js';
import { diesWithParent, run } from '../../../ops/lab/shell.js';
import { notYet, waitFor } from '../wait.js';
import type { SuiteHost } from './compose-file.js';
import { answerDnsQuery } from './dns-answer.js';
import { answererWords, spawnSipp } from './sipp.js';
import { CONTROL_PORT, CONTROL_SECRET, readSettings } from './suite-folder.js';

/** Where the names are served; with its prefix on loopback, callers may have any address of the subnet. */
const NAMES_ADDRESS = '172.29.0.1';
const SIP_PORT = 5060;
const DNS_PORT = 53;

const [folder = '', engineMain = ''] = process.argv.slice(2);
const clock = new RealClock();
const children: ChildProcess[] = [];

/** All on loopback; the engine speaks only for addresses that an interface has, so the subnet alone is not enough. */
async function openNetwork(hosts: readonly SuiteHost[]): Promise<void> {
  const addresses = [NAMES_ADDRESS, ...hosts.map(({ address }) => address)];
  const lines = addresses.map((address) => `address add ${address}/16 dev lo`);
  await run(['ip', '-batch', '-'], { clock, input: ['link set lo up', ...lines, ''].join('\n') });
}

/** The engine resolves the suite's names as it resolves all names: with the servers of /etc/resolv.conf. */
async function openNames(hosts: readonly SuiteHost[]): Promise<void> {
  const addresses = new Map(hosts.map(({ name, address }) => [name, address]));
  const socket = createSocket('udp4', (query, { port, address }) => {
    const answer = answerDnsQuery(query, addresses);
    if (answer !== undefined) socket.send(answer, port, address);
  });
  socket.bind(DNS_PORT, NAMES_ADDRESS);
  await once(socket, 'listening');
  const path = join(folder, 'resolv.conf');
  await writeFile(path, `nameserver ${NAMES_ADDRESS}\n`);
  await run(['mount', '--bind', path, '/etc/resolv.conf'], { clock });
}

async function startEngine({ name, address }: SuiteHost): Promise<void> {
  const log = join(folder, 'logs', `${name}.log`);
  const file = openSync(log, 'w');
  const [program, ...args] = diesWithParent([
    process.execPath,
    '--enable-source-maps',
    engineMain,
    ...['--control', `${address}:${String(CONTROL_PORT)}`],
    ...['--secret', CONTROL_SECRET],
    ...['--listen', `udp:${address}:${String(SIP_PORT)}`],
  ]);
  children.push(spawn(program, args, { stdio: ['ignore', file, file] }));
  await waitFor(`the engine ${name} is ready`, async () => {
    const text = await readFile(log, 'utf8');
    return /^sip-engine ready/m.test(text) || notYet(text);
  });
}

/** Local address and port as /proc/net/udp writes them: hexadecimal, the address in the order of this machine. */
function socketText(address: string): string {
  const bytes = Buffer.from(address.split('.').map(Number)).reverse();
  return `${bytes.toString('hex').toUpperCase()}:${SIP_PORT.toString(16).toUpperCase()}`;
}

async function startAnswerer(host: SuiteHost & { readonly scenario: string }): Promise<void> {
  const child = spawnSipp(answererWords(folder, host));
  children.push(child);
  child.stdout?.resume();
  child.stderr?.resume();
  await waitFor(`${host.name} listens`, async () =>
    (await readFile('/proc/net/udp', 'utf8')).includes(socketText(host.address)),
  );
}

async function start({ scenario, ...host }: SuiteHost): Promise<void> {
  if (scenario === undefined) await startEngine(host);
  else await startAnswerer({ ...host, scenario });
}

async function stop(): Promise<never> {
  const ends = children.filter((child) => child.exitCode === null).map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ends);
  process.exit(0);
}

process.on('SIGTERM', () => void stop());
const { hosts, hostsOfTests } = await readSettings(folder);
await openNetwork(hosts);
await openNames([...hosts, ...hostsOfTests]);
await Promise.all(hosts.map(start));
process.stdout.write('testbed ready\n');
