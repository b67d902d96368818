/** Certificates and keys as Node wants them. */
import { isIP } from 'node:net';
import { createSecureContext, type ConnectionOptions, type TlsOptions } from 'node:tls';
import { sipErrors } from '../errors.js';
import type { TlsMaterial } from './transport-port.js';

const MIN_VERSION = 'TLSv1.2';
const TICKET_KEYS_BYTES = 48;
/** The same on both nodes, or the partner resumes nothing. */
const SESSION_CONTEXT = 'wardline-sip';

function badCertificate(reason: string, cause?: unknown): Error {
  return sipErrors.SIP_BAD_CERTIFICATE({ reason }, cause);
}

/** @throws SIP_BAD_CERTIFICATE, also when there is none */
export function checkTlsMaterial(material: TlsMaterial | undefined): TlsMaterial {
  if (material === undefined) throw badCertificate('none is given');
  const { key, cert, ca, ticketKeys } = material;
  if (ticketKeys !== undefined && ticketKeys.length !== TICKET_KEYS_BYTES)
    throw badCertificate(`the ticket keys have ${String(ticketKeys.length)} bytes instead of 48`);
  try {
    createSecureContext({ key, cert, ...(ca === undefined ? {} : { ca }) });
  } catch (error) {
    throw badCertificate(error instanceof Error ? error.message : String(error), error);
  }
  return material;
}

export function serverTlsOptions({ key, cert, ticketKeys }: TlsMaterial): TlsOptions {
  return {
    key,
    cert,
    minVersion: MIN_VERSION,
    sessionIdContext: SESSION_CONTEXT,
    ...(ticketKeys === undefined ? {} : { ticketKeys }),
  };
}

/** Our certificate is shown to a server that asks for one. */
export function clientTlsOptions(material: TlsMaterial, serverName?: string): ConnectionOptions {
  const { key, cert, ca, rejectUnauthorized = true } = material;
  return {
    key,
    cert,
    rejectUnauthorized,
    minVersion: MIN_VERSION,
    ...(ca === undefined ? {} : { ca }),
    // RFC 6066 3: an address is no server name. Without one, the certificate has to have the address.
    ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
  };
}
