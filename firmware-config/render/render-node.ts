/** Every file that a node's processes read, for production and for the box alike. Pure. */
import { findPartner, getNode, type Site } from '../site-nodes.js';
import { sealDocument } from '../sealed-document.js';
import type { NodeDocument } from '../schema/node.js';
import type { Routing } from '../schema/routing.js';
import type { Telephony } from '../schema/telephony.js';
import { sipEngineFiles } from '../sip-engine-files.js';
import { makeNonceKey, makeTicketKeys } from '../telephony-secrets.js';
import { renderKeepalivedConf } from './keepalived-conf.js';
import { networkSettings } from './network-settings.js';
import { renderRedisOwnConf, renderRedisPartnerConf } from './redis-conf.js';
import { renderRtpengineConf } from './rtpengine-conf.js';
import { renderSipEngineJson, renderSipUsers } from './sip-engine-json.js';

export interface RenderedFile {
  /** Absolute. */
  readonly path: string;
  readonly content: string;
  /** For root alone until a service gives it to its group (services/plan-telephony.ts). */
  readonly isSecret?: boolean;
}

/** What a house decides about its calls; a witness knows nothing of it. */
export interface CallDocuments {
  readonly telephony: Telephony;
  readonly routing: Routing;
}

/** Kernel settings of the node's own network namespace, by their name for sysctl(8). */
export function renderNetworkSysctl(site: Site, node: NodeDocument): Readonly<Record<string, string>> {
  return Object.fromEntries(networkSettings(site, node).map(({ name, value }) => [name, value]));
}

function callFiles(site: Site, node: NodeDocument, { telephony, routing }: CallDocuments): RenderedFile[] {
  const { config } = node.paths;
  const files = sipEngineFiles(node);
  return [
    {
      path: `${config}/telephony.json`,
      content: sealDocument('telephony', telephony),
      isSecret: true,
    },
    { path: `${config}/routing.json`, content: sealDocument('routing', routing) },
    { path: files.configuration, content: renderSipEngineJson(site, node, telephony) },
    { path: files.users, content: renderSipUsers(telephony), isSecret: true },
    { path: files.nonceKey, content: makeNonceKey(telephony), isSecret: true },
    { path: files.ticketKeys, content: makeTicketKeys(telephony), isSecret: true },
  ];
}

/**
 * @param calls every full node needs them
 * @throws RangeError for a full node without `calls`
 */
export function renderNode(
  site: Site,
  node: NodeDocument,
  calls: CallDocuments | undefined,
): readonly RenderedFile[] {
  const file = (name: string, content: string): RenderedFile => ({
    path: `${node.paths.config}/${name}`,
    content,
  });
  const documents = [
    file('site.json', sealDocument('site', site)),
    file('node.json', sealDocument('node', node)),
  ];
  if (getNode(site, node.nodeId).role === 'witness') return documents;
  if (calls === undefined) throw new RangeError(`node ${node.nodeId} takes calls and is not told how`);
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
    ...callFiles(site, node, calls),
  ];
}
