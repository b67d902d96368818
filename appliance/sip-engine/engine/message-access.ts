/** What the transaction layer needs of messages (transaction-port.ts): keys, and the three messages it sends itself. */
import { MessageBuilder } from '../message/message-builder.js';
import { parseSipMessage } from '../message/parse-sip-message.js';
import type { SipMessage } from '../message/sip-message.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import { viaText } from '../message/via-header.js';
import { hasUniqueBranch, type KeyFields } from '../transaction/transaction-key.js';
import type { MessageAccess } from '../transaction/transaction-port.js';

const MAX_FORWARDS = '70';

/** @throws SipSyntaxError when the bytes, which this engine made or has checked before, are no message */
export function parseOwnMessage(bytes: Buffer): SipMessage {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind !== 'message') throw new SipSyntaxError('a stored message is unreadable');
  return parsed.message;
}

function keyFields(message: SipMessage): KeyFields {
  const { via } = message;
  const { number: cseqNumber, method } = message.cseq;
  return {
    method: message.isRequest ? message.method : method,
    branch: via.branch,
    sentByHost: via.host,
    sentByPort: via.port,
    transport: via.transport,
    callId: message.callId,
    cseqNumber,
    fromTag: message.from.tag,
    toTag: message.to.tag,
    requestUri: message.requestUri,
    // Only what comes without a branch of its own is told apart by it.
    topVia: hasUniqueBranch(via) ? '' : (message.header('Via') ?? ''),
  };
}

/** With the Via, Route, From, Call-ID and CSeq number of its INVITE, without the rest. */
function fromInvite(invite: SipMessage, method: 'ACK' | 'CANCEL', to: SipMessage): MessageBuilder {
  return MessageBuilder.request(method, invite.requestUri)
    .add('Via', viaText(invite.via))
    .copyHeaders(invite, 'Route')
    .add('Max-Forwards', MAX_FORWARDS)
    .copyHeaders(invite, 'From')
    .copyHeaders(to, 'To')
    .copyHeaders(invite, 'Call-ID')
    .add('CSeq', `${String(invite.cseq.number)} ${method}`);
}

/** The CANCEL of an INVITE of ours (RFC 3261 9.1), with headers of the application such as Reason. */
export function makeCancel(
  invite: SipMessage,
  headers: readonly { readonly name: string; readonly value: string }[] = [],
): Buffer {
  const builder = fromInvite(invite, 'CANCEL', invite);
  for (const { name, value } of headers) builder.add(name, value);
  return builder.build();
}

export function makeMessageAccess(): MessageAccess<SipMessage> {
  return {
    keyFields,
    statusOf: (response) => response.status,
    parse: parseOwnMessage,
    makeAck: (invite, response) => fromInvite(invite, 'ACK', response).build(),
    makeCancel: (invite) => makeCancel(invite),
    makeTrying: (request) =>
      MessageBuilder.response(100, 'Trying')
        .copyHeaders(request, 'Via', 'From', 'To', 'Call-ID', 'CSeq', 'Timestamp')
        .build(),
  };
}
