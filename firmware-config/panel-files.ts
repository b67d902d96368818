/** Where the panel of a node keeps its keys and what it knows of people. Pure. */
import type { NodeDocument } from './schema/node.js';

export interface PanelFiles {
  /** On the disk, and the panel's own. */
  readonly folder: string;
  readonly runFolder: string;
  /** Signs the sessions of this node. */
  readonly tokenKey: string;
  readonly tlsKey: string;
  readonly tlsCertificate: string;
  /** The last known accounts, with hashes of passwords. */
  readonly copy: string;
  /** On tmpfs: by which the first account is made. */
  readonly firstCode: string;
}

export function panelFiles(node: NodeDocument): PanelFiles {
  const [folder, runFolder] = [`${node.paths.data}/admin`, `${node.paths.run}/admin`];
  return {
    ...{ folder, runFolder },
    tokenKey: `${folder}/token-key.pem`,
    tlsKey: `${folder}/tls-key.pem`,
    tlsCertificate: `${folder}/tls-certificate.pem`,
    copy: `${folder}/accounts.json`,
    firstCode: `${runFolder}/first-code`,
  };
}
