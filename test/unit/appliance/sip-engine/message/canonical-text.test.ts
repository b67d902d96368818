import { canonicalText } from '../../../../../appliance/sip-engine/message/canonical-text.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import {
  readAllAsApplication,
  readAsApplication,
} from '../../../../support/sip-corpus/drachtio-srf-reader.js';
import { assert, spec } from '../../../../support/spec.js';

const PLAIN = [
  'INVITE sip:200@10.77.0.11 SIP/2.0',
  'Via: SIP/2.0/UDP 10.77.0.100:5062;branch=z9hG4bKa1;rport',
  'Max-Forwards: 70',
  'From: "Ward 3"<sip:103@hospital.example>;tag=f1',
  'To: Bell A. <sip:200@hospital.example>',
  'Call-ID: c1@10.77.0.100',
  'CSeq: 0007 INVITE',
  'Contact: <sip:103@10.77.0.100:5062>;+sip.instance="<urn:uuid:1>", *87 <tel:+123>;q=0.1',
  'Authorization: Digest username="103", realm="h",nonce="n, o", uri=sip:a@b, nc=00000001',
  'User-Agent: Snom/8.9',
  'P-Asserted-Identity: "J" <sip:j@h>, <tel:+44>',
  'X-Call-Ref: A-1',
  'Content-Type: application/sdp',
  'Content-Length: 5',
];

