/**
 * Asks a SIP server once, from inside a namespace, and prints the status line of its final answer.
 * Arguments: method, udp or tcp, own address, address and port of the server.
 */
import { RawSipPeer } from '../sip/raw-sip-peer.js';
import { sdp, token, writeSipText, type SipText } from '../sip/sip-text.js';

const [method = '', transport = '', own = '', address = '', port = ''] = process.argv.slice(2);
const protocol = transport === 'tcp' ? 'tcp' : 'udp';
const peer = await RawSipPeer.open({ protocol, address: own });
// A number that no house has.
const uri = `sip:0000@${address}:${port}`;
const headers: [string, string][] = [
  ['Via', peer.via()],
  ['Max-Forwards', '70'],
  ['From', `<${peer.uri('carrier')}>;tag=${token()}`],
  ['To', `<${uri}>`],
  ['Call-ID', token(12)],
  ['CSeq', `1 ${method}`],
  ['Contact', `<${peer.uri('carrier')}>`],
];
const isInvite = method === 'INVITE';
const body = isInvite ? sdp() : '';
const type: [string, string][] = isInvite ? [['Content-Type', 'application/sdp']] : [];
peer.send(writeSipText(`${method} ${uri} SIP/2.0`, [...headers, ...type], body), {
  protocol,
  address,
  port: Number(port),
});
const isFinal = ({ status }: SipText): boolean => status >= 200;
const answer = await peer.expect('a final answer arrives', isFinal);
process.stdout.write(`${answer.startLine}\n`);
peer.close();
process.exit(0);
