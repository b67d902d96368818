/**
 * What the engine says to applications, field by field as drachtio-server does; drachtio-srf finds everything by its
 * position, so that a field that is empty must still be there. Pure: ids and times are given.
 *
 * Nothing is escaped on this wire, hence a Call-ID or a reason with `|` or a line break in it, which only a hostile
 * peer sends, would shift all fields behind it. Every field passes `toWireField`, and dialog ids are made by
 * `controlDialogId`, so that what is sent, what comes back and what is stored are one text.
 */
import { codeAt } from '../message/code-at.js';
import type { Rng } from '../../../cluster/base/rng.js';
import type { ControlReply } from './control-framing.js';

/** Random (version 4) UUID, RFC 9562 5.4. Use a strong Rng: transaction ids are handles to calls. */
export function uuidV4(rng: Rng): string {
  const bytes = Buffer.from(rng.bytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  const [first, second] = [hex.slice(0, 8), hex.slice(8, 12)];
  return `${first}-${second}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The same text with `|` and control characters percent-encoded; applying it twice changes nothing more. */
export function toWireField(text: string): string {
  let clean = '';
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = codeAt(text, index);
    if (code >= 0x20 && code !== 0x7c) continue;
    clean += `${text.slice(start, index)}%${code.toString(16).toUpperCase().padStart(2, '0')}`;
    start = index + 1;
  }
  return start === 0 ? text : clean + text.slice(start);
}

/**
 * Any node can compute it, nothing has to be allocated; drachtio-srf relies on the format.
 * @param uacTag From tag of the side that sent the INVITE or SUBSCRIBE: the remote tag when we are UAS, ours as UAC
 */
export function controlDialogId(callId: string, uacTag: string): string {
  return `${toWireField(callId)};from-tag=${toWireField(uacTag)}`;
}

const DAY_SECONDS = 86_400;

function two(number: number): string {
  return number < 10 ? `0${String(number)}` : String(number);
}

/** @param wallMs ms since 1970, fractions are microseconds @returns HH:MM:SS.uuuuuu in UTC */
export function wireTime(wallMs: number): string {
  const wholeMs = Math.floor(wallMs);
  const microseconds = (wholeMs % 1000) * 1000 + Math.floor((wallMs - wholeMs) * 1000);
  const seconds = Math.floor(wholeMs / 1000) % DAY_SECONDS;
  const [hour, minute] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${two(hour)}:${two(minute)}:${two(seconds % 60)}.${String(microseconds).padStart(6, '0')}`;
}

/** Where and when a message was on the wire. */
export interface WireMeta {
  readonly source: 'network' | 'application';
  readonly bytes: number;
  /** Empty for an ACK to a UAS and for echoed non-INVITE responses; unknown while DNS is pending. */
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'unknown' | '';
  /** Remote for what was received and for echoed responses, local for echoed requests. */
  readonly address: string;
  readonly port: number;
  /** Wall clock, ms. */
  readonly atMs: number;
}

type SipText = string | Uint8Array;

function line(...fields: readonly string[]): string {
  let text = toWireField(fields[0] ?? '');
  for (let index = 1; index < fields.length; index += 1) text += `|${toWireField(fields[index] ?? '')}`;
  return text;
}

function metaFields(meta: WireMeta): string[] {
  const { source, bytes, protocol, address, port, atMs } = meta;
  return [source, String(bytes), protocol, address, String(port), wireTime(atMs)];
}

export interface NewRequestNotice {
  readonly meta: WireMeta;
  readonly transactionId: string;
  /** The address it arrived at; becomes `req.receivedOn`. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly sip: SipText;
}

/** A new request from the network (13 fields, the dialog and the session token empty). */
export function writeNewRequest(messageId: string, notice: NewRequestNotice): ControlReply {
  const { meta, transactionId, localAddress, localPort, sip } = notice;
  const place = [localAddress, String(localPort), ''];
  return { line: line(messageId, 'sip', ...metaFields(meta), transactionId, '', ...place), sip };
}

export interface DialogNotice {
  readonly meta: WireMeta;
  readonly transactionId: string;
  /** Empty for a response outside of any dialog and for the CANCEL of an INVITE nobody has answered. */
  readonly dialogId: string;
  readonly sip: SipText;
}

/** An in-dialog request, CANCEL, ACK or PRACK from the network, or a response to a request of the application. */
export function writeDialogMessage(messageId: string, notice: DialogNotice): ControlReply {
  const { meta, transactionId, dialogId, sip } = notice;
  return { line: line(messageId, 'sip', ...metaFields(meta), transactionId, dialogId, ''), sip };
}

/** The engine itself ended the dialog; `sip` is the BYE it sent, whose Reason the application reads. */
export function writeUnsolicitedBye(
  messageId: string,
  notice: Omit<DialogNotice, 'transactionId'>,
): ControlReply {
  const meta = { ...notice.meta, source: 'application' } as const;
  return writeDialogMessage(messageId, { ...notice, meta, transactionId: 'unsolicited' });
}

/** Who is answered: `messageId` is ours, `requestId` the one the application gave its command. */
export interface AnswerIds {
  readonly messageId: string;
  readonly requestId: string;
}

function answer(ids: AnswerIds, outcome: 'OK' | 'NO' | 'NOK', fields: readonly string[]): string {
  return line(ids.messageId, 'response', ids.requestId, outcome, ...fields);
}

/** To `route`, `remove_route`, `payload`; `ping` has the field `pong`. */
export function writeOk(ids: AnswerIds, ...fields: readonly string[]): ControlReply {
  return { line: answer(ids, 'OK', fields) };
}

export function writePong(ids: AnswerIds): ControlReply {
  return writeOk(ids, 'pong');
}

/** The connection itself is refused; it is closed after this. */
export function writeNo(ids: AnswerIds, text: string): ControlReply {
  return { line: answer(ids, 'NO', [text]) };
}

/** One command failed. @param text the wording is part of the protocol where drachtio-srf looks at it */
export function writeNok(ids: AnswerIds, text: string): ControlReply {
  return { line: answer(ids, 'NOK', [text]) };
}

export interface ControlGreeting {
  /** `proto/ip:port` as seen from outside. */
  readonly hostports: readonly string[];
  readonly localHostports: readonly string[];
  /** vN.N.N, at least v0.8.2, or drachtio-srf sends no pings. */
  readonly version: string;
}

export function writeAuthenticated(ids: AnswerIds, greeting: ControlGreeting): ControlReply {
  const { hostports, version, localHostports } = greeting;
  return writeOk(ids, hostports.join(','), version, localHostports.join(','));
}

export interface RequestEcho {
  readonly meta: WireMeta;
  /** A CANCEL has one of its own, under which nothing ever arrives. */
  readonly transactionId: string;
  /** Exactly as put on the wire: tags, CSeq, Call-ID and Contact are taken from it. */
  readonly sip: SipText;
}

/** A request of the application (also ACK, PRACK, CANCEL) has been sent. */
export function writeRequestEcho(ids: AnswerIds, echo: RequestEcho): ControlReply {
  const { meta, transactionId, sip } = echo;
  return { line: answer(ids, 'OK', [...metaFields(meta), transactionId, 'Msg sent:', '']), sip };
}

export interface ResponseEcho extends RequestEcho {
  /** Empty for a BYE's answer and for requests that make no dialog. */
  readonly dialogId: string;
}

/** A response of the application has been sent. */
export function writeResponseEcho(ids: AnswerIds, echo: ResponseEcho): ControlReply {
  const { meta, transactionId, dialogId, sip } = echo;
  return {
    line: answer(ids, 'OK', [...metaFields(meta), transactionId, dialogId, '', 'Msg sent:', '']),
    sip,
  };
}

/** One final response that came from downstream; `writeProxyDone` follows after the last one. */
export function writeProxyResponse(ids: AnswerIds, meta: WireMeta, sip: SipText): ControlReply {
  return { line: answer(ids, 'OK', [...metaFields(meta), '', '', 'continue']), sip };
}

export function writeProxyDone(ids: AnswerIds): ControlReply {
  return writeOk(ids, 'done');
}

export interface CallRecordNotice {
  readonly source: WireMeta['source'];
  readonly atMs: number;
  readonly sip: SipText;
}

/** `sip` is the INVITE. */
export function writeCdrAttempt(messageId: string, notice: CallRecordNotice): ControlReply {
  return { line: line(messageId, 'cdr:attempt', notice.source, wireTime(notice.atMs)), sip: notice.sip };
}

export type CallRecordRole = 'uac' | 'uas' | 'proxy-uac' | 'proxy-uas';

/** `sip` is the 200. */
export function writeCdrStart(
  messageId: string,
  notice: CallRecordNotice,
  role: CallRecordRole,
): ControlReply {
  return { line: line(messageId, 'cdr:start', notice.source, wireTime(notice.atMs), role), sip: notice.sip };
}

/**
 * `sip` is the BYE, the final response, or the INVITE when that was cancelled.
 * @param reason call-rejected, call-canceled, normal-release, session-expired, ...
 */
export function writeCdrStop(messageId: string, notice: CallRecordNotice, reason: string): ControlReply {
  return { line: line(messageId, 'cdr:stop', notice.source, wireTime(notice.atMs), reason), sip: notice.sip };
}

/** JSON in one field: `|` can only stand inside a string, where an escape means the same. */
function jsonField(value: unknown): string {
  return ((JSON.stringify(value) as string | undefined) ?? 'null').replaceAll('|', '\\u007c');
}

/** To `adopt`: what the application needs to rebuild the dialog. */
export function writeAdopted(ids: AnswerIds, snapshot: unknown): ControlReply {
  return writeOk(ids, jsonField(snapshot));
}

/** To `dialogs`: the dialogs of that tag that nobody owns. */
export function writeDialogList(ids: AnswerIds, dialogIds: readonly string[]): ControlReply {
  return writeOk(ids, jsonField(dialogIds));
}
