/**
 * What holds for any bytes that a socket can bring: nothing throws, and a message that the check lets pass is read
 * alike by us, by the application and by the next hop.
 */
import { canonicalText } from '../../../appliance/sip-engine/message/canonical-text.js';
import {
  checkMalformed,
  checkMessage,
  type CheckVerdict,
} from '../../../appliance/sip-engine/message/check-message.js';
import { MessageBuilder } from '../../../appliance/sip-engine/message/message-builder.js';
import { parseSipMessage } from '../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../appliance/sip-engine/message/sip-message.js';
import { assert } from '../spec.js';
import { readAllAsApplication, type SrfMessage } from './drachtio-srf-reader.js';

interface ReadAddress {
  readonly uri: string;
  readonly params: Readonly<Record<string, string | undefined>>;
}

function assertSameAddress(read: SrfMessage, name: 'from' | 'to', message: SipMessage): void {
  const { uri, params } = read.getParsedHeader(name) as ReadAddress;
  assert.equal([uri, params['tag']], [message[name].uri, message[name].tag], name);
}

/** drachtio-srf takes the first as the target of a dialog. */
function assertSameContacts(read: SrfMessage, message: SipMessage): void {
  const { contacts } = message;
  if (contacts === '*' || contacts.length === 0) return;
  const uris = (read.getParsedHeader('contact') as ReadAddress[]).map(({ uri }) => uri);
  assert.equal(
    uris,
    contacts.map(({ uri }) => uri),
  );
}

function assertReadAlike(message: SipMessage): void {
  const read = readAllAsApplication(canonicalText(message));
  assert.is(read.get('call-id'), message.callId);
  assert.equal(read.getParsedHeader('cseq'), { seq: message.cseq.number, method: message.cseq.method });
  assertSameAddress(read, 'from', message);
  assertSameAddress(read, 'to', message);
  assertSameContacts(read, message);
  if (message.isRequest) assert.equal([read.method, read.uri], [message.method, message.requestUri]);
  else assert.is(read.status, message.status);
}

function assertGoesOn(message: SipMessage): void {
  const rebuilt = parseSipMessage(MessageBuilder.from(message).build());
  assert.is(rebuilt.kind, 'message');
  if (rebuilt.kind !== 'message') return;
  assert.is(rebuilt.message.startLineText, message.startLineText);
  assert.is(rebuilt.message.callId, message.callId);
  assert.ok(rebuilt.message.body.equals(message.body));
}

export type InputFate = CheckVerdict['kind'] | 'keep-alive';

/** @returns what became of the bytes. @throws Error when something does not hold */
export function assertContract(bytes: Buffer): InputFate {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind === 'keep-alive') return 'keep-alive';
  if (parsed.kind === 'malformed') return checkMalformed(parsed).kind;
  const { kind } = checkMessage(parsed.message);
  if (kind !== 'good') return kind;
  assertReadAlike(parsed.message);
  assertGoesOn(parsed.message);
  return 'good';
}
