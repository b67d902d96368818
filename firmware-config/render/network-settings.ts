/** Kernel settings of a node's network namespace; the box applies them too. Pure. */
import type { NodeDocument } from '../schema/node.js';
import { getNode, type Site } from '../site-nodes.js';

export interface KernelSetting {
  /** As sysctl(8) has it. */
  readonly name: string;
  readonly value: string;
  /** What goes wrong otherwise: one sentence. */
  readonly reason: string;
}

const NONLOCAL_BIND: KernelSetting = {
  name: 'net.ipv4.ip_nonlocal_bind',
  value: '1',
  reason: 'A process that starts before its address is there would end, and be given up.',
};

export function networkSettings(site: Site, node: NodeDocument): readonly KernelSetting[] {
  if (getNode(site, node.nodeId).role === 'witness') return [NONLOCAL_BIND];
  const { portMin, portMax } = site.rtp;
  return [
    {
      ...NONLOCAL_BIND,
      reason:
        "Sockets are bound on the partner's address before it moves here; that is why takeover is instant.",
    },
    { name: 'net.ipv6.ip_nonlocal_bind', value: '1', reason: 'The same for IPv6.' },
    {
      name: 'net.ipv4.conf.all.arp_ignore',
      value: '1',
      reason: 'Answer ARP only for addresses of the interface that was asked.',
    },
    {
      name: 'net.ipv4.conf.all.arp_announce',
      value: '2',
      reason: 'Ask by ARP with an address that belongs to the interface.',
    },
    {
      name: 'net.ipv4.ip_local_reserved_ports',
      value: `${String(portMin)}-${String(portMax)}`,
      reason:
        "A name lookup on a random port would hold the very port that a partner's call has to be taken over on.",
    },
  ];
}
