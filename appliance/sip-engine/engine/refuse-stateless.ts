/**
 * Answers without a transaction (RFC 3261 8.2.7), so that it costs nothing to be asked rubbish. What of the request
 * cannot be read goes back as it came, or is left out where it is missing; then the answer goes to where the request
 * came from. Never throws: a view of such a request does, and its sender would write our log.
 */
import { MessageBuilder } from '../message/message-builder.js';
import { parseSipMessage } from '../message/parse-sip-message.js';
import type { SipMessage } from '../message/sip-message.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { findStampedVia } from '../message/via-header.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { buildResponse, type ResponsePlan } from './build-response.js';

export interface StatelessRefusal {
  readonly bytes: Buffer;
  readonly flow: SipFlow;
}

/** Where the response to a request goes (RFC 3261 18.2.2, RFC 3581 4): not always where it came from. */
export function responseFlow(request: SipMessage, flow: SipFlow): SipFlow {
  if (flow.protocol !== 'udp') return flow;
  const { via } = request;
  if (via.rport !== undefined) return flow;
  const remotePort = via.port ?? 5060;
  const remoteAddress = via.maddr ?? flow.remoteAddress;
  if (remotePort === flow.remotePort && remoteAddress === flow.remoteAddress) return flow;
  return { ...flow, remoteAddress, remotePort };
}

function stamped(message: SipMessage, flow: SipFlow): SipMessage {
  const via = ignoringSyntax(() => findStampedVia(message.via, flow.remoteAddress, flow.remotePort));
  if (via === undefined) return message;
  const read = parseSipMessage(MessageBuilder.from(message).setFirst('Via', via).build());
  return read.kind === 'message' ? read.message : message;
}

export function refuseStateless(
  message: SipMessage,
  flow: SipFlow,
  plan: Pick<ResponsePlan, 'status' | 'reason' | 'headers' | 'toTag'>,
): StatelessRefusal {
  const request = stamped(message, flow);
  const hasReadableTo = ignoringSyntax(() => request.to) !== undefined;
  return {
    bytes: buildResponse({ ...plan, request, toTag: hasReadableTo ? plan.toTag : undefined }),
    flow: ignoringSyntax(() => responseFlow(request, flow)) ?? flow,
  };
}
