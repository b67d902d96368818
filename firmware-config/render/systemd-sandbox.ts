/**
 * The sandbox of a unit: the same for every service, loosened only by what the service needs, each time with the
 * reason. What it may not do fails with an error instead of ending it: a call that goes on without some luxury is
 * better than a call that ends. Pure.
 */
import type { SandboxNeed, ServiceSpec } from '../services/service-spec.js';

export type SandboxedService = Pick<
  ServiceSpec,
  'user' | 'capabilities' | 'needs' | 'realtimePriorityMax' | 'writablePaths'
>;

/** Directives of systemd.exec(5) and systemd.resource-control(5) that no service is exempt from. */
const COMMON = [
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'PrivateIPC=yes',
  'PrivateMounts=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProcSubset=pid',
  'RestrictNamespaces=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'KeyringMode=private',
  'RemoveIPC=yes',
  'SystemCallArchitectures=native',
  'SystemCallErrorNumber=EPERM',
  '# Keys of calls are in memory: neither a crash nor a full memory may write it to a disk.',
  'LimitCORE=0',
  'MemorySwapMax=0',
];

interface Loosening {
  readonly reason: string;
  readonly lines: readonly string[];
}

/** Directives whose value depends on the service, as they are when nothing is needed. */
const STRICT: Readonly<Record<string, string>> = {
  MemoryDenyWriteExecute: 'yes',
  PrivateUsers: 'yes',
  ProtectProc: 'invisible',
  RestrictAddressFamilies: 'AF_UNIX AF_INET AF_INET6',
  RestrictRealtime: 'yes',
  UMask: '0077',
};

/** A list of address families or system calls adds to the lines above it; everything else replaces. */
const NEEDS: Readonly<Record<SandboxNeed, Loosening>> = {
  nodejs: {
    reason: 'V8 compiles at run time.',
    lines: ['MemoryDenyWriteExecute=no'],
  },
  interfaces: {
    reason: 'Network interfaces are asked for, and changed, over netlink.',
    lines: ['RestrictAddressFamilies=AF_NETLINK'],
  },
  packets: {
    reason: 'ARP is no IP.',
    lines: ['RestrictAddressFamilies=AF_PACKET'],
  },
  arping: {
    reason: 'arping gives up every other right before it begins, and ends when it may not (measured).',
    lines: ['SystemCallFilter=capset setuid'],
  },
  otherProcesses: {
    reason: 'It reports whether processes of other users run.',
    lines: ['ProtectProc=default'],
  },
  sharedFiles: {
    reason: 'Processes of other users read what it writes.',
    lines: ['UMask=0022'],
  },
};

function realtime(priorityMax: number): Loosening {
  return {
    reason: 'Media and adverts are late when anything else runs first (services/realtime.ts).',
    lines: [
      'RestrictRealtime=no',
      `LimitRTPRIO=${String(priorityMax)}`,
      'SystemCallFilter=sched_setscheduler sched_setparam sched_setattr setpriority',
    ],
  };
}

/** Inside a user namespace a capability counts for nothing outside of it. */
const OWN_CAPABILITIES: Loosening = {
  reason: 'Its capabilities must count for the machine.',
  lines: ['PrivateUsers=no'],
};

function capabilityLines(service: SandboxedService): string[] {
  const names = service.capabilities.map((name) => `CAP_${name.toUpperCase()}`).join(' ');
  // Root has what it is bounded to; another user gets nothing without the second line.
  return service.user === 'root'
    ? [`CapabilityBoundingSet=${names}`]
    : [`CapabilityBoundingSet=${names}`, `AmbientCapabilities=${names}`];
}

function loosenings(service: SandboxedService): Loosening[] {
  const { needs, capabilities, realtimePriorityMax } = service;
  return [
    ...needs.map((need) => NEEDS[need]),
    ...(capabilities.length > 0 ? [OWN_CAPABILITIES] : []),
    ...(realtimePriorityMax === undefined ? [] : [realtime(realtimePriorityMax)]),
  ];
}

function isAddition(line: string): boolean {
  return /^(?:RestrictAddressFamilies|SystemCallFilter)=/.test(line);
}

function writableLines(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  return [
    '# "-": the first command that makes a folder would otherwise end for want of it (measured).',
    ...paths.map((path) => `ReadWritePaths=-${path.replaceAll('%', '%%')}`),
  ];
}

/** @returns lines of a [Service] section */
export function sandboxLines(service: SandboxedService): readonly string[] {
  const loosened = loosenings(service);
  const replaced = new Set(
    loosened.flatMap(({ lines }) =>
      lines.filter((line) => !isAddition(line)).map((line) => line.split('=')[0] ?? ''),
    ),
  );
  const strict = Object.entries(STRICT).filter(([directive]) => !replaced.has(directive));
  return [
    ...capabilityLines(service),
    ...COMMON,
    ...strict.map(([directive, value]) => `${directive}=${value}`),
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged @resources',
    ...loosened.flatMap(({ reason, lines }) => [`# ${reason}`, ...lines]),
    ...writableLines(service.writablePaths),
  ];
}
