import {
  answerOfNobody,
  completeAnswer,
  isHold,
  profileOf,
  withOneCodec,
} from '../../../../appliance/media/sdp.js';
import { readKeyPress } from '../../../../appliance/media/dtmf-listener.js';
import { readStatistics } from '../../../../appliance/media/read-statistics.js';
import { isOperatingError } from '../../../../cluster/base/errors.js';
import { seededRng } from '../../../../cluster/base/rng.js';
import { assert, spec } from '../../../support/spec.js';

const sdp = (...lines: string[]): string =>
  ['v=0', 'o=- 1 1 IN IP4 10.0.0.1', 's=-', 'c=IN IP4 10.0.0.1', 't=0 0', ...lines, ''].join('\r\n');
const AUDIO = [
  'm=audio 4000 RTP/AVP 9 0 8 96 101',
  'a=rtpmap:96 opus/48000/2',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=fmtp:96 useinbandfec=1',
];

spec('session descriptions', (it) => {
  it('are cut down to the codec that we like best, and its keys', () => {
    const cut = withOneCodec(sdp(...AUDIO));
    assert.match(cut, /^m=audio 4000 RTP\/AVP 8 101$/m);
    assert.not.match(cut, /opus|useinbandfec/);
    assert.match(cut, /^a=fmtp:101 0-15$/m);
    assert.is(withOneCodec(cut), cut, 'the same again gives the same');
  });

  it('without a codec of ours are refused, with what was offered', () => {
    for (const text of [
      sdp('m=audio 4000 RTP/AVP 18', 'a=rtpmap:18 G729/8000'),
      sdp('m=video 4000 RTP/AVP 0'),
      '',
    ]) {
      try {
        withOneCodec(text);
        assert.unreachable('it was taken');
      } catch (error) {
        assert.ok(isOperatingError(error, 'MEDIA_NO_CODEC'), String(error));
      }
    }
  });

  it('are answered stream by stream: what we do not take has port 0', () => {
    const offer = sdp('m=video 5000 RTP/AVP 97', ...AUDIO, 'a=sendonly');
    const answer = completeAnswer(sdp('m=audio 30000 RTP/AVP 8 101', 'a=sendrecv'), offer);
    assert.equal(answer.match(/^m=.*$/gm), ['m=video 0 RTP/AVP 97', 'm=audio 30000 RTP/AVP 8 101']);
    assert.match(answer, /a=recvonly/);
    assert.not.match(answer, /a=sendrecv/);
  });

  it('say whether a party holds, in either of the two ways', () => {
    assert.equal(
      [
        sdp(...AUDIO),
        sdp(...AUDIO, 'a=sendonly'),
        sdp(...AUDIO, 'a=inactive'),
        sdp('a=sendonly', ...AUDIO, 'a=sendrecv'),
        sdp(...AUDIO).replace('IP4 10.0.0.1\r\nt=', 'IP4 0.0.0.0\r\nt='),
      ].map(isHold),
      [false, true, true, false, true],
    );
  });

  it('say whether RTP is to be encrypted', () => {
    assert.is(profileOf(sdp(...AUDIO)), 'rtp');
    assert.is(profileOf(sdp('m=audio 4000 RTP/SAVP 8')), 'srtp');
  });

  it('of nobody lead to this machine only', () => {
    assert.match(answerOfNobody(sdp(...AUDIO)), /^c=IN IP4 127\.0\.0\.1$/m);
  });

  it('that make no sense are refused or left as they are, in time that grows with their length', () => {
    const rng = seededRng('sdp');
    const pieces = [
      'm=audio',
      ' 4000',
      ' RTP/AVP',
      ' 0 8',
      '\r\n',
      'a=rtpmap:',
      '96',
      ' opus/48000',
      'c=',
      '=',
      '\n',
    ];
    for (let count = 0; count < 2000; count += 1) {
      const text = Array.from({ length: rng.integer(0, 40) }, () => rng.pick(pieces)).join('');
      for (const read of [
        withOneCodec,
        isHold,
        profileOf,
        answerOfNobody,
        (one: string) => completeAnswer(one, one),
      ]) {
        try {
          read(text);
        } catch (error) {
          assert.ok(isOperatingError(error, 'MEDIA_NO_CODEC'), `${text}: ${String(error)}`);
        }
      }
    }
    const startMs = performance.now();
    withOneCodec(sdp(`m=audio 4000 RTP/AVP 0 ${'8 '.repeat(200_000)}`));
    assert.ok(performance.now() - startMs < 1000);
  });
});

spec('what the relay tells', (it) => {
  it('of a key is its leg and which it was', () => {
    const told = { callid: 'c', source_tag: 't', type: 'DTMF', event: 11, duration: 100 };
    assert.equal(readKeyPress(JSON.stringify(told)), {
      leg: { mediaCallId: 'c', legTag: 't' },
      key: '#',
      durationMs: 100,
    });
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      JSON.stringify({ ...told, event: 16 }),
      JSON.stringify({ event: 1 }),
    ])
      assert.is(readKeyPress(text), undefined, text);
  });

  it('of a call are packets and quality of each leg', () => {
    const stream = { flags: ['RTP', 'filled'], stats: { packets: 50 }, SSRC: 7 };
    const rtcp = { flags: ['RTCP'], stats: { packets: 3 } };
    const average = { MOS: 43, jitter: 2, 'round-trip time': 12_000, 'packet loss': 1 };
    const answer = {
      tags: { a: { medias: [{ streams: [stream, rtcp] }] }, b: { medias: [] }, c: null },
      SSRC: { 7: { 'average MOS': average } },
    };
    assert.equal(readStatistics(answer), {
      a: { packets: 50, quality: { mos: 4.3, jitterMs: 2, roundTripMs: 12, lossPercent: 1 } },
      b: { packets: 0, quality: undefined },
      c: { packets: 0, quality: undefined },
    });
    assert.equal(readStatistics({}), {});
  });
});
