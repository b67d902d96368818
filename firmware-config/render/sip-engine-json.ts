/**
 * Configuration of the SIP engine (docs/sip-engine.md). Its sockets are bound on both service addresses of the pair,
 * whoever holds them (network-settings.ts); it speaks for those that are on an interface of the machine. Pure.
 */
import { findPartner, getNode, type Site } from '../site-nodes.js';
import type { NodeDocument } from '../schema/node.js';
import type { Telephony } from '../schema/telephony.js';
import { sipEngineFiles } from '../sip-engine-files.js';

const LOOPBACK = '127.0.0.1';

/**
 * Requests outside of a call that say who sends them. Phones send OPTIONS to see whether somebody is there, before they
 * have registered.
 */
const AUTHENTICATED = ['REGISTER', 'INVITE', 'SUBSCRIBE', 'PUBLISH', 'MESSAGE', 'REFER', 'NOTIFY', 'INFO'];

interface ServiceAddress {
  readonly id: string;
  readonly address: string;
}

/** In the same order on both nodes. The ids begin tags and branches, by which a stray request finds its call. */
function serviceAddresses(site: Site, node: NodeDocument): ServiceAddress[] {
  const homes = [getNode(site, node.nodeId), findPartner(site, node.nodeId)];
  return homes
    .flatMap((home) =>
      home?.serviceAddress === undefined ? [] : [{ id: home.id, address: home.serviceAddress }],
    )
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

function listens(site: Site, node: NodeDocument): string[] {
  const { sip, sipTls } = site.ports;
  return serviceAddresses(site, node).flatMap(({ address }) => [
    `udp:${address}:${String(sip)}`,
    `tcp:${address}:${String(sip)}`,
    `tls:${address}:${String(sipTls)}`,
  ]);
}

/** Rule 13: the engine writes its own snapshots. A node alone has nobody who would go on with its calls. */
function continuity(site: Site, node: NodeDocument) {
  if (findPartner(site, node.nodeId) === undefined) return {};
  const store = (port: number): string => `${LOOPBACK}:${String(port)}`;
  return { continuity: { own: store(site.ports.redisOwn), partner: store(site.ports.redisPartner) } };
}

export function renderSipEngineJson(site: Site, node: NodeDocument, telephony: Telephony): string {
  const files = sipEngineFiles(node);
  // A carrier has no password here, and many calls come from one address of it.
  const carriers = [...new Set(telephony.trunks.flatMap(({ allowedSources }) => allowedSources))];
  const configuration = {
    control: [`${LOOPBACK}:${String(site.ports.control)}`],
    secretFile: files.controlSecret,
    listen: listens(site, node),
    serviceAddresses: serviceAddresses(site, node),
    tls: node.sipTls ?? {
      ...{ keyFile: files.tlsKey, certFile: files.tlsCertificate, ticketKeysFile: files.ticketKeys },
    },
    digest: {
      realm: telephony.realm,
      keyFile: files.nonceKey,
      credentialsFile: files.users,
      algorithms: telephony.digestAlgorithms,
      methods: AUTHENTICATED,
      exemptSources: carriers,
    },
    limits: { trustedSources: carriers },
    ...continuity(site, node),
    admin: files.adminSocket,
    log: { level: node.logLevel },
  };
  return `${JSON.stringify(configuration, undefined, 2)}\n`;
}

/** @returns the credentials file: hashes by user */
export function renderSipUsers({ seats }: Telephony): string {
  const users = Object.fromEntries(seats.map(({ user, ha1 }) => [user, ha1]));
  return `${JSON.stringify(users, undefined, 2)}\n`;
}
