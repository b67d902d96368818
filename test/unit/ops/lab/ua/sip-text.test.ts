import {
  buildResponse,
  headerOf,
  parseSip,
  placeOf,
  splitValues,
  takeFromStream,
  tagOf,
  uriIn,
  userIn,
} from '../../../../../ops/lab/ua/sip-text.js';
import { parseReferTo, parseReplaces } from '../../../../../ops/lab/ua/ua-dialog.js';
import { readSdp } from '../../../../../ops/lab/ua/ua-sdp.js';
import { chooseChallenge } from '../../../../../ops/lab/ua/digest.js';
import { assert, spec } from '../../../../support/spec.js';

const INVITE = [
  'INVITE sip:8001@10.0.0.1 SIP/2.0',
  'v: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1',
  'Via: SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK0',
  'f: "Doe, J" <sip:139@10.0.0.2>;tag=ab',
  't: <sip:8001@10.0.0.1>',
  'i: one@10.0.0.2',
  'Subject: two',
  '\tlines',
  'CSeq: 1 INVITE',
  'l: 4',
  '',
  'body',
].join('\r\n');

spec('SIP as a user agent reads it', (it) => {
  it('reads compact names, repeated headers and lines that go on', () => {
    const invite = parseSip(INVITE);
    assert.ok(invite);
    assert.equal([invite.method, invite.uri, invite.body], ['INVITE', 'sip:8001@10.0.0.1', 'body']);
    assert.is(invite.headers.get('via')?.length, 2);
    assert.is(headerOf(invite, 'subject'), 'two lines');
    assert.equal([tagOf(headerOf(invite, 'from')), userIn(headerOf(invite, 'from'))], ['ab', '139']);
  });

  it('an answer has the Vias in order and our tag', () => {
    const invite = parseSip(INVITE);
    assert.ok(invite);
    const answer = parseSip(buildResponse(invite, 180, 'ours'));
    assert.ok(answer);
    assert.equal(answer.headers.get('via'), invite.headers.get('via'));
    assert.is(tagOf(headerOf(answer, 'to')), 'ours');
    assert.is(tagOf(headerOf(parseSip(buildResponse(invite, 100, 'ours')) ?? invite, 'to')), '');
  });

  it('commas part values, except within brackets and quotes', () => {
    const values = ['<sip:a,b@x;lr>, "c, d" <sip:e@y>', '<sip:f@z>'];
    assert.equal(splitValues(values), ['<sip:a,b@x;lr>', '"c, d" <sip:e@y>', '<sip:f@z>']);
  });

  it('cuts a stream by Content-Length, skips keep-alives and gives up on what never ends', () => {
    const taken = takeFromStream(`\r\n\r\n${INVITE}REST`);
    assert.equal(taken, { message: INVITE, rest: 'REST' });
    assert.is(takeFromStream(INVITE.slice(0, -1)), undefined);
    assert.is(takeFromStream('x'.repeat(300_000)), 'hopeless');
    assert.is(takeFromStream('OPTIONS x SIP/2.0\r\nContent-Length: 999999999\r\n\r\n'), 'hopeless');
  });

  it('a URI in numbers says where it is; one with a name does not', () => {
    assert.equal(placeOf('sip:8001@10.0.0.1:5070;transport=tcp'), { address: '10.0.0.1', port: 5070 });
    assert.equal(placeOf('sip:10.0.0.1'), { address: '10.0.0.1', port: 5060 });
    assert.equal(placeOf('sips:8001@10.0.0.1'), { address: '10.0.0.1', port: 5061 });
    assert.is(placeOf('sip:8001@hospital.example'), undefined);
  });

  it('Refer-To carries the dialog that is replaced', () => {
    const target = parseReferTo('<sip:8002@10.0.0.1?Replaces=c%40x%3Bto-tag%3D1%3Bfrom-tag%3D2>');
    assert.is(target?.uri, 'sip:8002@10.0.0.1');
    assert.equal(parseReplaces(target?.replaces ?? ''), { callId: 'c@x', localTag: '1', remoteTag: '2' });
    assert.is(parseReferTo('<sip:8002@10.0.0.1>')?.replaces, undefined);
  });

  it('what is broken is nothing, never an error', () => {
    for (const text of [
      '',
      '\r\n\r\n',
      'INVITE\r\n\r\n',
      'SIP/2.0 999 x\r\n\r\n',
      'invite sip:x SIP/2.0\r\n\r\n',
    ])
      assert.is(parseSip(text), undefined);
    assert.is(parseReferTo('<sip:a@b?Replaces=%>'), undefined);
    assert.is(parseReferTo('mailto:x'), undefined);
    assert.is(parseReplaces('only-a-call'), undefined);
    assert.is(readSdp('v=0\r\nm=video 9 RTP/AVP 96\r\n'), undefined);
    assert.equal(uriIn(''), '');
  });

  it('no text whatever makes a reader throw', (t) => {
    const readers = [parseSip, takeFromStream, readSdp, parseReferTo, parseReplaces, placeOf, tagOf, userIn];
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(INVITE, 'latin1');
      for (let change = 0; change < 6; change += 1)
        bytes[t.rng.integer(0, bytes.length - 1)] = t.rng.integer(0, 255);
      const text = bytes.subarray(t.rng.integer(0, 40)).toString('latin1');
      for (const read of readers) read(text);
      splitValues([text]);
      chooseChallenge([text]);
    }
    assert.ok(true);
  });
});
