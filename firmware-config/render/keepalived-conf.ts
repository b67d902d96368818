/**
 * keepalived 2.2.7: VRRPv3, unicast between the two partners, one instance per service address. keepalived detects
 * and moves; who owns is told by a file per address (continuity rule 1, docs/adr/0002). Pure.
 */
import { findPartner, getNode, virtualRouterId, type Site } from '../site-nodes.js';
import type { NodeDocument } from '../schema/node.js';
import type { SiteNode } from '../schema/site.js';
import { REALTIME } from '../services/realtime.js';
import { vrrpFiles, vrrpInstance } from '../vrrp-files.js';

function globalBlock(node: NodeDocument, startupDelaySeconds: number): string[] {
  return [
    'global_defs {',
    '  vrrp_version 3',
    '  # A port that came up less than one down-timer ago makes a second master (measured): listen first.',
    `  vrrp_startup_delay ${String(startupDelaySeconds)}`,
    `  vrrp_rt_priority ${String(REALTIME.keepalived)}`,
    '  # Default: 10 ms of processor time without a pause, then SIGKILL; a node that had been frozen met it (measured).',
    '  vrrp_rlimit_rttime 1000000',
    '  vrrp_no_swap',
    `  vrrp_notify_fifo ${vrrpFiles(node).notifyFifo}`,
    '  vrrp_garp_master_delay 1',
    '  vrrp_garp_master_repeat 3',
    '  # A node that was frozen may announce once more before it lets go, and phones then ask the wrong one (900 ms',
    '  # measured): it says so by a last advert, and who stays master announces again.',
    '  vrrp_higher_prio_send_advert true',
    '  vrrp_garp_lower_prio_repeat 3',
    '  # A switch that kept a stale entry after a split learns the owner within this time.',
    '  vrrp_garp_master_refresh 10',
    '}',
  ];
}

function instance(site: Site, node: NodeDocument, home: SiteNode, partner: SiteNode): string[] {
  return [
    `track_file owner_${home.id} {`,
    `  file ${vrrpFiles(node).weight(home.id)}`,
    '  # 100 settled owner, 0 other, 150 taker until the partner has confirmed, -254 leaving.',
    '  weight 1',
    '  init_file 0',
    '}',
    `vrrp_instance ${vrrpInstance(home.id)} {`,
    '  # Nobody takes an address back by coming up; homes are restored by an explicit move.',
    '  state BACKUP',
    '  nopreempt',
    `  interface ${node.interface}`,
    `  virtual_router_id ${String(virtualRouterId(site, home.id))}`,
    '  priority 100',
    `  advert_int ${String(site.vrrp.advertIntervalMs / 1000)}`,
    `  unicast_src_ip ${getNode(site, node.nodeId).address}`,
    '  unicast_peer {',
    `    ${partner.address}`,
    '  }',
    '  virtual_ipaddress {',
    `    ${home.serviceAddress ?? ''}/32 dev ${node.interface}`,
    '  }',
    '  track_file {',
    `    owner_${home.id}`,
    '  }',
    '}',
  ];
}

/** @throws RangeError for a node without a partner, which needs no keepalived */
export function renderKeepalivedConf(site: Site, node: NodeDocument): string {
  const partner = findPartner(site, node.nodeId);
  if (partner === undefined) throw new RangeError(`node ${node.nodeId} has no partner`);
  const homes = [getNode(site, node.nodeId), partner].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const lines = [
    ...globalBlock(node, site.vrrp.startupDelaySeconds),
    ...homes.flatMap((home) => instance(site, node, home, partner)),
  ];
  return `${lines.join('\n')}\n`;
}
