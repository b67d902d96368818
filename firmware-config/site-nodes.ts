/** Who is who in a site. Knows nothing of how documents are checked, because that costs half a second of a core. Pure. */
import { addressToNumber } from './ipv4.js';
import { invalidDocument } from './problems.js';
import type { SiteDocument, SiteNode } from './schema/site.js';

/** A complete site document, as parseSite returns it. */
export type Site = SiteDocument;

/** @throws CONFIG_INVALID when the site has no such node */
export function getNode(site: Site, nodeId: string): SiteNode {
  const node = site.nodes.find((candidate) => candidate.id === nodeId);
  if (node === undefined) {
    const known = site.nodes.map((candidate) => candidate.id).join(', ');
    throw invalidDocument('node', [
      { path: 'nodeId', problem: `the site has no node "${nodeId}"`, fix: `Use one of ${known}.` },
    ]);
  }
  return node;
}

/** The other full node of the same place, with which a node keeps live state and service addresses. */
export function findPartner(site: Site, nodeId: string): SiteNode | undefined {
  const node = getNode(site, nodeId);
  return site.nodes.find(
    (other) =>
      other.id !== node.id && other.place === node.place && other.role === 'full' && node.role === 'full',
  );
}

/** 0, 1, ... over the full nodes in order of their own addresses, the same on every node whatever the document's order. */
export function fullNodeIndex(site: Site, nodeId: string): number {
  const full = site.nodes
    .filter((node) => node.role === 'full')
    .toSorted((one, other) => addressToNumber(one.address) - addressToNumber(other.address));
  return full.findIndex((node) => node.id === nodeId);
}

/** VRRP's number of the address of a home; the same on both partners. */
export function virtualRouterId(site: Site, home: string): number {
  return site.vrrp.routerIdBase + fullNodeIndex(site, home);
}

/** Of a node and its partner, by their homes. */
export function serviceAddressesOf(site: Site, nodeId: string): ReadonlyMap<string, string> {
  const homes = [getNode(site, nodeId), findPartner(site, nodeId)];
  return new Map(
    homes.flatMap((home) => (home?.serviceAddress === undefined ? [] : [[home.id, home.serviceAddress]])),
  );
}
