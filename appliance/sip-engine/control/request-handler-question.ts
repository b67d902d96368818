/** What an HTTP service is told about a new request: query parameters, and for POST the request itself. Pure. */
import type { SipMessage } from '../message/sip-message.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import { parseSipUri, type SipUri } from '../message/sip-uri.js';
import { fromWireText } from '../message/wire-text.js';
import type { SipProtocol } from '../transport/sip-flow.js';

export interface RequestSource {
  readonly protocol: SipProtocol;
  readonly address: string;
}

/** What cannot be read is told as empty: the service is asked about bad requests, too. */
function orEmpty(read: () => string | undefined): string {
  try {
    return fromWireText(read() ?? '');
  } catch (error) {
    if (error instanceof SipSyntaxError) return '';
    throw error;
  }
}

function findUri(text: string): SipUri | undefined {
  try {
    return parseSipUri(text);
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}

/**
 * `name=value&...`, escaped. Parameters of the Request-URI come last and never under a name that we use: a caller
 * could otherwise tell another `source_address` than his own.
 */
export function questionQuery(request: SipMessage, source: RequestSource): string {
  const uri = findUri(request.requestUri);
  const told = new Map([
    ['method', fromWireText(request.method)],
    ['domain', fromWireText(uri?.host ?? '')],
    ['protocol', source.protocol],
    ['source_address', source.address],
    ['fromUser', orEmpty(() => parseSipUri(request.from.uri).user)],
    ['toUser', orEmpty(() => parseSipUri(request.to.uri).user)],
    ['uriUser', fromWireText(uri?.user ?? '')],
    ['contentType', orEmpty(() => request.contentType)],
    ['uri', fromWireText(request.requestUri)],
  ]);
  for (const [name, value] of Object.entries(uri?.params ?? {})) {
    const shown = fromWireText(name);
    if (!told.has(shown)) told.set(shown, value === true ? '' : fromWireText(value));
  }
  return [...told]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

/** The request as it came, but for the ends of its lines. */
export function questionBody(request: SipMessage): Buffer {
  let head = `${request.method} ${request.requestUri} SIP/${request.version}\r\n`;
  for (let index = 0; index < request.headerCount; index += 1) head += `${request.lineAt(index).raw}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), request.body]);
}
