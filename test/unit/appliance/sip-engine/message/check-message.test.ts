import {
  checkMalformed,
  checkMessage,
  type CheckVerdict,
} from '../../../../../appliance/sip-engine/message/check-message.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import { assert, spec } from '../../../../support/spec.js';

const COMMON = [
  'Via: SIP/2.0/UDP 10.77.0.100;branch=z9hG4bKa1',
  'From: <sip:103@hospital.example>;tag=f1',
  'To: <sip:200@hospital.example>',
  'Call-ID: c1@10.77.0.100',
];

interface Sketch {
  readonly method?: string;
  readonly uri?: string;
  readonly extra?: readonly string[];
  /** A header of COMMON, or CSeq, that is left out. */
  readonly without?: string;
  readonly body?: string;
}

function verdictOn(startLine: string, lines: readonly string[], body = ''): CheckVerdict {
  const parsed = parseSipMessage(
    Buffer.from(`${[startLine, ...lines].join('\r\n')}\r\n\r\n${body}`, 'latin1'),
  );
  if (parsed.kind === 'keep-alive') throw new Error('a keep-alive');
  return parsed.kind === 'message' ? checkMessage(parsed.message) : checkMalformed(parsed);
}

function request({
  method = 'OPTIONS',
  uri = 'sip:a@b',
  extra = [],
  without = '',
  body = '',
}: Sketch): string {
  const lines = [...COMMON, `CSeq: 7 ${method}`].filter((line) => !line.startsWith(`${without}:`));
  return said(verdictOn(`${method} ${uri} SIP/2.0`, [...lines, ...extra], body));
}

function response(...extra: readonly string[]): string {
  return said(verdictOn('SIP/2.0 200 OK', [...COMMON, 'CSeq: 7 INVITE', ...extra]));
}

function said(verdict: CheckVerdict): string {
  if (verdict.kind === 'good') return 'good';
  return verdict.kind === 'drop' ? `drop ${verdict.reason}` : `${String(verdict.status)} ${verdict.reason}`;
}

const CONTACT = 'Contact: <sip:103@10.77.0.100>';

