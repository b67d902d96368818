/**
 * A party of a call that is this process: it sends a tone and listens for another one. By it a way is known to carry
 * speech, and not only signalling. PCMA, 20 ms (RFC 3551).
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Clock, Timer } from '../../cluster/base/clock.js';
import type { Rng } from '../../cluster/base/rng.js';
import { findTone, SAMPLES, toneFrame } from '../../cluster/base/tone.js';

const HEADER_BYTES = 12;
const PCMA = 8;
const FRAME_MS = 20;
/** Frames with the tone, of which a second has fifty. */
const HEARD_MIN = 10;

export class ToneParty {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #packet: Buffer;
  readonly #heard = new Map<number, number>();
  #sequence: number;
  #timestamp: number;
  #timer: Timer | undefined;

  /** The SDP of this party, offer and answer alike. */
  readonly sdp: string;

  private constructor(socket: Socket, address: string, hz: number, clock: Clock, rng: Rng) {
    this.#socket = socket;
    this.#clock = clock;
    this.#sequence = rng.integer(0, 65_535);
    this.#timestamp = rng.integer(0, 2 ** 31);
    this.#packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), toneFrame(hz, 'PCMA')]);
    this.#packet[0] = 0x80;
    this.#packet[1] = PCMA;
    this.#packet.writeUInt32BE(rng.integer(1, 2 ** 31), 8);
    this.sdp = [
      ...['v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0'],
      ...[`m=audio ${String(socket.address().port)} RTP/AVP 8`, 'a=rtpmap:8 PCMA/8000', 'a=sendrecv', ''],
    ].join('\r\n');
    socket.on('message', (packet) => {
      if (packet.length > HEADER_BYTES && ((packet[1] ?? 0) & 0x7f) === PCMA) this.#hear(packet);
    });
  }

  /** @param address of this node @param hz multiple of 50 from 300 to 3400 @throws the system's error */
  static async open(address: string, hz: number, clock: Clock, rng: Rng): Promise<ToneParty> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, address, resolve);
    });
    socket.removeAllListeners('error');
    // What cannot be sent is not heard, and that is what is found out.
    socket.on('error', () => undefined);
    return new ToneParty(socket, address, hz, clock, rng);
  }

  /** Sends its tone to where this SDP says, until it is closed. */
  speakTo(sdp: string): void {
    const address = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
    const port = Number(/^m=audio (\d+) /m.exec(sdp)?.[1] ?? 0);
    if (address === undefined || port === 0 || port > 65_535 || this.#timer !== undefined) return;
    const send = (): void => {
      this.#sequence = (this.#sequence + 1) & 0xffff;
      this.#timestamp = (this.#timestamp + SAMPLES) >>> 0;
      this.#packet.writeUInt16BE(this.#sequence, 2);
      this.#packet.writeUInt32BE(this.#timestamp, 4);
      this.#socket.send(this.#packet, port, address, () => undefined);
      this.#timer = this.#clock.schedule(FRAME_MS, send);
    };
    send();
  }

  /** Whether it was long enough to be no accident. */
  hears(hz: number): boolean {
    return (this.#heard.get(hz) ?? 0) >= HEARD_MIN;
  }

  close(): void {
    this.#timer?.cancel();
    this.#socket.close();
  }

  #hear(packet: Buffer): void {
    const hz = findTone(packet.subarray(HEADER_BYTES), 'PCMA');
    if (hz > 0) this.#heard.set(hz, (this.#heard.get(hz) ?? 0) + 1);
  }
}
