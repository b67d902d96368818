/**
 * What applications say, as typed commands: the first line `id|verb|field|...` and, for some verbs, CRLF and a text.
 * Empty fields count, nothing is escaped. The SIP message stays opaque, except for its first word, which tells a
 * response and a CANCEL from other requests.
 *
 * Extensions of ours, which drachtio-srf never sends: `adopt`, `dialogs`, `payload` (an application that replaces a
 * dead one). Nothing of them is ever sent to an application that did not ask.
 */
import { codeAt } from '../message/code-at.js';
import { isUtf8 } from 'node:buffer';
import {
  CONTROL_TEXTS,
  invalidRequestUriText,
  unknownCancelText,
  unknownProxyText,
} from './control-texts.js';

/** Every command carries the id under which the application expects its answer. */
interface Addressed {
  readonly id: string;
}

export interface AuthenticateCommand extends Addressed {
  readonly type: 'authenticate';
  readonly secret: string;
  /** Without repetitions and empty ones. */
  readonly tags: readonly string[];
}

export interface PingCommand extends Addressed {
  readonly type: 'ping';
}

export interface RouteCommand extends Addressed {
  readonly type: 'route';
  /** A method in lower case, or `cdr:attempt`, `cdr:start`, `cdr:stop`. */
  readonly verb: string;
}

export interface RemoveRouteCommand extends Addressed {
  readonly type: 'removeRoute';
  readonly verb: string;
}

export interface SipResponseCommand extends Addressed {
  readonly type: 'sipResponse';
  readonly transactionId: string;
  readonly text: string;
}

export interface SipCancelCommand extends Addressed {
  readonly type: 'sipCancel';
  /** Of the INVITE that we sent for the application. */
  readonly transactionId: string;
  readonly text: string;
}

export interface SipInDialogCommand extends Addressed {
  readonly type: 'sipInDialogRequest';
  readonly dialogId: string;
  /** Also ACK and PRACK; the request-URI may be `sip:placeholder`. */
  readonly text: string;
}

export interface SipNewCommand extends Addressed {
  readonly type: 'sipNewRequest';
  readonly text: string;
  /** Outbound proxy. */
  readonly nextHopUri?: string;
}

export interface ProxyCommand extends Addressed {
  readonly type: 'proxy';
  readonly transactionId: string;
  readonly remainInDialog: boolean;
  readonly fullResponse: boolean;
  readonly followRedirects: boolean;
  readonly simultaneous: boolean;
  readonly provisionalTimeoutMs?: number;
  readonly finalTimeoutMs?: number;
  /** At least one. */
  readonly destinations: readonly string[];
  /** `METHOD first-destination` and the headers to be added. */
  readonly text: string;
}

export interface AdoptCommand extends Addressed {
  readonly type: 'adopt';
  readonly dialogId: string;
}

export interface ListDialogsCommand extends Addressed {
  readonly type: 'dialogs';
  readonly tag: string;
}

export interface StorePayloadCommand extends Addressed {
  readonly type: 'payload';
  readonly dialogId: string;
  /** At most DIALOG_PAYLOAD_BYTES_MAX bytes of UTF-8; empty removes what was stored. */
  readonly body: string;
}

/** What concerns the connection alone. */
export type ConnectionCommand = AuthenticateCommand | PingCommand | RouteCommand | RemoveRouteCommand;

/** What the engine's core decides. */
export type EngineCommand =
  | SipResponseCommand
  | SipCancelCommand
  | SipInDialogCommand
  | SipNewCommand
  | ProxyCommand
  | AdoptCommand
  | ListDialogsCommand
  | StorePayloadCommand;

export type ControlCommand = ConnectionCommand | EngineCommand;

/**
 * A payload that is no command. `outcome` NO ends the connection, as in drachtio-server; NOK refuses this command
 * only. The message is for the application, word by word.
 */
