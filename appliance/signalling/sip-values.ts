/** What call control needs of a request, read from its headers. Pure; nothing a peer writes makes it throw. */
import type { RegisterContact } from '../call/signalling-port.js';

/** Longer user parts are no numbers; the rest of a header is nobody's business. */
const VALUE_CHARACTERS_MAX = 256;

function clip(text: string): string {
  return text.slice(0, VALUE_CHARACTERS_MAX);
}

/** User part of a SIP or tel URI, also of a name-addr; empty when there is none. */
export function userOf(uri: string): string {
  const start = uri.search(/\b(sips?|tel):/i);
  if (start < 0) return '';
  const rest = uri.slice(uri.indexOf(':', start) + 1, start + 1024);
  if (/^tel:/i.test(uri.slice(start))) return clip(/^[^;>?\s]*/.exec(rest)?.[0] ?? '');
  const end = rest.indexOf('@');
  if (end < 0 || /[<>\s]/.test(rest.slice(0, end))) return '';
  // user;params and user:password are of the user part (RFC 3261 19.1.1).
  return clip(decode(rest.slice(0, end).split(/[;:]/, 1)[0] ?? ''));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Who was let in: the engine has checked the response to its challenge before anybody sees the request. */
export function authenticatedUser(authorization: string | undefined): string | undefined {
  const match = /\busername="((?:[^"\\]|\\.){1,64})"/i.exec((authorization ?? '').slice(0, 4096));
  return match?.[1]?.replaceAll(/\\(.)/g, '$1');
}

interface ParsedContact {
  readonly uri?: unknown;
  readonly params?: unknown;
}

function numberOf(value: unknown): number | undefined {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function readContact(contact: ParsedContact): RegisterContact | undefined {
  const { uri, params } = contact;
  if (typeof uri !== 'string' || uri.length > 1024) return undefined;
  const values = (typeof params === 'object' && params !== null ? params : {}) as Record<string, unknown>;
  const instance = values['+sip.instance'];
  return {
    uri,
    expiresSeconds: numberOf(values['expires']),
    instance: typeof instance === 'string' ? clip(instance.replaceAll(/^"|"$/g, '')) : undefined,
    regId: numberOf(values['reg-id']),
  };
}

/** @param parsed what drachtio-srf made of the Contact header @returns undefined when it cannot be read */
export function readContacts(parsed: unknown): readonly RegisterContact[] | undefined {
  const list: unknown[] = Array.isArray(parsed) ? parsed : [];
  const contacts = list.map((one) =>
    typeof one === 'object' && one !== null ? readContact(one) : undefined,
  );
  return contacts.includes(undefined) ? undefined : (contacts as RegisterContact[]);
}

/** Call-ID and tags that a Replaces names (RFC 3891 6.1); undefined for none. */
export interface ReplacedDialog {
  readonly sipCallId: string;
  readonly toTag: string;
  readonly fromTag: string;
}

/** @param referTo value of Refer-To: `<sip:8002@host?Replaces=call%3Bto-tag%3D1%3Bfrom-tag%3D2>` */
export function replacedBy(referTo: string): ReplacedDialog | undefined {
  const query = /\?([^>]*)/.exec(referTo.slice(0, 4096))?.[1] ?? '';
  const header = query.split('&').find((one) => /^replaces=/i.test(one));
  if (header === undefined) return undefined;
  const [sipCallId = '', ...params] = decode(header.slice('replaces='.length)).split(';');
  const tag = (name: string): string =>
    params.find((one) => one.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return { sipCallId, toTag: tag('to-tag'), fromTag: tag('from-tag') };
}

/** Of an INFO with application/dtmf-relay or application/dtmf. */
export function keyOfInfo(body: string | undefined): string | undefined {
  const text = (body ?? '').slice(0, 200);
  return (/^\s*signal\s*=\s*([0-9*#A-D])/im.exec(text) ?? /^\s*([0-9*#A-D])\s*$/i.exec(text))?.[1];
}

/** For a display: no quotes, no control characters. */
export function displayName(name: string): string {
  return name.replaceAll(/["\\\p{Cc}]/gu, '').slice(0, 64);
}

/**
 * For how long a carrier has registered us: what it says of our Contact, else its Expires, else what we asked for (RFC 3261
 * 10.2.4).
 */
export function grantedSeconds(
  response: { has(name: string): boolean; get(name: string): string },
  contact: string,
  asked: number,
): number {
  const contacts = response.has('Contact') ? response.get('Contact') : '';
  const ours = contacts.split(',').find((one) => one.includes(contact));
  const said = /;\s*expires\s*=\s*"?(\d{1,10})/i.exec(ours ?? '')?.[1];
  const general = response.has('Expires') ? response.get('Expires').trim() : '';
  const granted = said ?? (/^\d{1,10}$/.test(general) ? general : undefined);
  return granted === undefined ? asked : Number(granted);
}
