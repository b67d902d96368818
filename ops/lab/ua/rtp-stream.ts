/** The media of one call of a user agent: really sends, really listens, and remembers whom it heard when. */
import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { SrtpStream } from './srtp.js';
import { findTone, SAMPLES, toneFrame, type Codec } from './tone.js';

export interface HeardTone {
  readonly atMs: number;
  /** 0: silence. */
  readonly hz: number;
}

export interface RtpReport {
  readonly sent: number;
  readonly received: number;
  /** By sequence numbers, of each stream that came in. */
  readonly lost: number;
  readonly longestGapMs: number;
  /** Synchronisation sources, in the order in which they were first heard. */
  readonly sources: number;
  /** What was heard since the last reset, one sample each 200 ms. */
  readonly heard: readonly HeardTone[];
  readonly keys: string;
}

export interface RtpRemote {
  readonly address: string;
  readonly port: number;
  readonly codec: Codec;
  readonly payloadType: number;
  readonly keyType: number | undefined;
  /** Master key and salt of the other side; undefined: RTP. */
  readonly theirKey: Buffer | undefined;
  readonly ourKey: Buffer | undefined;
  readonly isSending: boolean;
}

const HEARD_EVERY_MS = 200;
const HEARD_MAX = 3000;
const KEYS = '0123456789*#ABCD';

const PAYLOADS = new Map<string, Buffer>();

/** Tones are shared by all calls of a process. */
function payloadOf(hz: number, codec: Codec): Buffer {
  const key = `${codec} ${String(hz)}`;
  const known = PAYLOADS.get(key) ?? toneFrame(hz, codec);
  PAYLOADS.set(key, known);
  return known;
}

export class RtpStream {
  readonly #clock: Clock;
  readonly #socket: Socket = createSocket('udp4');
  readonly #hz: number;
  readonly #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #remote: RtpRemote | undefined;
  #packet = Buffer.alloc(0);
  #outbound: SrtpStream | undefined;
  #inbound: SrtpStream | undefined;
  #sent = 0;
  #received = 0;
  #lost = 0;
  #longestGapMs = 0;
  #lastMs: number | undefined;
  #heardMs = -Infinity;
  #heard: HeardTone[] = [];
  readonly #expected = new Map<number, number>();
  #keys = '';
  #lastKeyStamp = -1;
  #isClosed = false;
  /** Events of a key that is being sent (RFC 4733), one for each tick. */
  readonly #keyPackets: (() => Buffer)[] = [];

  constructor(hz: number, clock: Clock, rng: Rng) {
    this.#hz = hz;
    this.#clock = clock;
    this.#ssrc = rng.integer(1, 2 ** 31);
    this.#sequence = rng.integer(0, 65_535);
    this.#timestamp = rng.integer(0, 2 ** 31);
    this.#socket.on('message', (packet) => {
      this.#receive(packet);
    });
    this.#socket.on('error', () => undefined);
  }

  /** @returns the port */
  async open(address: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind(0, address, resolve);
    });
    return this.#socket.address().port;
  }

  connect(remote: RtpRemote): void {
    const isNewKey = this.#remote?.ourKey !== remote.ourKey || this.#remote?.theirKey !== remote.theirKey;
    this.#remote = remote;
    const payload = payloadOf(this.#hz, remote.codec);
    this.#packet = Buffer.concat([Buffer.alloc(12), payload]);
    this.#packet[0] = 0x80;
    this.#packet[1] = remote.payloadType;
    this.#packet.writeUInt32BE(this.#ssrc, 8);
    if (!isNewKey) return;
    this.#outbound = remote.ourKey === undefined ? undefined : new SrtpStream(remote.ourKey);
    this.#inbound = remote.theirKey === undefined ? undefined : new SrtpStream(remote.theirKey);
  }

  /** Every 20 ms. */
  tick(): void {
    const remote = this.#remote;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + SAMPLES) >>> 0;
    if (remote?.isSending !== true || this.#isClosed) return;
    const key = this.#keyPackets.shift();
    const packet = key === undefined ? this.#packet : key();
    packet.writeUInt16BE(this.#sequence, 2);
    if (key === undefined) packet.writeUInt32BE(this.#timestamp, 4);
    const bytes = this.#outbound === undefined ? packet : this.#outbound.protect(packet);
    this.#sent += 1;
    this.#socket.send(bytes, remote.port, remote.address, () => undefined);
  }

  /** A key of 100 ms. */
  press(key: string): void {
    const event = KEYS.indexOf(key.toUpperCase());
    const type = this.#remote?.keyType;
    if (event < 0 || type === undefined) return;
    const stamp = this.#timestamp;
    for (let step = 1; step <= 8; step += 1) {
      this.#keyPackets.push(() => {
        const packet = Buffer.alloc(16);
        packet[0] = 0x80;
        packet[1] = type | (step === 1 ? 0x80 : 0);
        packet.writeUInt32BE(stamp, 4);
        packet.writeUInt32BE(this.#ssrc, 8);
        packet[12] = event;
        // The end is sent three times (RFC 4733 2.5.1.4).
        packet[13] = (step > 5 ? 0x80 : 0) | 10;
        packet.writeUInt16BE(Math.min(step, 6) * SAMPLES, 14);
        return packet;
      });
    }
  }

  report(): RtpReport {
    return {
      ...{ sent: this.#sent, received: this.#received, lost: this.#lost, longestGapMs: this.#longestGapMs },
      ...{ sources: this.#expected.size, heard: this.#heard, keys: this.#keys },
    };
  }

  /** Forgets what was heard until now. */
  reset(): void {
    this.#heard = [];
    this.#longestGapMs = 0;
    this.#lastMs = undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  #receive(sealed: Buffer): void {
    const packet = this.#inbound === undefined ? sealed : this.#inbound.unprotect(sealed);
    if (packet === undefined || packet.length < 12 || (packet[1] ?? 0) >= 192) return;
    const nowMs = this.#clock.monotonicMs();
    const type = (packet[1] ?? 0) & 0x7f;
    if (this.#remote !== undefined && type === this.#remote.keyType) this.#receiveKey(packet);
    this.#received += 1;
    if (this.#lastMs !== undefined) this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#count(packet.readUInt32BE(8), packet.readUInt16BE(2));
    if (nowMs - this.#heardMs < HEARD_EVERY_MS || (type !== 0 && type !== 8)) return;
    this.#heardMs = nowMs;
    if (this.#heard.length < HEARD_MAX)
      this.#heard.push({ atMs: nowMs, hz: findTone(packet.subarray(12), type === 0 ? 'PCMU' : 'PCMA') });
  }

  #receiveKey(packet: Buffer): void {
    const stamp = packet.readUInt32BE(4);
    if (((packet[13] ?? 0) & 0x80) === 0 || stamp === this.#lastKeyStamp) return;
    this.#lastKeyStamp = stamp;
    this.#keys += KEYS[packet[12] ?? 99] ?? '';
  }

  #count(source: number, sequence: number): void {
    const expected = this.#expected.get(source);
    this.#expected.set(source, (sequence + 1) & 0xffff);
    if (expected === undefined) return;
    const missing = (sequence - expected) & 0xffff;
    // What comes late was counted as lost before; far jumps are another start.
    if (missing < 3000) this.#lost += missing;
  }
}