spec('check-message', (it) => {
  it('each header that makes a transaction must be there', () => {
    assert.is(request({}), 'good');
    for (const without of ['From', 'To', 'Call-ID', 'CSeq']) {
      assert.is(request({ without }), `400 Missing ${without}`);
    }
    assert.is(request({ without: 'Via' }), 'drop Missing Via');
  });

  it('a header that decides something must not be there twice, in whichever spelling', () => {
    assert.is(request({ extra: ['t: <sip:x@y>'] }), '400 Multiple To');
    assert.is(request({ extra: ['Max-Forwards: 1', 'max-forwards: 1'] }), '400 Multiple Max-Forwards');
    assert.is(request({ extra: ['Supported: a', 'k: b', 'Route: <sip:a>', 'Route: <sip:b>'] }), 'good');
  });

  it('values that somebody acts on must be readable', () => {
    const bad = [
      ...['Max-Forwards: 256', 'Contact: "x', 'Route: sip', 'Record-Route: <sip:a>,', 'Content-Type: text'],
      ...['Session-Expires: x', 'Session-Expires: 90;refresher=me', 'Min-SE: -1', 'Expires: soon'],
      ...['Require: a b', 'Proxy-Require: "a"', 'Supported: <', 'Replaces: a', 'Refer-To: x', 'Event: /'],
      ...['RAck: 1 2', 'RSeq: x', 'Path: <sip:a', 'Via: x'],
    ];
    for (const line of bad) {
      assert.is(request({ extra: [line] }), `400 Bad ${line.slice(0, line.indexOf(':'))}`);
      assert.is(response(line), `drop Bad ${line.slice(0, line.indexOf(':'))}`);
    }
  });

  it('what SIPp scenarios and applications write, and drachtio-server takes, is taken', () => {
    const extra = ['RAck: 7 1 INVITE INVITE', 'Refer-To: <sip:a@b?Replaces%3Dc>'];
    assert.is(request({ extra, without: 'To' }), '400 Missing To');
    assert.is(request({ extra: [...extra, 'To: <sip:x@y>;tag=1;tag=2'], without: 'To' }), 'good');
    assert.is(request({ extra: ['Refer-To: <sip:a@b?>'] }), '400 Bad Refer-To');
    assert.is(request({ extra: ['Contact: <sip:a@b>;q=1;q=0'] }), '400 Bad Contact');
  });

  it('advice that cannot be read is no fault', () => {
    const extra = [
      'Date: yesterday',
      'Warning: ?',
      'Retry-After: soon',
      'Reason: ;',
      'Min-Expires: x',
      'Allow: ,',
    ];
    assert.is(request({ extra }), 'good');
    assert.is(response(...extra), 'good');
  });

  it('a request for a dialog has one SIP URI as its Contact', () => {
    assert.is(request({ method: 'INVITE' }), '400 Missing Contact');
    assert.is(request({ method: 'SUBSCRIBE' }), '400 Missing Contact');
    assert.is(request({ method: 'INVITE', extra: [CONTACT] }), 'good');
    assert.is(request({ method: 'INVITE', extra: [CONTACT, CONTACT] }), '400 Bad Contact');
    assert.is(request({ method: 'INVITE', extra: ['Contact: <tel:+1>'] }), '400 Bad Contact');
    assert.is(request({ method: 'INVITE', extra: ['Contact: *'] }), '400 Bad Contact');
    assert.is(response(), 'good');
  });

  it('the Contact that removes all bindings stands alone, in a REGISTER, with Expires 0', () => {
    const register = (...extra: readonly string[]): string => request({ method: 'REGISTER', extra });
    assert.is(register('Contact: *', 'Expires: 0'), 'good');
    assert.is(register('Contact: *', 'Expires: 60'), '400 Bad Contact');
    assert.is(register('Contact: *'), '400 Bad Contact');
    assert.is(register('Contact: *', CONTACT, 'Expires: 0'), '400 Bad Contact');
    assert.is(response('Contact: *'), 'drop Bad Contact');
  });

  it('the Request-URI has a scheme that can be routed and no headers', () => {
    for (const uri of ['sips:a@b', 'tel:+4930', 'urn:service:sos']) assert.is(request({ uri }), 'good');
    assert.is(request({ uri: 'http://a' }), '416 Unsupported URI Scheme');
    assert.is(request({ uri: 'sip:a@b?Route=c' }), '400 Headers in Request-URI');
    assert.is(request({ uri: 'sip:a@' }), '400 Bad Request-URI');
    assert.is(request({ uri: '200' }), '400 Bad Request-URI');
  });

  it('the method decides what else must be there', () => {
    assert.is(request({ without: 'CSeq', extra: ['CSeq: 7 INVITE'] }), '400 CSeq Method Mismatch');
    assert.is(request({ method: 'PRACK' }), '400 Missing RAck');
    assert.is(request({ method: 'REFER' }), '400 Missing Refer-To');
    assert.is(request({ method: 'REFER', extra: ['r: sip:a@b'] }), 'good');
  });

  it('what is too long is refused before it is read', () => {
    assert.is(request({ uri: `sip:${'a'.repeat(2100)}@b` }), '414 Request-URI Too Long');
    assert.is(request({ extra: [`Route: <sip:${'a'.repeat(2100)}@b>`] }), '400 Bad Route');
    assert.is(request({ extra: [`Subject: ${'a'.repeat(4086)}`] }), 'good');
    assert.is(request({ extra: [`Subject: ${'a'.repeat(4088)}`] }), '400 Header Too Long');
    const lines = new Array<string>(5).fill(`Subject: ${'a'.repeat(4000)}`);
    assert.is(request({ extra: lines }), '413 Header Section Too Large');
    assert.is(response(...lines), 'drop Header Section Too Large');
  });

  it('another version is told so, whatever else is wrong with its message', () => {
    assert.is(said(verdictOn('OPTIONS sip:a@b SIP/3.0', COMMON)), '505 Version Not Supported');
    assert.is(said(verdictOn('SIP/3.0 200 OK', COMMON)), 'drop Version Not Supported');
    const cut = [...COMMON, 'CSeq: 7 OPTIONS', 'Content-Length: 9'];
    assert.is(said(verdictOn('OPTIONS sip:a@b SIP/3.0', cut)), '505 Version Not Supported');
    assert.match(said(verdictOn('OPTIONS sip:a@b SIP/2.0', cut)), '400 Bad Request: the body is shorter');
  });

  it('nobody answers an ACK', () => {
    assert.is(request({ method: 'ACK' }), 'good');
    assert.is(request({ method: 'ACK', without: 'To' }), 'drop Missing To');
    assert.match(request({ method: 'ACK', extra: ['Content-Length: 9'] }), 'drop ');
  });

  it('a body in parts has readable types of its parts', () => {
    const extra = ['Content-Type: multipart/mixed;boundary=b'];
    const verdict = (type: string): string => request({ extra, body: `--b\r\n${type}\r\n\r\nx\r\n--b--` });
    for (const type of [
      'Content-Type: text/plain',
      'Content-Type:text/plain\r\nX: y',
      'X: y',
      'content-type: ',
    ]) {
      assert.is(verdict(type), 'good', type);
    }
    const bad = [
      ...[' '.repeat(9), '\t', '\v', '\xa0', ''].map((blanks) => `Content-Type:${blanks}\r\n x`),
      ...['Content-Type: a\nb', 'Content-Type: a\rb', 'Content-Type: a\xe2\x80\xa8'],
      ...['Content-Type: Content-Type: a', `Content-Type:${' '.repeat(9)}a`],
    ];
    for (const type of bad) assert.is(verdict(type), '400 Bad Multipart Body', JSON.stringify(type));
    assert.is(request({ extra: ['Content-Type: text/plain'], body: 'Content-Type: \n' }), 'good');
  });
});
