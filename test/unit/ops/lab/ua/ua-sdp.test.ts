import { mirrored, readSdp, writeSdp, type OwnMedia } from '../../../../../ops/lab/ua/ua-sdp.js';
import { assert, spec } from '../../../../support/spec.js';

const OWN: OwnMedia = {
  ...{ address: '10.0.0.1', port: 4000, codecs: ['PCMA', 'PCMU'], version: 1, direction: 'sendrecv' },
  ...{ key: undefined, keyType: 101, cryptoTag: '1' },
};

spec('session descriptions of a user agent', (it) => {
  it('reads what it writes, plain and with a key', () => {
    const key = Buffer.alloc(30, 7);
    for (const own of [OWN, { ...OWN, key, direction: 'inactive' as const }]) {
      const read = readSdp(writeSdp(own));
      assert.ok(read);
      const { address, port, codecs, direction } = own;
      assert.equal(
        [read.address, read.port, read.codecs, read.direction],
        [address, port, codecs, direction],
      );
      assert.equal([read.isSecure, read.key, read.keyType], [own.key !== undefined, own.key, 101]);
    }
  });

  it('G.722 and Opus can be offered', () => {
    const sdp = writeSdp({ ...OWN, codecs: ['G722', 'opus', 'PCMU'] });
    assert.match(sdp, 'm=audio 4000 RTP/AVP 9 96 0 101');
    assert.equal(readSdp(sdp)?.codecs, ['G722', 'opus', 'PCMU']);
  });

  it('a static payload type needs no map, and a direction of the session counts', () => {
    const sdp =
      'v=0\r\nc=IN IP4 10.0.0.9\r\na=sendonly\r\nm=audio 5000 RTP/AVP 8 0\r\nm=video 6000 RTP/AVP 99\r\na=inactive\r\n';
    const read = readSdp(sdp);
    assert.equal([read?.address, read?.codecs, read?.direction], ['10.0.0.9', ['PCMA', 'PCMU'], 'sendonly']);
  });

  it('without telephone events there are none', () => {
    const sdp = writeSdp({ ...OWN, keyType: undefined });
    assert.not.match(sdp, 'telephone-event');
    assert.is(readSdp(sdp)?.keyType, undefined);
  });

  it('a key of the wrong length is none', () => {
    const sdp = writeSdp({ ...OWN, key: Buffer.alloc(30) }).replace(/inline:\S+/, 'inline:AAAA');
    assert.is(readSdp(sdp)?.key, undefined);
  });

  it('who is held answers that nothing is sent', () => {
    assert.equal((['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const).map(mirrored), [
      'sendrecv',
      'recvonly',
      'sendonly',
      'inactive',
    ]);
  });
});
