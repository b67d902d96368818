/**
 * What an HTTP service may decide about a new request, read from its answer `{action, data}` as drachtio-server reads
 * it. Pure. What it says goes into SIP messages: nothing that would break one is accepted.
 */
import { isIP } from 'node:net';
import { parseNameAddress } from '../message/name-address.js';
import { findNumber } from '../message/sip-characters.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import { parseSipUri } from '../message/sip-uri.js';
import { toWireText } from '../message/wire-text.js';

export type RoutingDecision =
  /** To the applications that routed the method, as without any handler. */
  | { readonly kind: 'applications' }
  /** Among them, to one with the tag; there is none: 480. */
  | { readonly kind: 'tag'; readonly tag: string }
  /** To an application that listens: one connection for this request (outbound mode). */
  | { readonly kind: 'connect'; readonly host: string; readonly port: number; readonly isTls: boolean }
  | { readonly kind: 'reject'; readonly status: number; readonly reason?: string }
  /** 302; each one a value of Contact, as wire text. */
  | { readonly kind: 'redirect'; readonly contacts: readonly string[] }
  | {
      readonly kind: 'proxy';
      /** SIP URIs; at least one. */
      readonly destinations: readonly string[];
      readonly recordRoute: boolean;
      readonly followRedirects: boolean;
      readonly simultaneous: boolean;
      readonly provisionalTimeoutMs: number;
      readonly finalTimeoutMs: number;
    };

/** What drachtio-server answers when it cannot make sense of an answer, or has none. */
export const ROUTING_FAILED: RoutingDecision = Object.freeze({ kind: 'reject', status: 500 });

type Data = Readonly<Record<string, unknown>>;

/** Of drachtio-server, for an application whose port is not said. */
const APPLICATION_PORT = 9021;
const DESTINATIONS_MAX = 32;
const [PROVISIONAL_MS, FINAL_MS] = [5000, 60_000];
const TIMEOUT_MS_MAX = 3_600_000;

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flag(data: Data, name: string, fallback: boolean): boolean {
  const value = data[name];
  return typeof value === 'boolean' ? value : fallback;
}

/** `5s`, `1500ms`, or seconds alone; anything else is the default, as in drachtio-server. */
function timeoutMs(value: unknown, fallback: number): number {
  if (typeof value !== 'string') return fallback;
  const [unit, factor] = value.endsWith('ms') ? ['ms', 1] : value.endsWith('s') ? ['s', 1000] : ['', 1000];
  const count = findNumber(value.slice(0, value.length - unit.length), TIMEOUT_MS_MAX / factor);
  return count === undefined || count === 0 ? fallback : count * factor;
}

/** One text or a list of them; undefined when anything else is among them. */
function findTexts(value: unknown): readonly string[] | undefined {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.length === 0 || texts.length > DESTINATIONS_MAX) return undefined;
  return texts.every((text) => typeof text === 'string') ? texts : undefined;
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof SipSyntaxError) return false;
    throw error;
  }
}

/** A line end in a reason would begin a header of somebody else's making. */
function isPhrase(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) < 0x20) return false;
  return true;
}

function findReject({ status, reason }: Data): RoutingDecision | undefined {
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 300 || status > 699)
    return undefined;
  if (reason === undefined || reason === null) return { kind: 'reject', status };
  if (typeof reason !== 'string' || !isPhrase(reason)) return undefined;
  return { kind: 'reject', status, reason: toWireText(reason) };
}

function findRedirect({ contact }: Data): RoutingDecision | undefined {
  const contacts = findTexts(contact)?.map(toWireText);
  const isGood = contacts?.every((text) => isReadable(() => parseNameAddress(text, 'Contact')));
  return contacts !== undefined && isGood === true ? { kind: 'redirect', contacts } : undefined;
}

/** drachtio-server takes `host:port` for a destination, too. */
function asUri(text: string): string {
  return /^sips?:/i.test(text) ? text : `sip:${text}`;
}

function findProxy(data: Data): RoutingDecision | undefined {
  const destinations = findTexts(data['destination'])?.map((text) => toWireText(asUri(text)));
  const isGood = destinations?.every((text) => isReadable(() => parseSipUri(text)));
  if (destinations === undefined || isGood !== true) return undefined;
  return {
    kind: 'proxy',
    destinations,
    recordRoute: flag(data, 'recordRoute', false),
    followRedirects: flag(data, 'followRedirects', true),
    simultaneous: flag(data, 'simultaneous', false),
    provisionalTimeoutMs: timeoutMs(data['provisionalTimeout'], PROVISIONAL_MS),
    finalTimeoutMs: timeoutMs(data['finalTimeout'], FINAL_MS),
  };
}

/** `host:port;transport=tls`: what stands behind `sip:` in a URI, read as one. */
function findConnect(text: string): RoutingDecision | undefined {
  const uri = toWireText(asUri(text));
  if (!isReadable(() => parseSipUri(uri))) return undefined;
  const { host, port = APPLICATION_PORT, params } = parseSipUri(uri);
  const transport = params['transport'] ?? 'tcp';
  if (transport !== 'tcp' && transport !== 'tls') return undefined;
  const plain = host.startsWith('[') ? host.slice(1, -1) : host;
  if (port === 0 || (plain.includes(':') && isIP(plain) === 0)) return undefined;
  return { kind: 'connect', host: plain, port, isTls: transport === 'tls' };
}

/** drachtio-server reads `uri`; its sample configuration has `url`. */
function findRoute({ uri, url, tag }: Data): RoutingDecision | undefined {
  const where = typeof uri === 'string' ? uri : url;
  if (typeof where === 'string') return findConnect(where);
  return typeof tag === 'string' && tag !== '' ? { kind: 'tag', tag } : undefined;
}

const ACTIONS: Readonly<Record<string, (data: Data) => RoutingDecision | undefined>> = {
  reject: findReject,
  redirect: findRedirect,
  proxy: findProxy,
  route: findRoute,
};

/** @returns undefined for what is no answer that can be followed. Never throws */
export function findRoutingDecision(text: string): RoutingDecision | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isData(answer) || typeof answer['action'] !== 'string' || !isData(answer['data'])) return undefined;
  const { action, data } = answer;
  return Object.hasOwn(ACTIONS, action) ? ACTIONS[action]?.(data) : undefined;
}
