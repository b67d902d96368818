/**
 * rtpengine 10.5.3: the settings proven for two nodes that hold each other's calls (facts/rtpengine.md section 1 and
 * continuity rules 10, 17). Pure.
 */
import { findPartner, fullNodeIndex, getNode, type Site } from '../site-nodes.js';
import { REALTIME } from '../services/realtime.js';
import type { NodeDocument } from '../schema/node.js';
import type { SiteNode } from '../schema/site.js';

/** Database of a node's calls; the same number on both partners. */
function database(site: Site, nodeId: string): number {
  return fullNodeIndex(site, nodeId) + 1;
}

/** Loopback address from which a node's calls are copied to the recorder; distinct, so that ports never collide. */
function recorderInterface(site: Site, nodeId: string): string {
  return `rec${nodeId}/127.0.0.${String(21 + fullNodeIndex(site, nodeId))}`;
}

/** The first is where new calls go; the names are stored with a call and must exist on both partners. */
function interfaces(site: Site, nodes: readonly SiteNode[]): string {
  const service = nodes.map((node) => `v${node.id}/${node.serviceAddress ?? ''}`);
  return [...service, ...nodes.map((node) => recorderInterface(site, node.id))].join(';');
}

function redisLines(site: Site, node: NodeDocument, partner: SiteNode | undefined): string[] {
  const own = `127.0.0.1:${String(site.ports.redisOwn)}/${String(database(site, node.nodeId))}`;
  const tail = [
    '# A partner that is away must not keep this node from starting.',
    'no-redis-required = true',
    'redis-num-threads = 4',
    '# By default a hung Redis blocks for ever; two errors open the circuit for two seconds.',
    'redis-cmd-timeout = 500',
    'redis-connect-timeout = 500',
    'redis-allowed-errors = 2',
    'redis-disable-time = 2',
  ];
  if (partner === undefined) return [`redis = ${own}`, ...tail];
  const theirs = database(site, partner.id);
  return [
    "# The partner's calls are read from the local replica: a subscription to the partner itself dies silently",
    '# when the partner loses power (measured).',
    `redis = 127.0.0.1:${String(site.ports.redisPartner)}/${String(theirs)}`,
    `redis-write = ${own}`,
    `subscribe-keyspace = ${String(theirs)}`,
    ...tail,
  ];
}

export function renderRtpengineConf(site: Site, node: NodeDocument): string {
  const own = getNode(site, node.nodeId);
  const partner = findPartner(site, node.nodeId);
  const lines = [
    '[rtpengine]',
    '# No kernel module.',
    'table = -1',
    `interface = ${interfaces(site, partner === undefined ? [own] : [own, partner])}`,
    '# The control interfaces know no authentication: loopback only.',
    `listen-cli = 127.0.0.1:${String(site.ports.rtpengineCli)}`,
    `listen-http = 127.0.0.1:${String(site.ports.rtpengineHttp)}`,
    '# Keys that callers press, one datagram for each.',
    `dtmf-log-dest = 127.0.0.1:${String(site.ports.dtmfLog)}`,
    `port-min = ${String(site.rtp.portMin)}`,
    `port-max = ${String(site.rtp.portMax)}`,
    ...redisLines(site, node, partner),
    "# The first packet or command for a partner's call makes it ours.",
    'active-switchover = true',
    `timeout = ${String(site.media.timeoutSeconds)}`,
    'silent-timeout = 3600',
    "# The only thing that ever removes a forgotten copy of a partner's call.",
    `final-timeout = ${String(site.media.finalTimeoutSeconds)}`,
    '# With a delay a call-id that is used again meets its own past.',
    'delete-delay = 0',
    '# The node service asks /ping every second; each would be a line of the log.',
    'log-level-http = 5',
    '# Lowered the worst gap between packets at 300 calls from 323 to 204 ms; below keepalived.',
    'scheduling = rr',
    `priority = ${String(REALTIME.rtpengine)}`,
  ];
  return `${lines.join('\n')}\n`;
}
