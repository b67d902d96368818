/** Certificates of a node's own making, until the hospital puts one of its authority in their place. Pure. */
import type { NodeDocument } from '../schema/node.js';
import { getNode, type Site } from '../site-nodes.js';
import type { Command } from './service-spec.js';

export interface OwnCertificate {
  readonly key: string;
  readonly certificate: string;
  /** Who reads them. */
  readonly user: string;
}

/** Once; for every address of the node and for the service addresses, which may come here. */
export function makeCertificate(
  site: Site,
  node: NodeDocument,
  { key, certificate, user }: OwnCertificate,
): Command[] {
  const { id, address, serviceAddress } = getNode(site, node.nodeId);
  const services = site.nodes.flatMap((one) => one.serviceAddress ?? []);
  const names = [
    ...['DNS:localhost', 'DNS:wardline', `DNS:wardline-${id}`, 'IP:127.0.0.1', `IP:${address}`],
    ...services.map((one) => `IP:${one}`),
  ];
  const script =
    '[ -s "$2" ] || { umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 ' +
    '-subj "/CN=$3" -addext "subjectAltName=$4" -keyout "$1" -out "$2" 2>/dev/null; }';
  const subject = `wardline ${id} ${serviceAddress ?? address}`;
  return [
    ['sh', '-c', script, 'sh', key, certificate, subject, names.join(',')],
    ['chown', `${user}:${user}`, key, certificate],
  ];
}
