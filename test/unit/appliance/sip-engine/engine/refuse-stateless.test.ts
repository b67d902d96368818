import { refuseStateless } from '../../../../../appliance/sip-engine/engine/refuse-stateless.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';
import { assert, spec } from '../../../../support/spec.js';

const FLOW: SipFlow = {
  protocol: 'udp',
  isReliable: false,
  localAddress: '192.0.2.1',
  localPort: 5060,
  remoteAddress: '192.0.2.9',
  remotePort: 40_000,
};
const GOOD = [
  'OPTIONS sip:a@192.0.2.1 SIP/2.0',
  'Via: SIP/2.0/UDP phone.example;branch=z9hG4bK1',
  'From: <sip:b@192.0.2.9>;tag=1',
  'To: <sip:a@192.0.2.1>',
  'Call-ID: c',
  'CSeq: 1 OPTIONS',
];

function refuse(lines: readonly string[]) {
  const read = parseSipMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  if (read.kind !== 'message') throw new Error(read.kind);
  const refusal = refuseStateless(read.message, FLOW, { status: 400, reason: 'Bad Via', toTag: 't' });
  return { lines: refusal.bytes.toString('latin1').split('\r\n'), flow: refusal.flow };
}

spec('an answer without a transaction', (it) => {
  it('says where the request came from, and goes to the port its Via names', () => {
    const { lines, flow } = refuse(GOOD);
    assert.is(lines[0], 'SIP/2.0 400 Bad Via');
    assert.is(lines[1], 'Via: SIP/2.0/UDP phone.example;branch=z9hG4bK1;received=192.0.2.9');
    assert.ok(lines.includes('To: <sip:a@192.0.2.1>;tag=t'));
    assert.equal([flow.remoteAddress, flow.remotePort], ['192.0.2.9', 5060]);
  });

  it('to a Via that nobody can read has it as it came, and goes back to the sender', () => {
    const { lines, flow } = refuse(GOOD.with(1, 'Via: SIP/2.0/UDP phone.example;;,;,,'));
    assert.is(lines[1], 'Via: SIP/2.0/UDP phone.example;;,;,,');
    assert.is(flow, FLOW);
  });

  it('has no To where the request has none, and no tag where it cannot be read', () => {
    const without = refuse(GOOD.filter((line) => !line.startsWith('To')));
    assert.not.ok(without.lines.some((line) => line.startsWith('To')));
    const { lines } = refuse(GOOD.with(3, 'To: "a <sip:a@192.0.2.1>'));
    assert.ok(lines.includes('To: "a <sip:a@192.0.2.1>'));
  });
});
