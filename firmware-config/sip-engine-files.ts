/** Files of the SIP engine, and those by which others reach it. Pure. */
import type { NodeDocument } from './schema/node.js';

export interface SipEngineFiles {
  readonly configuration: string;
  /** Users of the phones with the hashes of their passwords. */
  readonly users: string;
  /** Key of the nonces, the same on both partners. */
  readonly nonceKey: string;
  /** Of session tickets, the same on both partners: either resumes a phone's TLS. */
  readonly ticketKeys: string;
  /** On the disk, and the engine's own. */
  readonly dataFolder: string;
  /** Of the node's own making, where the node document names no others. */
  readonly tlsKey: string;
  readonly tlsCertificate: string;
  /** On tmpfs; call control may look into it. */
  readonly folder: string;
  /** What an application says first at the control port: made on this node, anew at each boot. */
  readonly controlSecret: string;
  readonly adminSocket: string;
}

export function sipEngineFiles({ paths }: NodeDocument): SipEngineFiles {
  const [folder, dataFolder] = [`${paths.run}/sip-engine`, `${paths.data}/sip-engine`];
  return {
    configuration: `${paths.config}/sip-engine.json`,
    users: `${paths.config}/sip-users.json`,
    nonceKey: `${paths.config}/sip-nonce.key`,
    ticketKeys: `${paths.config}/sip-tickets.key`,
    ...{ folder, dataFolder },
    tlsKey: `${dataFolder}/tls-key.pem`,
    tlsCertificate: `${dataFolder}/tls-certificate.pem`,
    controlSecret: `${folder}/control-secret`,
    adminSocket: `${folder}/admin.sock`,
  };
}
