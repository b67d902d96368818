/**
 * `--contact` of drachtio-server: a SIP URI whose host may be `*` and whose transport may be a list,
 * `sip:*:5060;transport=udp,tcp`. It means one socket for each transport.
 */
import { withoutBrackets } from '../message/ip-address.js';
import { ANY_ADDRESS, findSipUri, SIP_PROTOCOLS, type ListenText } from './address-texts.js';

const DEFAULT_PORT = { udp: 5060, tcp: 5060, tls: 5061 } as const;
const TRANSPORT = ';transport=';
/** A name that can be no host of anybody's, for what the grammar has no place for. */
const ANY_HOST = 'any.invalid';
/** As drachtio-server has them, which leaves it to the kernel. */
const WILDCARDS = [ANY_HOST, '0.0.0.0', '::'];

/** The list of transports, and the URI without it. */
function takeTransports(text: string): { readonly uri: string; readonly transports: string[] } {
  const start = text.toLowerCase().indexOf(TRANSPORT);
  if (start < 0) return { uri: text, transports: text.startsWith('sips:') ? ['tls'] : ['udp', 'tcp'] };
  const valueStart = start + TRANSPORT.length;
  const next = text.indexOf(';', valueStart);
  const end = next < 0 ? text.length : next;
  const uri = text.slice(0, start) + text.slice(end);
  return { uri, transports: text.slice(valueStart, end).toLowerCase().split(',') };
}

/** @returns undefined for what is no such contact, or has a transport that the engine has not (ws, wss, sctp) */
export function findContactListens(text: string): readonly ListenText[] | undefined {
  const { uri, transports } = takeTransports(text);
  const parsed = findSipUri(uri.replace(/^(sips?:)\*/, `$1${ANY_HOST}`));
  if (parsed === undefined) return undefined;
  const host = withoutBrackets(parsed.host);
  const address = WILDCARDS.includes(host) ? ANY_ADDRESS : host;
  const protocols = transports.map((wanted) => SIP_PROTOCOLS.find((known) => known === wanted));
  if (protocols.includes(undefined)) return undefined;
  return protocols.flatMap((protocol) =>
    protocol === undefined ? [] : [{ protocol, address, port: parsed.port ?? DEFAULT_PORT[protocol] }],
  );
}
