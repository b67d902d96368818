/** A message as an application sees it: through the parser of the drachtio-srf that is pinned, unchanged. */
import { createRequire } from 'node:module';

/** What of that parser applications call. */
export interface SrfMessage {
  readonly type: 'request' | 'response' | 'unknown';
  readonly method?: string;
  readonly uri?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly calledNumber: string;
  readonly callingNumber: string;
  readonly callingName: string;
  get(name: string): string | undefined;
  has(name: string): boolean;
  getParsedHeader(name: string): unknown;
}

interface SrfMessageClass {
  new (text: string): SrfMessage;
  parseUri(uri: string): unknown;
}

const require = createRequire(import.meta.url);
const SrfSipMessage = require('drachtio-srf/lib/sip-parser/message.js') as SrfMessageClass;

/** Every header that drachtio-srf has a parser of its own for. */
export const SRF_PARSED_HEADERS = [
  ...['from', 'to', 'contact', 'via', 'cseq', 'call-id', 'route', 'record-route', 'path', 'content-length'],
  ...['www-authenticate', 'proxy-authenticate', 'authorization', 'proxy-authorization'],
  ...['authentication-info', 'refer-to', 'referred-by', 'p-asserted-identity', 'remote-party-id'],
];

/** @throws Error where drachtio-srf does: for what it cannot read */
export function readAsApplication(bytes: Buffer): SrfMessage {
  return new SrfSipMessage(bytes.toString('utf8'));
}

function allAnswers(message: SrfMessage): unknown[] {
  const present = SRF_PARSED_HEADERS.filter((name) => (message.get(name) ?? '') !== '');
  const parsed = present.map((name) => message.getParsedHeader(name));
  const uri = message.uri === undefined ? [] : [message.calledNumber, SrfSipMessage.parseUri(message.uri)];
  return [...parsed, ...uri, message.callingNumber, message.callingName];
}

/** Asks for all that an application can ask for. @throws TypeError where drachtio-srf does */
export function readAllAsApplication(bytes: Buffer): SrfMessage {
  const message = readAsApplication(bytes);
  allAnswers(message);
  return message;
}