function messageOf(lines: readonly string[], body = ''): SipMessage {
  const parsed = parseSipMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

/** The header lines behind the start line and the five that every request has. */
function textOf(extra: readonly string[], body = ''): string[] {
  const message = messageOf([...PLAIN.slice(0, 2), ...PLAIN.slice(3, 7), ...extra], body);
  return canonicalText(message).toString('utf8').split('\r\n').slice(6, -2);
}

spec('canonical-text', (it) => {
  it('an ordinary message comes out as it came in', () => {
    const text = `${PLAIN.join('\r\n')}\r\n\r\nv=0\r\n`;
    const canonical = canonicalText(messageOf(PLAIN, 'v=0\r\n'));
    assert.is(canonical.toString('utf8'), text);
    const read = readAllAsApplication(canonical);
    assert.is(read.get('authorization'), PLAIN[8]?.slice(15));
    assert.is(read.body, 'v=0\r\n');
  });

  it('compact names are written long and folded lines in one, white space collapsed outside of quotes', () => {
    const lines = textOf(['k:  a,\t b', 's: "x  y"', ' \t z', 'o:  refer', 'x: 90;refresher=uac', 'y: z']);
    assert.equal(lines, [
      'Supported: a, b',
      'Subject: "x  y" z',
      'Event: refer',
      'Session-Expires: 90;refresher=uac',
      'Identity: z',
      'Content-Length: 0',
    ]);
  });

  it('a run of white space in quotes is kept up to 32, an escaped quote closes nothing', () => {
    const name = (blanks: number): string => `"a \\" b${' '.repeat(blanks)}c"`;
    assert.is(textOf([`m:  ${name(32)}   <sip:a@b>`])[0], `Contact: ${name(32)} <sip:a@b>`);
    assert.is(textOf([`m: ${name(3000)} <sip:a@b>`])[0], `Contact: ${name(32)} <sip:a@b>`);
  });

  it('the spaces of Unicode are spaces, but so many in a row are cut', () => {
    const name = (count: number, space: string): string => `"a${space.repeat(count)}b" <sip:a@b>`;
    const wire = (text: string): string => Buffer.from(text).toString('latin1');
    assert.is(textOf([`m: ${wire(name(32, '\u3000'))}`])[0], `Contact: ${name(32, '\u3000')}`);
    assert.is(textOf([`m: ${wire(name(900, '\u3000'))}`])[0], `Contact: ${name(32, '\u3000')}`);
    assert.is(textOf([`m: ${name(3000, '\xa0')}`])[0], `Contact: ${name(32, '\xa0')}`);
  });

  it('a URI without brackets gets them, its parameters stay those of the header', () => {
    assert.equal(textOf(['m: sip:a@b ; q = 0.3 , "x" <sip:c@d;lr>,tel:+1;x', 'r: sip:a@b']).slice(0, 2), [
      'Contact: <sip:a@b>; q = 0.3, "x" <sip:c@d;lr>,<tel:+1>;x',
      'Refer-To: <sip:a@b>',
    ]);
    assert.is(textOf(['Contact: *'])[0], 'Contact: *');
  });

  it('of two tags only the first goes on, so that engine and application mean the same dialog', () => {
    const message = messageOf([...PLAIN.slice(0, 4), 'To: <sip:b@h>;tag=1;x=y;tag=2', ...PLAIN.slice(5, 7)]);
    assert.is(message.to.tag, '1');
    assert.match(canonicalText(message).toString('utf8'), /\r\nTo: <sip:b@h>;tag=1;x=y\r\n/);
  });

  it('a parameter that drachtio-srf cannot read gets quotes, so that it reads the ones behind it', () => {
    const from = 'From: <sip:a@b> ;x=[::1] ;y="z" ;w; tag=f1';
    const message = messageOf([...PLAIN.slice(0, 3), from, ...PLAIN.slice(4, 7)]);
    const read = readAllAsApplication(canonicalText(message));
    assert.is(read.get('from'), '<sip:a@b>;x="[::1]";y="z";w;tag=f1');
  });

  it('every Via has a line and a parameter, and only the first is the stamped one', () => {
    const message = messageOf([
      'OPTIONS sip:a@b SIP/2.0',
      'v: SIP / 2.0 / UDP  h1 , SIP/2.0/TCP h2;branch=b',
      'Via: SIP/2.0/UDP h3',
      ...PLAIN.slice(3, 7),
    ]);
    const vias = (topVia?: string): string[] =>
      canonicalText(message, topVia === undefined ? {} : { topVia })
        .toString()
        .split('\r\n')
        .filter((line) => line.startsWith('Via'));
    const others = ['Via: SIP/2.0/TCP h2;branch=b', 'Via: SIP/2.0/UDP h3;no-branch'];
    assert.equal(vias(), ['Via: SIP/2.0/UDP h1;no-branch', ...others]);
    assert.equal(vias('SIP/2.0/UDP h1;received=192.0.2.1'), [
      'Via: SIP/2.0/UDP h1;received=192.0.2.1',
      ...others,
    ]);
    const hosts = readAsApplication(canonicalText(message)).getParsedHeader('via') as { host: string }[];
    assert.equal(
      hosts.map(({ host }) => host),
      ['h1', 'h2', 'h3'],
    );
  });

  it('a header that cannot be read is left out', () => {
    const unreadable = [
      ...['P-Asserted-Identity: "x', 'Remote-Party-ID: <sip:a', 'Route: ,', 'Refer-To: x y'],
      ...['Authorization: Digest', 'Authorization: Bearer abc', 'WWW-Authenticate: Digest realm="a'],
      ...['Proxy-Authorization: Digest a="b",', 'Authentication-Info: x', 'Authentication-Info: a=,'],
    ];
    for (const line of unreadable) assert.equal(textOf([line]), ['Content-Length: 0'], line);
  });

  it('text that is no UTF-8 is taken as ISO 8859-1', () => {
    const utf8 = Buffer.from('Müller').toString('latin1');
    assert.equal(textOf([`Subject: ${utf8}`, 'X-Name: M\xfcller', 'm: "M\xfcller" <sip:m@h>']).slice(0, 3), [
      'Subject: Müller',
      'X-Name: Müller',
      'Contact: "Müller" <sip:m@h>',
    ]);
  });

  it('control characters and separators of lines become U+FFFD', () => {
    const separator = Buffer.from('\u2028').toString('latin1');
    assert.is(textOf([`Subject: a\0b\vc\x7fd${separator}e`])[0], 'Subject: a\ufffdb\ufffdc\ufffdd\ufffde');
    const ringing = messageOf([`SIP/2.0 180 R${separator}g`, ...PLAIN.slice(1, 7)]);
    assert.is(readAllAsApplication(canonicalText(ringing)).reason, 'R\ufffdg');
  });

  it('what drachtio-srf decodes comes out of it as it was', () => {
    const esc02 = messageOf([
      'RE%47IST%45R sip:a@b SIP/2.0',
      ...PLAIN.slice(1, 6),
      'CSeq: 1 RE%47IST%45R',
      '%56ia: SIP/2.0/UDP evil',
      'X-%56ia: 1',
    ]);
    const read = readAllAsApplication(canonicalText(esc02));
    assert.is(read.method, 'RE%47IST%45R');
    assert.equal(read.getParsedHeader('cseq'), { seq: 1, method: 'RE%47IST%45R' });
    assert.is(read.get('via'), PLAIN[1]?.slice(5));
    assert.is(read.headers['%56ia'], 'SIP/2.0/UDP evil');
    assert.is(read.headers['X-%56ia'], '1');
  });

  it('a header that is named after a property of objects is left out', () => {
    assert.equal(textOf(['__proto__: x', 'Constructor: y', 'toString: z']), [
      'toString: z',
      'Content-Length: 0',
    ]);
  });

  it('Content-Length is there once, where it was, else at the end; the body is untouched', () => {
    const message = messageOf([...PLAIN.slice(0, 7), 'l: 3', 'X-A: b'], '\xff\0\xfe and more');
    const canonical = canonicalText(message);
    assert.ok(canonical.includes('INVITE\r\nContent-Length: 3\r\nX-A: b\r\n\r\n'));
    assert.equal([...canonical.subarray(-3)], [0xff, 0, 0xfe]);
  });
});
