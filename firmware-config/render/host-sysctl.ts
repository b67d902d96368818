/**
 * Kernel settings of the whole machine, for production only: in the box they would change the host of whoever runs
 * it. Only what has a reason; what Debian 12 has as its default is not repeated unless something else may lower it.
 * Pure.
 */
import type { NodeDocument } from '../schema/node.js';
import type { Site } from '../site-nodes.js';
import { networkSettings, type KernelSetting } from './network-settings.js';

const HOST_SETTINGS: readonly KernelSetting[] = [
  {
    name: 'vm.overcommit_memory',
    value: '1',
    reason:
      'Redis rewrites its log in a copy of itself, which the kernel refuses when live state fills half of memory.',
  },
  {
    name: 'vm.swappiness',
    value: '0',
    reason: 'Live state holds SRTP keys: a node has no swap, and if somebody adds some, it is used last.',
  },
  {
    name: 'kernel.sched_rt_runtime_us',
    value: '950000',
    reason:
      'A twentieth of each second is left to others, so that a relay running wild at real-time priority can be ended.',
  },
  {
    name: 'net.core.rmem_max',
    value: '4194304',
    reason:
      'After a takeover answers arrive at a thousand a second on one SIP socket; the 208 KiB that may be asked for otherwise hold about 90.',
  },
];

/** @returns the complete file for sysctl.d: settings of the network, then of the machine, each with its reason */
export function renderSysctl(site: Site, node: NodeDocument): string {
  const lines = [...networkSettings(site, node), ...HOST_SETTINGS].map(
    ({ name, value, reason }) => `# ${reason}\n${name} = ${value}\n`,
  );
  return lines.join('\n');
}
