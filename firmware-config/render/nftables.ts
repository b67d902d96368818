/**
 * The packet filter of a node: what it answers, and whom. One file that replaces the product's own table in one
 * transaction and touches no other table, so that it can be loaded again at any time under calls.
 *
 * Service addresses are filtered without state (continuity rule 8): after a takeover the packets of calls that
 * began on the partner arrive mid-stream, and what the partner's TCP connections left behind has to be answered by
 * RST, or a phone waits for minutes before it connects again. Pure.
 */
import type { NodeDocument } from '../schema/node.js';
import { findPartner, getNode, type Site } from '../site-nodes.js';

const SSH_PORT = 22;

/** Where the file lies on a node; the unit of the packet filter loads it. */
export function nftablesPath(node: NodeDocument): string {
  return `${node.paths.config}/nftables.conf`;
}

function addressSet(name: string, addresses: readonly string[]): string[] {
  return [`  set ${name} {`, '    type ipv4_addr', `    elements = { ${addresses.join(', ')} }`, '  }'];
}

/** The addresses that this node holds or may come to hold. */
function serviceAddresses(site: Site, node: NodeDocument): string[] {
  const homes = [getNode(site, node.nodeId), findPartner(site, node.nodeId)];
  return homes.flatMap((home) => home?.serviceAddress ?? []);
}

/** Every other node of the site document; all of them vote. */
function voters(site: Site, node: NodeDocument): string[] {
  return site.nodes.filter((other) => other.id !== node.nodeId).map((other) => other.address);
}

const UNTRACKED_CHAINS = [
  '  # Before connections are looked up: a service address has none, so a connection table that is full, or that of',
  '  # a node which has just taken over, cannot lose a packet of a call.',
  '  chain untracked-in {',
  '    type filter hook prerouting priority raw; policy accept;',
  '    ip daddr @service notrack',
  '  }',
  '  chain untracked-out {',
  '    type filter hook output priority raw; policy accept;',
  '    ip saddr @service notrack',
  '  }',
];

/** By type, because an error about untracked traffic is related to no connection. */
const ICMP = [
  '    # Errors too, for without "fragmentation needed" large SIP messages and TLS handshakes vanish on a WAN with a',
  '    # smaller MTU.',
  '    icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request, echo-reply } accept',
  '    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept',
];

function pairRules(site: Site, node: NodeDocument): string[] {
  const partner = findPartner(site, node.nodeId);
  if (partner === undefined) return [];
  const from = `    iifname "${node.interface}" ip saddr ${partner.address}`;
  return [
    '    # Live state holds SRTP keys, and an advert decides who owns an address: the partner alone.',
    `${from} tcp dport { ${String(site.ports.redisOwn)}, ${String(site.ports.callLink)} } accept`,
    `${from} ip protocol vrrp accept`,
  ];
}

/** SIP and RTP come from anywhere: phones of the other place register here too, and a carrier's media has any address. */
function callPorts(site: Site): { readonly udp: string; readonly tcp: string } {
  const { sip, sipTls, panel } = site.ports;
  const { portMin, portMax } = site.rtp;
  return {
    udp: `udp dport { ${String(sip)}, ${String(portMin)}-${String(portMax)} }`,
    tcp: `tcp dport { ${String(sip)}, ${String(sipTls)}, ${String(panel)} }`,
  };
}

function serviceChain(site: Site): string[] {
  const ports = callPorts(site);
  return [
    '  # No rule here may ask for the state of a connection.',
    '  chain to-service {',
    `    ${ports.udp} accept`,
    '    # What does not open a connection belongs to one: to ours, or to one that the partner had, which the kernel',
    '    # answers with RST.',
    '    tcp flags & (syn | ack) != syn accept',
    `    ${ports.tcp} accept`,
    '    drop',
    '  }',
  ];
}

function fullNodeRules(site: Site, node: NodeDocument): string[] {
  const { address } = getNode(site, node.nodeId);
  const ports = callPorts(site);
  return [
    `    ip daddr ${address} ${ports.udp} accept`,
    `    ip daddr ${address} ${ports.tcp} accept`,
    ...pairRules(site, node),
  ];
}

function inputChain(site: Site, node: NodeDocument): string[] {
  const { rqliteHttp, rqliteRaft, nodeLink } = site.ports;
  const isWitness = getNode(site, node.nodeId).role === 'witness';
  const voterPorts = isWitness ? [rqliteHttp, rqliteRaft] : [rqliteHttp, rqliteRaft, nodeLink];
  return [
    '  chain input {',
    '    type filter hook input priority filter; policy drop;',
    '    iif lo accept',
    ...ICMP,
    ...(isWitness ? [] : ['    ip daddr @service goto to-service']),
    '    ct state established,related accept',
    `    ip saddr @voters tcp dport { ${voterPorts.join(', ')} } accept`,
    ...(isWitness ? [] : fullNodeRules(site, node)),
    `    tcp dport ${String(SSH_PORT)} accept`,
    '  }',
  ];
}

/** @returns a complete file for `nft -f` */
export function renderNftables(site: Site, node: NodeDocument): string {
  const isWitness = getNode(site, node.nodeId).role === 'witness';
  const lines = [
    '# Declared first, so that deleting it is no error the first time; all of this file is one transaction.',
    'table inet wardline',
    'delete table inet wardline',
    'table inet wardline {',
    ...(isWitness ? [] : addressSet('service', serviceAddresses(site, node))),
    ...addressSet('voters', voters(site, node)),
    ...(isWitness ? [] : [...UNTRACKED_CHAINS, ...serviceChain(site)]),
    ...inputChain(site, node),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}
