import { KeyHearing, keyPackets } from '../../../../../ops/lab/ua/telephone-event.js';
import { assert, spec } from '../../../../support/spec.js';

spec('keys in RTP', (it) => {
  it('every key is heard once, although its end is sent three times', () => {
    const hearing = new KeyHearing();
    const keys = Array.from('0123456789*#ABCD');
    const heard = keys.flatMap((key, index) =>
      keyPackets(key, 101, index * 4000, 1).map((packet) => hearing.hear(packet)),
    );
    assert.is(heard.filter((key) => key !== undefined).join(''), keys.join(''));
  });

  it('a key is heard when two of its three ends are lost', () => {
    const [, , , , , , , last] = keyPackets('7', 101, 0, 1);
    assert.is(new KeyHearing().hear(last ?? Buffer.alloc(0)), '7');
  });

  it('one timestamp, a marker on the first packet, a duration that grows to 100 ms', () => {
    const packets = keyPackets('5', 96, 4242, 9);
    assert.equal([...new Set(packets.map((packet) => packet.readUInt32BE(4)))], [4242]);
    assert.equal(
      packets.map((packet) => (packet[1] ?? 0) >> 7),
      [1, 0, 0, 0, 0, 0, 0, 0],
    );
    assert.equal(
      packets.map((packet) => packet.readUInt16BE(14)),
      [160, 320, 480, 640, 800, 800, 800, 800],
    );
  });

  it('what is no key is refused, and what is no event is not heard', () => {
    assert.throws(() => keyPackets('x', 101, 0, 1), /no key "x"/);
    assert.throws(() => keyPackets('12', 101, 0, 1), /no key/);
    assert.is(new KeyHearing().hear(Buffer.alloc(12)), undefined);
    const [packet = Buffer.alloc(0)] = keyPackets('1', 101, 0, 1).slice(-1);
    packet[12] = 200;
    assert.is(new KeyHearing().hear(packet), undefined);
  });
});
