import { MessageBuilder } from '../../../../../appliance/sip-engine/message/message-builder.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import { assert, spec } from '../../../../support/spec.js';

function messageOf(lines: readonly string[], body = '', endOfLine = '\r\n'): SipMessage {
  const text = `${lines.join(endOfLine)}${endOfLine}${endOfLine}${body}`;
  const parsed = parseSipMessage(Buffer.from(text, 'latin1'));
  if (parsed.kind !== 'message') throw new Error(JSON.stringify(parsed));
  return parsed.message;
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString('latin1').split('\r\n');
}

const INVITE = [
  'INVITE sip:200@10.77.0.11 SIP/2.0',
  'v:  SIP/2.0/UDP 10.77.0.9;branch=z9hG4bKb',
  'Via: SIP/2.0/UDP 10.77.0.100;branch=z9hG4bKa',
  'FROM: "B\xf6b"',
  '  <sip:103@hospital.example>;tag=f1',
  't: <sip:200@hospital.example>',
  'i: c1@10.77.0.100',
  'CSeq: 7   INVITE',
  'X-Ward:   3  ',
  'Content-Type: application/sdp',
  'l: 4',
];

spec('message-builder', (it) => {
  it('what nobody touches goes on byte by byte, folded lines included', () => {
    const text = `${INVITE.join('\r\n')}\r\n\r\nv=0\xff`;
    const built = MessageBuilder.from(messageOf(INVITE, 'v=0\xff')).build();
    assert.is(built.toString('latin1'), text);
  });

  it('the top Via is stamped and one more is put before it, the others stay', () => {
    const built = MessageBuilder.from(messageOf(INVITE, 'v=0\r'))
      .setFirst('via', 'SIP/2.0/UDP 10.77.0.9;received=10.0.0.1')
      .prepend('V', 'SIP/2.0/UDP 10.77.0.11;branch=z9hG4bKc')
      .prepend('Route', '<sip:a;lr>')
      .build();
    assert.equal(linesOf(built).slice(1, 5), [
      'Route: <sip:a;lr>',
      'Via: SIP/2.0/UDP 10.77.0.11;branch=z9hG4bKc',
      'Via: SIP/2.0/UDP 10.77.0.9;received=10.0.0.1',
      'Via: SIP/2.0/UDP 10.77.0.100;branch=z9hG4bKa',
    ]);
  });

  it('a header is found, replaced and removed by its long or compact name in any case', () => {
    const builder = MessageBuilder.from(messageOf(INVITE, 'v=0\r'));
    assert.is(builder.get('f'), '"B\xf6b" <sip:103@hospital.example>;tag=f1');
    assert.is(builder.get('x-ward'), '3');
    assert.ok(builder.has('VIA') && builder.has('call-id') && !builder.has('Contact'));
    builder.set('via', 'SIP/2.0/UDP h;branch=z9hG4bKd').remove('T').set('m', '<sip:a@b>').remove('x-WARD');
    const lines = linesOf(builder.build());
    assert.is(lines[1], 'Via: SIP/2.0/UDP h;branch=z9hG4bKd');
    assert.is(lines[2], 'FROM: "B\xf6b"');
    assert.equal(
      lines.filter((line) => /^(t|to|x-ward|v|via|contact):/i.test(line)),
      ['Via: SIP/2.0/UDP h;branch=z9hG4bKd', 'Contact: <sip:a@b>'],
    );
  });

  it('a response takes over raw lines of its request', () => {
    const built = MessageBuilder.response(180, 'Ringing')
      .copyHeaders(messageOf(INVITE, 'v=0\r'), 'Via', 'From', 'To', 'Call-ID', 'CSeq', 'Record-Route')
      .build();
    assert.equal(linesOf(built), ['SIP/2.0 180 Ringing', ...INVITE.slice(1, 8), 'Content-Length: 0', '', '']);
  });

  it('Content-Length is there once and right, whatever was there before', () => {
    const builder = MessageBuilder.from(messageOf(INVITE, 'v=0\r')).add('Content-Length', '77');
    const lines = linesOf(builder.body(Buffer.from('12345')).build());
    assert.equal(
      lines.filter((line) => /^(l|content-length)\b/i.test(line)),
      ['Content-Length: 5'],
    );
    assert.is(lines.at(-1), '12345');
    assert.is(linesOf(MessageBuilder.request('OPTIONS', 'sip:a@b').build())[1], 'Content-Length: 0');
  });

  it('a message with LF alone goes on with CR LF, also where a line is folded', () => {
    const built = MessageBuilder.from(messageOf(INVITE, 'v=0\r', '\n')).build();
    assert.is(built.toString('latin1'), `${INVITE.join('\r\n')}\r\n\r\nv=0\r`);
  });

  it('a start line is made anew only when somebody asks for it', () => {
    const message = messageOf(INVITE, 'v=0\r');
    const first = (builder: MessageBuilder): string | undefined => linesOf(builder.build())[0];
    assert.is(
      first(MessageBuilder.from(message).setRequestLine('INVITE', 'sip:b@c')),
      'INVITE sip:b@c SIP/2.0',
    );
    assert.is(first(MessageBuilder.from(message).setStatusLine(486, 'Busy Here')), 'SIP/2.0 486 Busy Here');
    assert.is(first(MessageBuilder.response(200, '')), 'SIP/2.0 200 ');
  });

  it('text that would not stay in its line is refused', () => {
    const builder = MessageBuilder.request('INVITE', 'sip:a@b');
    const attempts: (() => unknown)[] = [
      () => builder.add('Subject', 'a\r\nVia: x'),
      () => builder.set('Subject', 'a\nb'),
      () => builder.prepend('Subject', 'a\0'),
      () => builder.setFirst('Subject', '\u{1F600}'),
      () => builder.add('Sub ject', 'a'),
      () => builder.add('', 'a'),
      () => builder.setRequestLine('INV ITE', 'sip:a@b'),
      () => builder.setRequestLine('INVITE', 'sip:a@b SIP/2.0\r\nVia: x'),
      () => builder.setStatusLine(200, 'OK\r\nVia: x'),
      () => builder.setStatusLine(99, 'Low'),
    ];
    for (const attempt of attempts) assert.throws(attempt, (error: unknown) => error instanceof TypeError);
    assert.equal(linesOf(builder.build()), ['INVITE sip:a@b SIP/2.0', 'Content-Length: 0', '', '']);
  });
});
