import { CounterMode, deriveSessionKeys, SrtpReceiver, SrtpSender } from '../../../../../ops/lab/ua/srtp.js';
import { assert, spec } from '../../../../support/spec.js';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

function packet(sequence: number, source: number, text: string): Buffer {
  const head = Buffer.alloc(12);
  head[0] = 0x80;
  head.writeUInt16BE(sequence, 2);
  head.writeUInt32BE(source, 8);
  return Buffer.concat([head, Buffer.from(text)]);
}

spec('SRTP', (it) => {
  it('the key stream is that of RFC 3711 B.2', () => {
    const mode = new CounterMode(hex('2B7E151628AED2A6ABF7158809CF4F3C'));
    const stream = mode.keyStream(hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'), 48);
    const expected =
      'E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0';
    assert.equal(stream.subarray(0, 48), hex(expected));
  });

  it('the session keys are those of RFC 3711 B.3', () => {
    const master = hex('E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6');
    const { cipherKey, salt, authKey } = deriveSessionKeys(master);
    assert.equal(cipherKey, hex('C61E7A93744F39EE10734AFE3FF7A087'));
    assert.equal(salt, hex('30CBBC08863D8C85D49DB34A9AE1'));
    assert.equal(authKey, hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
  });

  const master = Buffer.from(Array.from({ length: 30 }, (_, index) => index * 7));

  it('what is protected is read again, and is not the same on the way', () => {
    const sealed = Buffer.from(new SrtpSender(master).protect(packet(7, 1, 'a frame of sound')));
    assert.is(sealed.length, 12 + 16 + 10);
    assert.not.ok(sealed.includes('sound'));
    assert.equal(new SrtpReceiver(master).unprotect(sealed), packet(7, 1, 'a frame of sound'));
  });

  it('a packet that was changed, or is of another key, is refused', () => {
    const sealed = Buffer.from(new SrtpSender(master).protect(packet(7, 1, 'sound')));
    const changed = Buffer.from(sealed);
    changed[13] = (changed[13] ?? 0) ^ 1;
    assert.is(new SrtpReceiver(master).unprotect(changed), undefined);
    assert.is(new SrtpReceiver(Buffer.alloc(30)).unprotect(sealed), undefined);
    assert.is(new SrtpReceiver(master).unprotect(Buffer.alloc(5)), undefined);
  });

  it('the sequence number rolls over, also when the packets around it come in the wrong order', () => {
    const sender = new SrtpSender(master);
    const sealed = [65_534, 65_535, 0, 1].map((one) =>
      Buffer.from(sender.protect(packet(one, 1, String(one)))),
    );
    const receiver = new SrtpReceiver(master);
    const read = [0, 2, 1, 3].map((index) =>
      receiver.unprotect(sealed[index] ?? Buffer.alloc(0))?.toString('latin1', 12),
    );
    assert.equal(read, ['65534', '0', '65535', '1']);
  });

  it('another source under the same key counts for itself', () => {
    const [first, second] = [new SrtpSender(master), new SrtpSender(master)];
    const receiver = new SrtpReceiver(master);
    assert.ok(receiver.unprotect(Buffer.from(first.protect(packet(65_000, 1, 'one')))));
    assert.ok(receiver.unprotect(Buffer.from(second.protect(packet(3, 2, 'two')))));
    assert.ok(receiver.unprotect(Buffer.from(first.protect(packet(65_001, 1, 'one')))));
  });
});
