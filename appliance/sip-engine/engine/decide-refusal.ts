/**
 * What the engine itself refuses of a new request that is well-formed, before any application sees it. Pure.
 * Malformed ones are refused by message/check-message.ts.
 */
import type { Dialog } from '../dialog/dialog.js';
import { isTooShort, type SessionTimerPolicy } from '../dialog/session-timer.js';
import type { Replaces } from '../message/header-values.js';
import type { SipMessage } from '../message/sip-message.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import type { ApplicationHeader } from './application-message.js';

export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers?: readonly ApplicationHeader[];
}

/** Extensions that the engine does itself, or that need nothing but an application that knows them. */
const SUPPORTED_EXTENSIONS = new Set([
  ...['100rel', 'timer', 'replaces', 'norefersub', 'path', 'outbound', 'gruu', 'histinfo', 'tdialog'],
  ...[
    'join',
    'eventlist',
    'from-change',
    'answermode',
    'privacy',
    'resource-priority',
    'explicitsub',
    'nosub',
  ],
]);

/** RFC 3261 8.2.2.3 and 20.33: who requires what nobody here knows is told so. */
function decideExtensions(request: SipMessage): Refusal | undefined {
  const unknown = request.require.filter((tag) => !SUPPORTED_EXTENSIONS.has(tag));
  if (unknown.length === 0) return undefined;
  return {
    status: 420,
    reason: 'Bad Extension',
    headers: [{ name: 'Unsupported', value: unknown.join(', ') }],
  };
}

function decideSession(request: SipMessage, policy: SessionTimerPolicy): Refusal | undefined {
  const { method } = request;
  if (method !== 'INVITE' && method !== 'UPDATE') return undefined;
  const offer = { offered: request.sessionExpires, isSupported: request.supported.includes('timer') };
  if (!isTooShort(offer, policy)) return undefined;
  const headers = [{ name: 'Min-SE', value: String(policy.minSe) }];
  return { status: 422, reason: 'Session Interval Too Small', headers };
}

/** RFC 3891 3: what Replaces must not name. */
function decideReplaces(
  request: SipMessage,
  findDialog: (replaces: Replaces) => Dialog | undefined,
): Refusal | undefined {
  const { replaces } = request;
  if (replaces === undefined) return undefined;
  if (request.method !== 'INVITE') return { status: 400, reason: 'Replaces in a request other than INVITE' };
  const dialog = findDialog(replaces);
  if (dialog === undefined || dialog.kind !== 'INVITE') {
    return { status: 481, reason: 'Call/Transaction Does Not Exist' };
  }
  if (dialog.state !== 'early') return replaces.earlyOnly ? { status: 486, reason: 'Busy Here' } : undefined;
  // Only one that rings at our side because we called may be taken over by another caller.
  return dialog.role === 'uac' ? undefined : { status: 481, reason: 'Call/Transaction Does Not Exist' };
}

export interface RefusalFacts {
  readonly request: SipMessage;
  readonly isMerged: boolean;
  readonly policy: SessionTimerPolicy;
  readonly findDialog: (replaces: Replaces) => Dialog | undefined;
}

/** @returns undefined for a request that an application may have */
export function decideRefusal(facts: RefusalFacts): Refusal | undefined {
  const { request, isMerged, policy, findDialog } = facts;
  if (isMerged) return { status: 482, reason: 'Loop Detected' };
  try {
    return decideExtensions(request) ?? decideSession(request, policy) ?? decideReplaces(request, findDialog);
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
    return { status: 400, reason: 'Bad Request' };
  }
}
