/** Every file that a node's processes read, for production and for the box alike. Pure. */
import { findPartner, getNode, type Site } from '../site-nodes.js';
import { sealDocument } from '../sealed-document.js';
import type { NodeDocument } from '../schema/node.js';
import { renderKeepalivedConf } from './keepalived-conf.js';
import { networkSettings } from './network-settings.js';
import { renderRedisOwnConf, renderRedisPartnerConf } from './redis-conf.js';
import { renderRtpengineConf } from './rtpengine-conf.js';

export interface RenderedFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
}

/** Kernel settings of the node's own network namespace, by their name for sysctl(8). */
export function renderNetworkSysctl(site: Site, node: NodeDocument): Readonly<Record<string, string>> {
  return Object.fromEntries(networkSettings(site, node).map(({ name, value }) => [name, value]));
}

export function renderNode(site: Site, node: NodeDocument): readonly RenderedFile[] {
  const file = (name: string, content: string): RenderedFile => ({
    path: `${node.paths.config}/${name}`,
    content,
  });
  const documents = [
    file('site.json', sealDocument('site', site)),
    file('node.json', sealDocument('node', node)),
  ];
  if (getNode(site, node.nodeId).role === 'witness') return documents;
  const forPair =
    findPartner(site, node.nodeId) === undefined
      ? []
      : [
          file('redis-partner.conf', renderRedisPartnerConf(site, node)),
          file('keepalived.conf', renderKeepalivedConf(site, node)),
        ];
  return [
    ...documents,
    file('redis-own.conf', renderRedisOwnConf(site, node)),
    file('rtpengine.conf', renderRtpengineConf(site, node)),
    ...forPair,
  ];
}
