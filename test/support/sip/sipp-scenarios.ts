/** Scenarios for SIPp that several files use. Messages follow RFC 3261; response time 1 is INVITE to 200. */

const VIA = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]';
const OFFER = [
  'v=0',
  'o=phone 1 1 IN IP4 [local_ip]',
  's=-',
  'c=IN IP4 [local_ip]',
  't=0 0',
  'm=audio 6000 RTP/AVP 8',
  'a=rtpmap:8 PCMA/8000',
];

function message(...lines: readonly string[]): string {
  return `<![CDATA[\n\n${lines.join('\n')}\n\n]]>`;
}

function request(
  method: string,
  cseq: string,
  to: string,
  uri: string,
  body: readonly string[] = [],
): string {
  return message(
    `${method} ${uri} SIP/2.0`,
    VIA,
    'Max-Forwards: 70',
    'From: <sip:phone@[local_ip]:[local_port]>;tag=[call_number]x[pid]',
    `To: <sip:[service]@[remote_ip]:[remote_port]>${to}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq}`,
    'Contact: <sip:phone@[local_ip]:[local_port]>',
    ...(body.length === 0 ? [] : ['Content-Type: application/sdp']),
    'Content-Length: [len]',
    '',
    ...body,
  );
}

const SERVICE = 'sip:[service]@[remote_ip]:[remote_port]';
const PEER_TAG = '[peer_tag_param]';

/** INVITE, 200, ACK, pause, BYE, 200. */
export function callerScenario(holdMs = 0): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
<send retrans="500" start_rtd="1">${request('INVITE', '1 INVITE', '', SERVICE, OFFER)}</send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rtd="1" rrs="true"/>
<send>${request('ACK', '1 ACK', PEER_TAG, '[next_url]')}</send>
${holdMs > 0 ? `<pause milliseconds="${String(holdMs)}"/>` : ''}
<send retrans="500">${request('BYE', '2 BYE', PEER_TAG, '[next_url]')}</send>
<recv response="200"/>
</scenario>
`;
}

function response(body: readonly string[] = []): string {
  return message(
    'SIP/2.0 200 OK',
    '[last_Via:]',
    '[last_Record-Route:]',
    '[last_From:]',
    '[last_To:];tag=[pid]y[call_number]',
    '[last_Call-ID:]',
    '[last_CSeq:]',
    'Contact: <sip:[local_ip]:[local_port]>',
    ...(body.length === 0 ? [] : ['Content-Type: application/sdp']),
    'Content-Length: [len]',
    '',
    ...body,
  );
}

/** Answers at once, and waits for the BYE. */
export function calleeScenario(): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="callee">
<recv request="INVITE" crlf="true" rrs="true"/>
<send retrans="500">${response(OFFER)}</send>
<recv request="ACK" optional="false" crlf="true"/>
<recv request="BYE"/>
<send>${response().replace('[last_To:];tag=[pid]y[call_number]', '[last_To:]')}</send>
</scenario>
`;
}
