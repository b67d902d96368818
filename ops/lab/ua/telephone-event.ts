/** Keys in RTP (RFC 4733). Pure. */
import { SAMPLES } from '../../../cluster/base/tone.js';

const KEYS = '0123456789*#ABCD';
const VOLUME = 10;
const END = 0x80;
const MARKER = 0x80;
/** Five packets of 20 ms, and the end three times (RFC 4733 2.5.1.4). */
const STEPS_HELD = 5;
const STEPS = 8;

/**
 * The packets of one key of 100 ms, one for each 20 ms, without their sequence numbers.
 * @param stamp RTP timestamp of its beginning @throws when there is no such key
 */
export function keyPackets(key: string, payloadType: number, stamp: number, ssrc: number): Buffer[] {
  const event = key.length === 1 ? KEYS.indexOf(key.toUpperCase()) : -1;
  if (event < 0) throw new Error(`there is no key "${key}"`);
  return Array.from({ length: STEPS }, (_, step) => {
    const packet = Buffer.alloc(16);
    packet[0] = 0x80;
    packet[1] = payloadType | (step === 0 ? MARKER : 0);
    packet.writeUInt32BE(stamp, 4);
    packet.writeUInt32BE(ssrc, 8);
    packet[12] = event;
    packet[13] = (step >= STEPS_HELD ? END : 0) | VOLUME;
    packet.writeUInt16BE(Math.min(step + 1, STEPS_HELD) * SAMPLES, 14);
    return packet;
  });
}

export class KeyHearing {
  #last: string | undefined;

  /** @param packet an RTP packet @returns the key whose end this is, the first time */
  hear(packet: Buffer): string | undefined {
    if (packet.length < 16 || ((packet[13] ?? 0) & END) === 0) return undefined;
    const name = `${String(packet.readUInt32BE(8))} ${String(packet.readUInt32BE(4))}`;
    if (name === this.#last) return undefined;
    this.#last = name;
    return KEYS[packet[12] ?? KEYS.length];
  }
}
