import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import { SipSyntaxError } from '../../../../../appliance/sip-engine/message/sip-syntax-error.js';
import { isSameUri, parseSipUri } from '../../../../../appliance/sip-engine/message/sip-uri.js';
import { findStampedVia, parseTopVia } from '../../../../../appliance/sip-engine/message/via-header.js';
import { assert, spec } from '../../../../support/spec.js';

function bytesOf(lines: readonly string[], body = '', endOfLine = '\r\n'): Buffer {
  return Buffer.from(`${lines.join(endOfLine)}${endOfLine}${endOfLine}${body}`, 'latin1');
}

function getMessage(bytes: Buffer): SipMessage {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

const PLAIN = [
  'INVITE sip:200@10.77.0.11 SIP/2.0',
  'Via: SIP/2.0/UDP 10.77.0.100:5062;branch=z9hG4bKa1;rport',
  'Max-Forwards: 70',
  'From: "Ward 3" <sip:103@hospital.example>;tag=f1',
  'To: <sip:200@hospital.example>',
  'Call-ID: c1@10.77.0.100',
  'CSeq: 7 INVITE',
  'Contact: <sip:103@10.77.0.100:5062>',
];

/** RFC 4475 section 3.1.1.1, as far as the headers go; the body is a text of the length it names. */
const TORTUOUS = [
  'INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0',
  'TO :',
  ' sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n',
  'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
  '  ;',
  '  tag = 98asjd8',
  'MaX-fOrWaRdS: 0068',
  'Call-ID: wsinv.ndaksdj@192.0.2.1',
  'Content-Length   : 150',
  'cseq: 0009',
  '  INVITE',
  'Via  : SIP  /   2.0',
  ' /UDP',
  '    192.0.2.2;branch=390skdjuw',
  's :',
  'NewFangledHeader:   newfangled value',
  ' continued newfangled value',
  'UnknownHeaderWithUnusualValue: ;;,,;;,;',
  'Content-Type: application/sdp',
  'Route:',
  ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
  'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
  '  branch  =   z9hG4bK9ikj8  ,',
  ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
  ' z9hG4bK30239',
  'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
  '      newvalue ;',
  '  secondparam ; q = 0.33',
];

spec('parse-sip-message', (it) => {
  it('the tortuous INVITE of RFC 4475 3.1.1.1 says what it means', () => {
    const message = getMessage(bytesOf(TORTUOUS, 'v'.repeat(150)));
    assert.equal([message.method, message.to.tag, message.from.tag], ['INVITE', '1918181833n', '98asjd8']);
    assert.is(message.from.uri, 'sip:jdrosen@example.com');
    assert.equal([message.maxForwards, message.callId], [68, 'wsinv.ndaksdj@192.0.2.1']);
    assert.equal([message.cseq.number, message.cseq.method], [9, 'INVITE']);
    assert.equal(
      message.vias.map(({ transport, host, branch }) => `${transport} ${host} ${branch ?? ''}`),
      ['UDP 192.0.2.2 390skdjuw', 'TCP spindle.example.com z9hG4bK9ikj8', 'UDP 192.168.255.111 z9hG4bK30239'],
    );
    assert.is(message.header('subject'), '');
    assert.is(message.header('newfangledheader'), 'newfangled value continued newfangled value');
    assert.is(message.header('UnknownHeaderWithUnusualValue'), ';;,,;;,;');
    const { contacts } = message;
    assert.is(contacts === '*' ? '' : contacts[0]?.uri, 'sip:jdrosen@example.com');
    assert.is(message.routes[0]?.uri, 'sip:services.example.com;lr;unknownwith=value;unknown-no-value');
    assert.is(message.body.length, 150);
  });

  it('lines that end with LF alone are read, both mixed are not', () => {
    assert.is(getMessage(bytesOf(PLAIN, '', '\n')).callId, 'c1@10.77.0.100');
    const mixed = Buffer.from(bytesOf(PLAIN).toString('latin1').replace('70\r\n', '70\n'), 'latin1');
    assert.is(parseSipMessage(mixed).kind, 'malformed');
  });

  it('a CR within a line is refused, also where lines end with LF alone', () => {
    for (const endOfLine of ['\r\n', '\n']) {
      const parsed = parseSipMessage(bytesOf([...PLAIN, 'Subject: a\rb'], '', endOfLine));
      assert.is(parsed.kind, 'malformed');
    }
  });

  it('bytes behind Content-Length belong to nobody, a body that is too short is told to its sender', () => {
    const long = getMessage(bytesOf([...PLAIN, 'l: 4'], 'bodyREGISTER sip:x SIP/2.0'));
    assert.is(long.body.toString('latin1'), 'body');
    const short = parseSipMessage(bytesOf([...PLAIN, 'Content-Length: 9'], 'body'));
    assert.is(short.kind, 'malformed');
    assert.match(short.kind === 'malformed' ? short.reason : '', /shorter than Content-Length/);
    assert.ok(short.kind === 'malformed' && short.partial?.callId === 'c1@10.77.0.100');
  });

  it('what cannot be answered is malformed without a message: no start line, an ACK, a response', () => {
    for (const bytes of [
      Buffer.from('hello\r\n\r\n'),
      bytesOf(['ACK sip:a@b SIP/2.0', ...PLAIN.slice(1, 6), 'CSeq: 7 ACK', 'Content-Length: 9']),
      bytesOf(['SIP/2.0 200 OK', ...PLAIN.slice(1), 'Content-Length: 9']),
    ]) {
      const parsed = parseSipMessage(bytes);
      assert.equal([parsed.kind, 'partial' in parsed], ['malformed', false]);
    }
  });

  it('line ends and zero bytes keep a flow alive', () => {
    for (const text of ['\r\n', '\r\n\r\n', '\0\0\0\0']) {
      assert.is(parseSipMessage(Buffer.from(text)).kind, 'keep-alive');
    }
  });

  it('a method is not decoded: %45 is no E (RFC 4475 3.1.1.5)', () => {
    const message = getMessage(bytesOf(['RE%47IST%45R sip:a@b SIP/2.0', ...PLAIN.slice(1)]));
    assert.is(message.method, 'RE%47IST%45R');
  });

  it('IPv6 addresses are read in Via and in URIs (RFC 5118 4.1)', () => {
    const via = 'Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111';
    const message = getMessage(bytesOf([...PLAIN.slice(0, 1), via, ...PLAIN.slice(2)]));
    assert.match(message.via.host, /2001:db8::9:1/);
    const uri = parseSipUri('sip:user@[2001:db8::10]:5070;transport=tcp');
    assert.match(uri.host, /2001:db8::10/);
    assert.is(uri.port, 5070);
  });

  it('a Via is stamped with where it came from, whatever its sender wrote there (RFC 3581 4)', () => {
    const stamp = (value: string): string | undefined =>
      findStampedVia(parseTopVia(value), '10.77.0.150', 5099);
    assert.is(stamp('SIP/2.0/UDP 10.77.0.150;branch=z9hG4bKx'), undefined);
    assert.is(
      stamp('SIP/2.0/UDP 10.77.0.100;rport;branch=z9hG4bKx;received=1.2.3.4'),
      'SIP/2.0/UDP 10.77.0.100;branch=z9hG4bKx;received=10.77.0.150;rport=5099',
    );
  });

  it('a compact and a long name are one header', () => {
    const names = ['v', 'f', 't', 'i', 'm'];
    const longs = ['Via', 'From', 'To', 'Call-ID', 'Contact'];
    const compact = PLAIN.map((line) => {
      const index = longs.findIndex((long) => line.startsWith(`${long}:`));
      return index < 0 ? line : `${names[index] ?? ''}${line.slice((longs[index] ?? '').length)}`;
    });
    const [long, short] = [getMessage(bytesOf(PLAIN)), getMessage(bytesOf(compact))];
    for (const name of longs) assert.is(short.header(name), long.header(name), name);
  });

  it('whatever is done to a message, nothing but a syntax error comes out', (t) => {
    const original = bytesOf(TORTUOUS, 'v'.repeat(150));
    let refused = 0;
    for (let round = 0; round < 3000; round += 1) {
      const bytes = Buffer.from(original);
      for (let count = t.rng.integer(1, 6); count > 0; count -= 1) {
        bytes[t.rng.integer(0, bytes.length - 1)] = t.rng.integer(0, 255);
      }
      const parsed = parseSipMessage(bytes);
      if (parsed.kind !== 'message') {
        refused += 1;
        continue;
      }
      const { message } = parsed;
      for (const read of [
        () => message.vias,
        () => [message.from, message.to, message.contacts],
        () => [message.cseq, message.maxForwards, message.routes, message.contentType],
      ]) {
        try {
          read();
        } catch (error) {
          assert.instance(error, SipSyntaxError);
        }
      }
    }
    assert.ok(refused > 100 && refused < 2900, String(refused));
  });

  it('white space by the thousand costs no more than its length', () => {
    const spaces = ' '.repeat(16_000);
    const startMs = process.cpuUsage().user / 1000;
    for (const name of ['Via', 'From', 'To', 'Contact', 'CSeq', 'Route', 'Authorization', 'Subject']) {
      const lines = [
        ...PLAIN.filter((line) => !line.startsWith(`${name}:`)),
        `${name}: x${spaces}\r\n ${spaces}y`,
      ];
      const parsed = parseSipMessage(bytesOf(lines));
      if (parsed.kind !== 'message') continue;
      for (const read of [
        () => parsed.message.vias,
        () => parsed.message.contacts,
        () => parsed.message.header(name),
      ]) {
        try {
          read();
        } catch (error) {
          assert.instance(error, SipSyntaxError);
        }
      }
    }
    // Quadratic expressions took 500 ms and more for each of these, cubic ones minutes.
    assert.ok(process.cpuUsage().user / 1000 - startMs < 1000);
  });
});

spec('sip-uri', (it) => {
  it('URIs are compared as RFC 3261 19.1.4 shows', () => {
    const same = (a: string, b: string): boolean => isSameUri(parseSipUri(a), parseSipUri(b));
    assert.ok(same('sip:alice@AtLanTa.CoM;Transport=tcp', 'SIP:alice@AtLanTa.CoM;Transport=tcp'));
    assert.ok(same('sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'));
    assert.not.ok(same('SIP:ALICE@AtLanTa.CoM', 'sip:alice@AtLanTa.CoM'));
    assert.not.ok(same('sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'));
    assert.not.ok(same('sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'));
  });

  it('what is no URI is a syntax error', () => {
    for (const text of ['', 'sip:', 'sip:a@', 'sip:a@b:99999', 'sip:a@[::1', 'sip:a b@c']) {
      assert.throws(
        () => parseSipUri(text),
        (error: unknown) => error instanceof SipSyntaxError,
        text,
      );
    }
  });
});
