/** Requests of ours: what RFC 3261 8.1.1 and 12.2.1.1 prescribe, and what the application adds. */
import { MessageBuilder } from '../message/message-builder.js';
import type { ApplicationHeader } from './application-message.js';
import { addGiven, addUnlessGiven, withBody } from './header-rules.js';

export interface RequestPlan {
  readonly method: string;
  readonly requestUri: string;
  readonly routes: readonly string[];
  /** With tags. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  /** Of the application; those of its identity above are not taken from here. */
  readonly headers: readonly ApplicationHeader[];
  readonly body: Buffer;
  /** Value of Contact, unless the application gave one. */
  readonly contact?: string | undefined;
  readonly userAgent?: string | undefined;
}

const IDENTITY = new Set(['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards']);
/** RFC 3261 8.1.1.6 */
const MAX_FORWARDS = '70';

export function buildRequest(plan: RequestPlan, via: string): Buffer {
  const { method, headers, body } = plan;
  const forwards = headers.find(({ name }) => name === 'Max-Forwards')?.value ?? MAX_FORWARDS;
  const builder = MessageBuilder.request(method, plan.requestUri).add('Via', via);
  for (const route of plan.routes) builder.add('Route', route);
  builder
    .add('Max-Forwards', forwards)
    .add('From', plan.from)
    .add('To', plan.to)
    .add('Call-ID', plan.callId)
    .add('CSeq', `${String(plan.cseq)} ${method}`);
  addGiven(builder, headers, IDENTITY);
  addUnlessGiven(builder, headers, 'Contact', plan.contact);
  addUnlessGiven(builder, headers, 'User-Agent', plan.userAgent);
  return withBody(builder, headers, body);
}
