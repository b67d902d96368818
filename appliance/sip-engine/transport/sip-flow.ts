/** Where SIP messages come from and go to. A flow is a value: it names a way, it holds no socket. */
import type { Flow } from '../transaction/transaction-port.js';

export type SipProtocol = 'udp' | 'tcp' | 'tls';

export interface SipFlow extends Flow {
  readonly protocol: SipProtocol;
  /** The address of ours that is used, as plain text without brackets; never a wildcard. */
  readonly localAddress: string;
  /** Of the listening socket, also for a connection that we opened. */
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Of a stream: the connection it came by. Absent for one that has to be opened, and for UDP. */
  readonly connectionId?: number;
  /** Of TLS to be opened: the name that the certificate has to have; absent: the remote address. */
  readonly serverName?: string;
}
