/**
 * What the partner needs to go on with our transactions when it takes over a service address, as plain JSON: INVITEs
 * that are neither answered nor ended, and final responses to INVITE that wait for their ACK. Everything else is
 * short and is asked again by whoever asked (REGISTER, OPTIONS, BYE).
 *
 * Messages are text of one character per byte (stored-message.ts). They hold numbers and names of patients: records
 * belong on the encrypted link between the nodes and in no log.
 */
import type { CancelProgress } from './invite-client-state.js';
import type { StoredMessage } from './stored-message.js';

/** An INVITE that we received and did not finally answer. */
export interface PendingInviteServerRecord {
  readonly kind: 'pendingInviteServer';
  readonly key: string;
  /** The key is one of RFC 2543. */
  readonly hasOldKey: boolean;
  readonly request: StoredMessage;
  /** The last provisional response, and its status; 0 without. */
  readonly response?: StoredMessage;
  readonly lastStatus: number;
}

/** An INVITE that we sent and that has no final response. */
export interface PendingInviteClientRecord {
  readonly kind: 'pendingInviteClient';
  readonly key: string;
  readonly request: StoredMessage;
  /** 0 when nothing has come back. */
  readonly lastStatus: number;
  readonly cancel: CancelProgress;
  readonly isProxied: boolean;
}

/** A final response to INVITE. The 2xx itself is sent again by its dialog. */
export interface RecentInviteFinalRecord {
  readonly kind: 'recentInviteFinal';
  readonly key: string;
  readonly hasOldKey: boolean;
  readonly response: StoredMessage;
  readonly lastStatus: number;
  /** Milliseconds since 1970 by the wall clock, which both nodes share as well as NTP lets them. */
  readonly expiresWallMs: number;
  /** With an old key: To tag of the response. */
  readonly answeredTag?: string;
}

export type TransactionRecord =
  PendingInviteServerRecord | PendingInviteClientRecord | RecentInviteFinalRecord;

type Fields = Readonly<Record<string, unknown>>;

function badRecord(field: string, expected: string): never {
  throw new TypeError(`not a record of a transaction: its field "${field}" is not ${expected}`);
}

function text(fields: Fields, field: string): string {
  const value = fields[field];
  return typeof value === 'string' ? value : badRecord(field, 'text');
}

function number(fields: Fields, field: string): number {
  const value = fields[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : badRecord(field, 'a number');
}

function flag(fields: Fields, field: string): boolean {
  const value = fields[field];
  return typeof value === 'boolean' ? value : badRecord(field, 'true or false');
}

function status(fields: Fields, min: number, max: number): number {
  const value = number(fields, 'lastStatus');
  const isRight = Number.isInteger(value) && value >= min && value <= max;
  return isRight ? value : badRecord('lastStatus', `from ${String(min)} to ${String(max)}`);
}

/** Of an unanswered INVITE: 0 or 100 to 199. */
function pendingStatus(fields: Fields): number {
  return fields['lastStatus'] === 0 ? 0 : status(fields, 100, 199);
}

function cancelProgress(fields: Fields): CancelProgress {
  const value = fields['cancel'];
  return value === 'none' || value === 'wanted' || value === 'sent'
    ? value
    : badRecord('cancel', 'none, wanted or sent');
}

/** What came over the link, read again. @throws TypeError that names the field when it is not a record */
export function parseTransactionRecord(value: unknown): TransactionRecord {
  if (typeof value !== 'object' || value === null) badRecord('kind', 'there');
  const fields = value as Fields;
  const key = text(fields, 'key');
  switch (fields['kind']) {
    case 'pendingInviteServer': {
      const response = fields['response'] === undefined ? {} : { response: text(fields, 'response') };
      const [request, hasOldKey] = [text(fields, 'request'), flag(fields, 'hasOldKey')];
      return {
        kind: 'pendingInviteServer',
        key,
        hasOldKey,
        request,
        lastStatus: pendingStatus(fields),
        ...response,
      };
    }
    case 'pendingInviteClient': {
      const [cancel, isProxied] = [cancelProgress(fields), flag(fields, 'isProxied')];
      const [request, lastStatus] = [text(fields, 'request'), pendingStatus(fields)];
      return { kind: 'pendingInviteClient', key, request, lastStatus, cancel, isProxied };
    }
    case 'recentInviteFinal': {
      const tag = fields['answeredTag'] === undefined ? {} : { answeredTag: text(fields, 'answeredTag') };
      const [response, hasOldKey] = [text(fields, 'response'), flag(fields, 'hasOldKey')];
      const [lastStatus, expiresWallMs] = [status(fields, 200, 699), number(fields, 'expiresWallMs')];
      return { kind: 'recentInviteFinal', key, hasOldKey, response, lastStatus, expiresWallMs, ...tag };
    }
    default:
      return badRecord('kind', 'one of the three kinds');
  }
}
