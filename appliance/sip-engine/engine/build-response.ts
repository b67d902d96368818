/** Responses to requests from the network: what RFC 3261 8.2.6 takes from the request, and what the application adds. */
import { MessageBuilder } from '../message/message-builder.js';
import type { SipMessage } from '../message/sip-message.js';
import type { ApplicationHeader } from './application-message.js';
import { addGiven, addUnlessGiven, withBody } from './header-rules.js';

export interface ResponsePlan {
  readonly request: SipMessage;
  readonly status: number;
  readonly reason: string;
  /** Undefined in a 100, and where the request has one already. */
  readonly toTag: string | undefined;
  readonly headers?: readonly ApplicationHeader[];
  readonly body?: Buffer;
  /** It makes a dialog: the route of the request is part of it (RFC 3261 12.1.1). */
  readonly formsDialog?: boolean;
  /** Value of Contact, unless the application gave one. */
  readonly contact?: string | undefined;
  /** Of the engine itself; they go before those of the application. */
  readonly engineHeaders?: readonly ApplicationHeader[];
  readonly server?: string | undefined;
}

/** These are the request's; what an application says of them is not taken. */
const OF_REQUEST = new Set(['From', 'To', 'Call-ID', 'CSeq']);
const NO_BODY = Buffer.alloc(0);

function tagSuffix(request: SipMessage, tag: string | undefined): string {
  return tag === undefined || request.to.tag !== undefined ? '' : `;tag=${tag}`;
}

export function buildResponse(plan: ResponsePlan): Buffer {
  const { request, status, reason, headers = [], engineHeaders = [], body = NO_BODY } = plan;
  const builder = MessageBuilder.response(status, reason).copyHeaders(request, 'Via');
  if (plan.formsDialog === true) builder.copyHeaders(request, 'Record-Route');
  builder.copyHeaders(request, 'From').copyWithSuffix(request, 'To', tagSuffix(request, plan.toTag));
  builder.copyHeaders(request, 'Call-ID', 'CSeq');
  addGiven(builder, engineHeaders);
  addGiven(builder, headers, OF_REQUEST);
  addUnlessGiven(builder, headers, 'Contact', plan.contact);
  if (plan.server !== undefined) builder.add('Server', plan.server);
  // RFC 3261 8.2.6.1: the caller measures the way here by it.
  if (status === 100) builder.copyHeaders(request, 'Timestamp');
  return withBody(builder, headers, body);
}
