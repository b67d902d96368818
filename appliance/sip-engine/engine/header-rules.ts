/** What drachtio-server does with headers of applications (facts: header rules), as small pure functions. */
import type { MessageBuilder } from '../message/message-builder.js';
import { codeAt } from '../message/code-at.js';
import type { SessionDescription } from '../dialog/dialog.js';
import { isAllOf, TOKEN, trimBlanks } from '../message/sip-characters.js';
import { TRANSPORT_PARAM, type LocalIdentity } from './local-identity.js';
import type { ApplicationHeader } from './application-message.js';

const LOCALHOST = '@localhost';
/** Only where an application means us: From, To, Contact, P-Asserted-Identity. */
const LOCALHOST_HEADERS = new Set(['From', 'To', 'Contact', 'P-Asserted-Identity']);
/** Those of one address that go out as the application gave them, From and To apart. */
const ADDRESS_HEADERS = new Set(['Contact', 'P-Asserted-Identity', 'Refer-To', 'Referred-By']);

/** `sip:100@localhost` -> `sip:100@10.77.0.11:5060`; a host that only begins so is somebody else's. */
export function withLocalhost(value: string, hostPort: string): string {
  if (!value.includes(LOCALHOST)) return value;
  let out = '';
  let from = 0;
  for (let at = value.indexOf(LOCALHOST); at >= 0; at = value.indexOf(LOCALHOST, from)) {
    const end = at + LOCALHOST.length;
    const next = value.charAt(end);
    const isWhole = next === '' || '>;?,: '.includes(next);
    out += value.slice(from, at) + (isWhole ? `@${hostPort}` : LOCALHOST);
    from = isWhole && next === ':' ? endOfPort(value, end) : end;
  }
  return out + value.slice(from);
}

/** Our own port replaces the one that stands behind `localhost`. */
function endOfPort(value: string, colon: number): number {
  let end = colon + 1;
  while (codeAt(value, end) >= 0x30 && codeAt(value, end) <= 0x39) end += 1;
  return end;
}

/** Splits `"Name" <uri>;params` or `uri;params` behind the address. */
function endOfAddress(value: string): number {
  const close = value.lastIndexOf('>');
  if (close >= 0) return close + 1;
  const semicolon = value.indexOf(';');
  return semicolon < 0 ? value.length : semicolon;
}

/** `sip:a@b;expires=60` -> `<sip:a@b>;expires=60`. A list stays: its commas might be those of a URI. */
function inBrackets(value: string): string {
  if (value === '*' || value.includes('<') || value.includes(',')) return value;
  const end = endOfAddress(value);
  return `<${trimBlanks(value.slice(0, end))}>${value.slice(end)}`;
}

/** A Contact that is ours has to lead back the way the request goes: without it a phone on TLS sends its BYE by UDP. */
function withTransport(value: string, param: string): string {
  return param === '' || /;transport=/i.test(value) ? value : value.replace('>', `${param}>`);
}

/**
 * The headers of an application as they go to the network. drachtio-server puts addresses into brackets; of one
 * without them that holds a `?`, nobody knows where it ends (RFC 3261 20), and a strict peer refuses it.
 */
export function wireHeaders(
  headers: readonly ApplicationHeader[],
  { hostPort, protocol }: Pick<LocalIdentity, 'hostPort' | 'protocol'>,
): readonly ApplicationHeader[] {
  return headers.map(({ name, value }) => {
    const local = LOCALHOST_HEADERS.has(name) ? withLocalhost(value, hostPort) : value;
    const address = ADDRESS_HEADERS.has(name) ? inBrackets(local) : local;
    return {
      name,
      value:
        name === 'Contact' && local !== value ? withTransport(address, TRANSPORT_PARAM[protocol]) : address,
    };
  });
}

/** The value of the parameter `tag` of a From or To as the application wrote it; undefined also when it is no token. */
export function tagOf(value: string): string | undefined {
  for (const param of value.slice(endOfAddress(value)).split(';')) {
    const [name = '', tag] = param.split('=');
    if (trimBlanks(name).toLowerCase() !== 'tag' || tag === undefined) continue;
    return isAllOf(trimBlanks(tag), TOKEN) ? trimBlanks(tag) : undefined;
  }
  return undefined;
}

/** Puts the URI into brackets, so that parameters behind it are the header's, and removes a tag. */
export function withoutTag(value: string): string {
  const end = endOfAddress(value);
  const address = trimBlanks(value.slice(0, end));
  const bracketed = address.includes('<') ? address : `<${address}>`;
  const params = value
    .slice(end)
    .split(';')
    .map(trimBlanks)
    .filter((param) => param !== '' && trimBlanks(param.split('=')[0] ?? '').toLowerCase() !== 'tag');
  return [bracketed, ...params].join(';');
}

export function withTag(value: string, tag: string | undefined): string {
  return tag === undefined ? withoutTag(value) : `${withoutTag(value)};tag=${tag}`;
}

/** drachtio-server's rule: what begins like SDP is SDP. */
export function findContentType(
  headers: readonly ApplicationHeader[],
  body: Buffer,
): { readonly value: string; readonly isGiven: boolean } | undefined {
  const given = headers.find(({ name }) => name === 'Content-Type');
  if (given !== undefined) return { value: given.value, isGiven: true };
  const isSdp = body.subarray(0, 3).toString('latin1') === 'v=0';
  return isSdp ? { value: 'application/sdp', isGiven: false } : undefined;
}

/** The session that a message of ours describes; undefined without a body. */
export function describeBody(
  headers: readonly ApplicationHeader[],
  body: Buffer,
): SessionDescription | undefined {
  if (body.length === 0) return undefined;
  const contentType = findContentType(headers, body)?.value ?? 'application/sdp';
  return { contentType, body: body.toString('latin1') };
}

/** Headers that somebody gave, apart from those that are not his to give. */
export function addGiven(
  builder: MessageBuilder,
  headers: readonly ApplicationHeader[],
  without?: ReadonlySet<string>,
): void {
  for (const { name, value } of headers) if (without?.has(name) !== true) builder.add(name, value);
}

export function addUnlessGiven(
  builder: MessageBuilder,
  headers: readonly ApplicationHeader[],
  name: string,
  value: string | undefined,
): void {
  if (value === undefined) return;
  for (const header of headers) if (header.name === name) return;
  builder.add(name, value);
}

/** The message, with a Content-Type for its body where none was given. */
export function withBody(
  builder: MessageBuilder,
  headers: readonly ApplicationHeader[],
  body: Buffer,
): Buffer {
  if (body.length === 0) return builder.build();
  const contentType = findContentType(headers, body);
  if (contentType?.isGiven === false) builder.add('Content-Type', contentType.value);
  return builder.body(body).build();
}
