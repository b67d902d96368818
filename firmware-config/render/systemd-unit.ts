/**
 * systemd units (Debian 12: 252) of a node's services. The same ServiceSpec runs under the supervisor of the box, so
 * wherever systemd leaves a choice, it is made as there. Pure.
 */
import type { NodeDocument } from '../schema/node.js';
import type { Command, DirectorySpec, ServiceSpec } from '../services/service-spec.js';
import { nftablesPath } from './nftables.js';
import { sandboxLines } from './systemd-sandbox.js';

/** A process that has not said READY=1 by then is ended. */
const READY_DEADLINE_SECONDS = 15;

const PACKET_FILTER_UNIT = 'wardline-packet-filter.service';

export function unitName(serviceName: string): string {
  return `wardline-${serviceName}.service`;
}

/**
 * One word of a command line: systemd splits at spaces and replaces % and $ (systemd.service(5)).
 * @throws RangeError for a line break, which no quoting carries: the whole unit would not load
 */
function quoteWord(word: string): string {
  if (/[\r\n]/.test(word))
    throw new RangeError(`a line break in a word of a command: ${JSON.stringify(word)}`);
  const literal = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@:.,/+=%$-]+$/.test(literal)) return literal;
  return `"${literal.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function commandLine(command: readonly string[]): string {
  return command.map(quoteWord).join(' ');
}

/** With root's rights and outside of the sandbox ("+"): what is made here is what the sandbox then shows. */
function asRoot(directive: 'ExecStartPre' | 'ExecStopPost', command: Command): string {
  return `${directive}=+${commandLine(command)}`;
}

/** Not RuntimeDirectory=: systemd empties that at each stop, and live state outlives the process that wrote it. */
function makeDirectory({ path, mode, owner, group }: DirectorySpec): Command {
  return ['install', '-d', '-m', mode.toString(8).padStart(4, '0'), '-o', owner, '-g', group, path];
}

/** `sys-subsystem-net-devices-eth0.device`, escaped as systemd-escape(1) does it. */
function deviceUnit(interfaceName: string): string {
  const escaped = interfaceName.replace(/^\.|-/g, (one) => (one === '-' ? '\\x2d' : '\\x2e'));
  return `sys-subsystem-net-devices-${escaped}.device`;
}

function unitSection(spec: ServiceSpec, node: NodeDocument): string[] {
  const services = [...spec.after.map(unitName), PACKET_FILTER_UNIT];
  const needsInterface = spec.needs.includes('packets');
  const wanted = [...services, ...(needsInterface ? [deviceUnit(node.interface)] : [])].join(' ');
  return [
    '[Unit]',
    `Description=Wardline: ${spec.description}`,
    '# Not network-online: it waits for a link, and addresses are bound before they are there (ip_nonlocal_bind).',
    `After=network.target ${wanted}`,
    '# Not Requires: what one service lacks is its own affair, and a restart of one restarts no other.',
    `Wants=${wanted}`,
    '# The first start counts, too.',
    `StartLimitIntervalSec=${String(spec.restartsWindowSeconds)}`,
    `StartLimitBurst=${String(spec.restartsMax + 1)}`,
  ];
}

function readinessLines({ readiness, needs }: ServiceSpec): string[] {
  if (readiness === 'started') return ['Type=exec'];
  if (!needs.includes('nodejs')) return ['Type=notify'];
  return [
    'Type=notify',
    '# The message comes from systemd-notify, a child of the service (cluster/base/service-notify.ts).',
    'NotifyAccess=all',
  ];
}

function processLines(spec: ServiceSpec): string[] {
  const { watchdogSeconds, openFilesMax } = spec;
  const user = spec.user === 'root' ? [] : [`User=${spec.user}`, `Group=${spec.group}`];
  const environment = Object.entries(spec.environment).map(
    ([name, value]) => `Environment="${name}=${value.replaceAll('%', '%%').replaceAll(/["\\]/g, '\\$&')}"`,
  );
  return [
    ...readinessLines(spec),
    ...user,
    ...environment,
    ...[...spec.directories.map(makeDirectory), ...spec.prepare].map((one) => asRoot('ExecStartPre', one)),
    `ExecStart=${commandLine(spec.command)}`,
    ...spec.cleanUp.map((one) => asRoot('ExecStopPost', one)),
    'Restart=always',
    `RestartSec=${String(spec.restartDelayMs)}ms`,
    `TimeoutStartSec=${String(READY_DEADLINE_SECONDS)}`,
    `TimeoutStopSec=${String(spec.stopTimeoutSeconds)}`,
    '# The main process is asked to stop; what it leaves behind is ended.',
    'KillMode=mixed',
    `KillSignal=${spec.stopSignal}`,
    ...(watchdogSeconds === undefined ? [] : [`WatchdogSec=${String(watchdogSeconds)}`]),
    ...(openFilesMax === undefined ? [] : [`LimitNOFILE=${String(openFilesMax)}`]),
    `OOMScoreAdjust=${String(spec.outOfMemoryScore)}`,
  ];
}

const STARTED_BY: Readonly<Record<ServiceSpec['startedBy'], readonly string[]>> = {
  boot: ['[Install]', 'WantedBy=multi-user.target'],
  nodeService: [
    '# No [Install]: the node service starts it, once it has checked the epoch (continuity rule 22).',
  ],
};

/** @returns the file `unitName(spec.name)` */
export function renderSystemdUnit(spec: ServiceSpec, node: NodeDocument): string {
  const lines = [
    ...unitSection(spec, node),
    '',
    '[Service]',
    ...processLines(spec),
    ...sandboxLines(spec),
    '',
    ...STARTED_BY[spec.startedBy],
  ];
  return `${lines.join('\n')}\n`;
}

/** The unit that loads the packet filter before there is a network. */
export function renderPacketFilterUnit(node: NodeDocument): {
  readonly name: string;
  readonly content: string;
} {
  const load = commandLine(['/usr/sbin/nft', '-f', nftablesPath(node)]);
  const lines = [
    '[Unit]',
    'Description=Wardline: packet filter',
    'DefaultDependencies=no',
    "# Debian's unit empties every table whenever it starts or reloads: ours is loaded again after it.",
    'After=nftables.service',
    'PartOf=nftables.service',
    'ReloadPropagatedFrom=nftables.service',
    'Wants=network-pre.target',
    'Before=network-pre.target shutdown.target',
    'Conflicts=shutdown.target',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    `ExecStart=${load}`,
    `ExecReload=${load}`,
    ...sandboxLines({ user: 'root', capabilities: ['net_admin'], needs: ['interfaces'], writablePaths: [] }),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  return { name: PACKET_FILTER_UNIT, content: `${lines.join('\n')}\n` };
}
