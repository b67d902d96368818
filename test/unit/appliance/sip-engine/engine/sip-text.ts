/** Small SIP messages for tests of pure functions. */
import { parseOwnMessage } from '../../../../../appliance/sip-engine/engine/message-access.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';

export const FLOW: SipFlow = {
  protocol: 'udp',
  isReliable: false,
  localAddress: '10.77.0.11',
  localPort: 5060,
  remoteAddress: '10.77.1.50',
  remotePort: 5060,
};

const BASE: Readonly<Record<string, string>> = {
  Via: 'SIP/2.0/UDP 10.77.1.50;branch=z9hG4bK1',
  From: '"Alice" <sip:alice@hospital.example>;tag=from-1',
  To: '<sip:100@hospital.example>',
  'Call-ID': 'call-1',
  Contact: '<sip:alice@10.77.1.50>',
};

type Lines = Readonly<Record<string, string | readonly string[] | undefined>>;

function messageOf(startLine: string, method: string, headers: Lines, body: string): SipMessage {
  const all: Lines = { ...BASE, CSeq: `7 ${method}`, ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : (value ?? [])).map((one) => `${name}: ${one}`),
  );
  const length = `Content-Length: ${String(Buffer.byteLength(body))}`;
  return parseOwnMessage(Buffer.from([startLine, ...lines, length, '', body].join('\r\n')));
}

/** A header that is undefined is left out. */
export function requestOf(method: string, headers: Lines = {}, body = ''): SipMessage {
  return messageOf(`${method} sip:100@10.77.0.11 SIP/2.0`, method, headers, body);
}

export function responseOf(status: number, method: string, headers: Lines = {}, body = ''): SipMessage {
  const to = '<sip:100@hospital.example>;tag=to-1';
  return messageOf(`SIP/2.0 ${String(status)} Said`, method, { To: to, ...headers }, body);
}