export class ControlParseError extends Error {
  override readonly name = 'ControlParseError';
  readonly id: string;
  readonly outcome: 'NO' | 'NOK';

  constructor(id: string, outcome: 'NO' | 'NOK', message: string) {
    super(message);
    this.id = id;
    this.outcome = outcome;
  }
}

export const DIALOG_PAYLOAD_BYTES_MAX = 16 * 1024;
/** A UUID has 36 characters; the id is echoed and therefore must not grow. */
const ID_CHARACTERS_MAX = 128;
const NAME_CHARACTERS_MAX = 128;
const TAGS_MAX = 32;
const DESTINATIONS_MAX = 64;
/** A day; no transaction lives longer, and the product stays a safe number. */
const TIMEOUT_MS_MAX = 86_400_000;

interface Message {
  readonly id: string;
  /** What follows the verb. */
  readonly fields: readonly string[];
  readonly text: string;
}

function refuse(message: Message, problem: string): never {
  throw new ControlParseError(message.id, 'NOK', problem);
}

function hasControlCharacter(line: string): boolean {
  for (let index = 0; index < line.length; index += 1) {
    if (codeAt(line, index) < 0x20) return true;
  }
  return false;
}

function parseTags(message: Message, list: string): string[] {
  const tags = [...new Set(list.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
  const isTooMuch = tags.length > TAGS_MAX || tags.some((tag) => tag.length > NAME_CHARACTERS_MAX);
  if (isTooMuch) throw new ControlParseError(message.id, 'NO', 'too many tags, or a tag that is too long');
  return tags;
}

function parseAuthenticate(message: Message): AuthenticateCommand {
  const [secret = '', tags = ''] = message.fields;
  return { type: 'authenticate', id: message.id, secret, tags: parseTags(message, tags) };
}

function verbOf(message: Message): string {
  const verb = (message.fields[0] ?? '').toLowerCase();
  if (verb === '' || verb.length > NAME_CHARACTERS_MAX) refuse(message, 'a route needs one method');
  return verb;
}

/** The start line's first word; methods are case-sensitive (RFC 3261 7.1). */
function firstWord(text: string): string {
  const lineEnd = text.indexOf('\r\n');
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const wordEnd = line.indexOf(' ');
  return wordEnd < 0 ? line : line.slice(0, wordEnd);
}

/**
 * Which of the two ids is filled tells what it is about: a transaction (answer or cancel it), a dialog, or neither
 * (something new). An id of a transaction beside a dialog's counts for CANCEL only, and for responses.
 */
function parseSip(message: Message): ControlCommand {
  const { id, text } = message;
  const [transactionId = '', dialogId = '', nextHopUri = ''] = message.fields;
  const word = firstWord(text);
  if (word === '') refuse(message, invalidRequestUriText(''));
  if (word === 'SIP/2.0') {
    if (transactionId === '') refuse(message, CONTROL_TEXTS.unknownTransaction);
    return { type: 'sipResponse', id, transactionId, text };
  }
  if (word === 'CANCEL') {
    if (transactionId === '') refuse(message, unknownCancelText(''));
    return { type: 'sipCancel', id, transactionId, text };
  }
  if (dialogId !== '') return { type: 'sipInDialogRequest', id, dialogId, text };
  if (transactionId !== '') refuse(message, 'only a response or a CANCEL can name a transaction');
  return { type: 'sipNewRequest', id, text, ...(nextHopUri === '' ? {} : { nextHopUri }) };
}

/** `2s` or `1500ms`; empty is undefined. */
function parseTimeoutMs(message: Message, text: string): number | undefined {
  if (text === '') return undefined;
  const unitMs = text.endsWith('ms') ? 1 : text.endsWith('s') ? 1000 : 0;
  const digits = text.slice(0, unitMs === 1 ? -2 : -1);
  const value = unitMs > 0 && /^[0-9]{1,8}$/.test(digits) ? Number(digits) : NaN;
  if (!(value * unitMs <= TIMEOUT_MS_MAX))
    refuse(message, `no timeout like 2s or 1500ms: ${text.slice(0, 40)}`);
  return value * unitMs;
}

function parseDestinations(message: Message, fields: readonly string[]): readonly string[] {
  const isGood = fields.length > 0 && fields.length <= DESTINATIONS_MAX && !fields.includes('');
  if (!isGood)
    refuse(message, `proxy needs 1 to ${String(DESTINATIONS_MAX)} destinations, none of them empty`);
  return fields;
}

function parseProxy(message: Message): ProxyCommand {
  const [transactionId = '', remain, full, follow, forking, provisional = '', final = '', ...rest] =
    message.fields;
  if (transactionId === '') refuse(message, unknownProxyText(''));
  const provisionalTimeoutMs = parseTimeoutMs(message, provisional);
  const finalTimeoutMs = parseTimeoutMs(message, final);
  return {
    type: 'proxy',
    id: message.id,
    transactionId,
    remainInDialog: remain === 'remainInDialog',
    fullResponse: full === 'fullResponse',
    followRedirects: follow === 'followRedirects',
    simultaneous: forking === 'simultaneous',
    ...(provisionalTimeoutMs === undefined ? {} : { provisionalTimeoutMs }),
    ...(finalTimeoutMs === undefined ? {} : { finalTimeoutMs }),
    destinations: parseDestinations(message, rest),
    text: message.text,
  };
}

function dialogIdOf(message: Message): string {
  const dialogId = message.fields[0] ?? '';
  if (dialogId === '') refuse(message, CONTROL_TEXTS.unknownDialogToAdopt);
  return dialogId;
}

function parseListDialogs(message: Message): ListDialogsCommand {
  return { type: 'dialogs', id: message.id, tag: message.fields[0] ?? '' };
}

function parsePayload(message: Message): StorePayloadCommand {
  const dialogId = dialogIdOf(message);
  if (Buffer.byteLength(message.text, 'utf8') > DIALOG_PAYLOAD_BYTES_MAX) {
    refuse(message, `the payload of a dialog has at most ${String(DIALOG_PAYLOAD_BYTES_MAX)} bytes`);
  }
  return { type: 'payload', id: message.id, dialogId, body: message.text };
}

const PARSERS = new Map<string, (message: Message) => ControlCommand>([
  ['authenticate', parseAuthenticate],
  ['ping', ({ id }) => ({ type: 'ping', id })],
  ['route', (message) => ({ type: 'route', id: message.id, verb: verbOf(message) })],
  ['remove_route', (message) => ({ type: 'removeRoute', id: message.id, verb: verbOf(message) })],
  ['sip', parseSip],
  ['proxy', parseProxy],
  ['adopt', (message) => ({ type: 'adopt', id: message.id, dialogId: dialogIdOf(message) })],
  ['dialogs', parseListDialogs],
  ['payload', parsePayload],
]);

/**
 * @param payload one frame without its length
 * @throws ControlParseError and nothing else
 */
export function parseControlCommand(payload: Uint8Array): ControlCommand {
  const whole = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  const lineEnd = whole.indexOf('\r\n');
  const line = lineEnd < 0 ? whole : whole.slice(0, lineEnd);
  const [id = '', verb = '', ...fields] = line.split('|');
  if (id === '' || id.length > ID_CHARACTERS_MAX || hasControlCharacter(line)) {
    throw new ControlParseError('', 'NO', CONTROL_TEXTS.unknownVerb);
  }
  const parse = PARSERS.get(verb);
  if (parse === undefined) throw new ControlParseError(id, 'NO', CONTROL_TEXTS.unknownVerb);
  // Decoding would silently put other characters into somebody's message.
  if (!isUtf8(payload)) throw new ControlParseError(id, 'NOK', 'the message is not UTF-8');
  return parse({ id, fields, text: lineEnd < 0 ? '' : whole.slice(lineEnd + 2) });
}
