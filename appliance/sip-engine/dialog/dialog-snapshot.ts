/**
 * A dialog as text, for the partner node (facts: snapshots). JSON, so that a partner of one release older or newer
 * reads it: what it does not know it leaves out, what is not there gets its default.
 *
 * Snapshots hold numbers and session descriptions with keys: they belong on the encrypted link and in no log.
 */
import type { SipFlow } from '../transport/sip-flow.js';
import { Dialog, type DialogFields, type SessionDescription } from './dialog.js';
import type { SessionTimer } from './session-timer.js';

/** Raised when an older engine could not go on with what is written. */
export const SNAPSHOT_VERSION = 1;

/** A 2xx that waits for its ACK. */
export interface UnacknowledgedSuccess {
  readonly bytes: string;
  readonly flow: SipFlow;
  readonly transactionId: string;
}

export interface DialogSnapshot {
  readonly v: number;
  readonly gen: number;
  readonly dialog: DialogFields;
  readonly success?: UnacknowledgedSuccess;
}

/** @param gen generation of the ownership of the address under which it is written */
export function writeDialogSnapshot(
  dialog: Dialog,
  gen: number,
  success: UnacknowledgedSuccess | undefined,
): string {
  const { underWay: _, ...fields } = dialog;
  return JSON.stringify({ v: SNAPSHOT_VERSION, gen, dialog: fields, ...(success && { success }) });
}

type Fields = Readonly<Record<string, unknown>>;

function bad(field: string): never {
  throw new TypeError(`not a snapshot of a dialog: its field "${field}" is wrong`);
}

function fieldsOf(value: unknown, field: string): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : bad(field);
}

function text(fields: Fields, field: string): string {
  const value = fields[field];
  return typeof value === 'string' ? value : bad(field);
}

function number(fields: Fields, field: string): number {
  const value = fields[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : bad(field);
}

function oneOf<T extends string>(fields: Fields, field: string, ...values: readonly T[]): T {
  const value = fields[field];
  return values.find((one) => one === value) ?? bad(field);
}

function texts(fields: Fields, field: string): readonly string[] {
  const value = fields[field];
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) bad(field);
  return value as string[];
}

/** @throws TypeError that names the field */
export function parseFlow(value: unknown): SipFlow {
  const fields = fieldsOf(value, 'flow');
  const protocol = oneOf(fields, 'protocol', 'udp', 'tcp', 'tls');
  // A connection of the other node is none of ours; the way it went is kept.
  return {
    protocol,
    isReliable: protocol !== 'udp',
    localAddress: text(fields, 'localAddress'),
    localPort: number(fields, 'localPort'),
    remoteAddress: text(fields, 'remoteAddress'),
    remotePort: number(fields, 'remotePort'),
  };
}

function parseTimer(value: unknown): SessionTimer | undefined {
  if (value === undefined) return undefined;
  const fields = fieldsOf(value, 'sessionTimer');
  return {
    interval: number(fields, 'interval'),
    isRefresher: fields['isRefresher'] === true,
    deadlineWallMs: number(fields, 'deadlineWallMs'),
  };
}

function parseDescription(value: unknown): SessionDescription | undefined {
  if (value === undefined) return undefined;
  const fields = fieldsOf(value, 'sdp');
  return { contentType: text(fields, 'contentType'), body: text(fields, 'body') };
}

function parseFields(fields: Fields): DialogFields {
  return {
    id: text(fields, 'id'),
    kind: oneOf(fields, 'kind', 'INVITE', 'SUBSCRIBE'),
    role: oneOf(fields, 'role', 'uas', 'uac'),
    addressId: text(fields, 'addressId'),
    callId: text(fields, 'callId'),
    localTag: text(fields, 'localTag'),
    localParty: text(fields, 'localParty'),
    createdWallMs: number(fields, 'createdWallMs'),
    isSecure: fields['isSecure'] === true,
    state: oneOf(fields, 'state', 'early', 'confirmedNoAck', 'confirmed'),
    remoteTag: text(fields, 'remoteTag'),
    remoteParty: text(fields, 'remoteParty'),
    localSeq: number(fields, 'localSeq'),
    remoteSeq: fields['remoteSeq'] === undefined ? undefined : number(fields, 'remoteSeq'),
    inviteSeq: number(fields, 'inviteSeq'),
    remoteTarget: text(fields, 'remoteTarget'),
    localContact: text(fields, 'localContact'),
    routeSet: texts(fields, 'routeSet'),
    flow: parseFlow(fields['flow']),
    isNated: fields['isNated'] === true,
    sessionTimer: parseTimer(fields['sessionTimer']),
    localSdp: parseDescription(fields['localSdp']),
    remoteSdp: parseDescription(fields['remoteSdp']),
    appTags: texts(fields, 'appTags'),
    payload: fields['payload'] === undefined ? '' : text(fields, 'payload'),
  };
}

/** @throws TypeError or SyntaxError; nothing is half read */
export function parseDialogSnapshot(record: string): DialogSnapshot {
  const fields = fieldsOf(JSON.parse(record), 'record');
  const v = number(fields, 'v');
  if (v > SNAPSHOT_VERSION) bad('v');
  const dialog = parseFields(fieldsOf(fields['dialog'], 'dialog'));
  const gen = number(fields, 'gen');
  if (fields['success'] === undefined) return { v, gen, dialog };
  const success = fieldsOf(fields['success'], 'success');
  const { bytes, transactionId } = {
    bytes: text(success, 'bytes'),
    transactionId: text(success, 'transactionId'),
  };
  return { v, gen, dialog, success: { bytes, transactionId, flow: parseFlow(success['flow']) } };
}
