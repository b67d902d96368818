/** The media of one call of a user agent: really sends, really listens, and remembers whom it heard when. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import type { Clock } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { SequenceLedger } from './sequence-ledger.js';
import { SrtpReceiver, SrtpSender } from './srtp.js';
import { KeyHearing, keyPackets } from './telephone-event.js';
import { findTone, SAMPLES, toneFrame, type Codec } from '../../../cluster/base/tone.js';

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
  readonly duplicates: number;
  readonly reordered: number;
  /** SRTP that is not of whoever has the key, and what is no RTP. */
  readonly refused: number;
  readonly longestGapMs: number;
  /** Since the last packet; undefined when none has come since the last reset. */
  readonly quietMs: number | undefined;
  /** Synchronisation sources, in the order in which they were first heard. */
  readonly sources: number;
  readonly ssrcs: readonly number[];
  readonly payloadTypes: readonly number[];
  /** What was heard since the last reset, one sample each 200 ms in which something came. */
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

export interface RtpOptions {
  /** Its tone. */
  readonly hz: number;
  /** A packet each so many times 20 ms; 0: none. */
  readonly rtpEvery: number;
  /** Sequence number of the first packet; undefined: any. */
  readonly firstSequence: number | undefined;
  readonly clock: Clock;
  readonly rng: Rng;
  /** A key of the other side, when it is over. */
  readonly onKey: (key: string) => void;
}

const HEADER_BYTES = 12;
const HEARD_EVERY_MS = 200;
const HEARD_MAX = 3000;
const SSRCS_MAX = 64;
/** RTP and RTCP on one port: RFC 5761 4. */
const RTCP_TYPE_MIN = 192;
const G711 = new Map<number, Codec>([
  [0, 'PCMU'],
  [8, 'PCMA'],
]);

const PAYLOADS = new Map<string, Buffer>();

/** Tones are shared by all calls of a process. */
function payloadOf(hz: number, codec: Codec): Buffer {
  const key = `${codec} ${String(hz)}`;
  const known = PAYLOADS.get(key) ?? toneFrame(hz, codec);
  PAYLOADS.set(key, known);
  return known;
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}

/** Sent by dgram at once: its own look-up would take a turn of the event loop, and the packet is written anew by then. */
function lookUpNothing(
  address: string,
  _: unknown,
  done: (error: null, address: string, family: number) => void,
): void {
  done(null, address, 4);
}

export class RtpStream {
  readonly #options: RtpOptions;
  readonly #socket: Socket = createSocket({ type: 'udp4', lookup: lookUpNothing });
  readonly #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #ticks = 0;
  #isPausing = true;
  #remote: RtpRemote | undefined;
  #packet = Buffer.alloc(0);
  #outbound: SrtpSender | undefined;
  #inbound: SrtpReceiver | undefined;
  #sent = 0;
  #received = 0;
  #refused = 0;
  #longestGapMs = 0;
  #lastMs: number | undefined;
  #heardMs = -Infinity;
  #heard: HeardTone[] = [];
  readonly #ledgers = new Map<number, SequenceLedger>();
  readonly #payloadTypes = new Set<number>();
  readonly #hearing = new KeyHearing();
  #keys = '';
  #isClosed = false;
  readonly #keyPackets: Buffer[] = [];
  /** As if its power were cut. */
  isMuted = false;

  constructor(options: RtpOptions) {
    const { rng } = options;
    this.#options = options;
    this.#ssrc = rng.integer(1, 2 ** 31);
    this.#sequence = options.firstSequence ?? rng.integer(0, 65_535);
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
    const before = this.#remote;
    this.#remote = remote;
    this.#packet = Buffer.concat([Buffer.alloc(HEADER_BYTES), payloadOf(this.#options.hz, remote.codec)]);
    this.#packet[0] = 0x80;
    this.#packet.writeUInt32BE(this.#ssrc, 8);
    // A key that stays keeps its roll-over counter; one that is new begins at 0.
    if (!isSame(before?.ourKey, remote.ourKey))
      this.#outbound = remote.ourKey === undefined ? undefined : new SrtpSender(remote.ourKey);
    if (!isSame(before?.theirKey, remote.theirKey))
      this.#inbound = remote.theirKey === undefined ? undefined : new SrtpReceiver(remote.theirKey);
  }

  /** Every 20 ms. Time goes on while nothing is sent; numbers do not, or pauses would look like loss. */
  tick(): void {
    const remote = this.#remote;
    this.#timestamp = (this.#timestamp + SAMPLES) >>> 0;
    this.#ticks += 1;
    if (remote === undefined || this.#isClosed || this.isMuted || !canReach(remote)) return;
    const key = this.#keyPackets.shift();
    if (key !== undefined) this.#send(key, remote);
    else if (remote.isSending && this.#isDue()) this.#sendTone(remote);
    else if (!remote.isSending) this.#isPausing = true;
  }

  /** A key of 100 ms. @throws when it is none, or the other side knows of no keys */
  press(key: string): void {
    const type = this.#remote?.keyType;
    if (type === undefined) throw new Error('the other side takes no keys');
    this.#keyPackets.push(...keyPackets(key, type, this.#timestamp, this.#ssrc));
  }

  report(): RtpReport {
    const ledgers = [...this.#ledgers.values()];
    const sum = (of: (ledger: SequenceLedger) => number): number =>
      ledgers.reduce((total, ledger) => total + of(ledger), 0);
    return {
      ...{ sent: this.#sent, received: this.#received, refused: this.#refused },
      lost: sum(({ lost }) => lost),
      duplicates: sum(({ duplicates }) => duplicates),
      reordered: sum(({ reordered }) => reordered),
      longestGapMs: this.#longestGapMs,
      quietMs: this.#lastMs === undefined ? undefined : this.#options.clock.monotonicMs() - this.#lastMs,
      ...{ sources: this.#ledgers.size, ssrcs: [...this.#ledgers.keys()] },
      ...{ payloadTypes: [...this.#payloadTypes], heard: this.#heard, keys: this.#keys },
    };
  }

  /** Forgets what was heard until now; what was counted stays. */
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

  #isDue(): boolean {
    const { rtpEvery } = this.#options;
    return rtpEvery > 0 && this.#ticks % rtpEvery === 0;
  }

  #sendTone(remote: RtpRemote): void {
    const packet = this.#packet;
    // The marker says where sound begins after a pause (RFC 3551 4.1).
    packet[1] = remote.payloadType | (this.#isPausing ? 0x80 : 0);
    packet.writeUInt32BE(this.#timestamp, 4);
    this.#isPausing = false;
    this.#send(packet, remote);
  }

  #send(packet: Buffer, { port, address }: RtpRemote): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    packet.writeUInt16BE(this.#sequence, 2);
    this.#sent += 1;
    this.#socket.send(this.#outbound?.protect(packet) ?? packet, port, address);
  }

  #receive(sealed: Buffer): void {
    const type = sealed.length < HEADER_BYTES ? RTCP_TYPE_MIN : (sealed[1] ?? 0);
    if (type >= RTCP_TYPE_MIN && type < 224) return;
    const packet = this.#inbound === undefined ? sealed : this.#inbound.unprotect(sealed);
    if (packet === undefined || (packet[0] ?? 0) >> 6 !== 2) {
      this.#refused += 1;
      return;
    }
    const nowMs = this.#options.clock.monotonicMs();
    this.#count(packet, nowMs);
    const payloadType = type & 0x7f;
    const codec = G711.get(payloadType);
    if (payloadType === this.#remote?.keyType) this.#hearKey(packet);
    else if (codec !== undefined) this.#hearTone(packet, codec, nowMs);
  }

  #count(packet: Buffer, nowMs: number): void {
    this.#received += 1;
    if (this.#lastMs !== undefined) this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#payloadTypes.add((packet[1] ?? 0) & 0x7f);
    const source = packet.readUInt32BE(8);
    let ledger = this.#ledgers.get(source);
    if (ledger === undefined) {
      if (this.#ledgers.size >= SSRCS_MAX) return;
      ledger = new SequenceLedger();
      this.#ledgers.set(source, ledger);
    }
    ledger.note(packet.readUInt16BE(2));
  }

  #hearKey(packet: Buffer): void {
    const key = this.#hearing.hear(packet);
    if (key === undefined) return;
    this.#keys += key;
    this.#options.onKey(key);
  }

  #hearTone(packet: Buffer, codec: Codec, nowMs: number): void {
    if (nowMs - this.#heardMs < HEARD_EVERY_MS) return;
    this.#heardMs = nowMs;
    if (this.#heard.length < HEARD_MAX)
      this.#heard.push({ atMs: nowMs, hz: findTone(packet.subarray(HEADER_BYTES), codec) });
  }
}

/** 0.0.0.0 is hold as it was before RFC 3264; port 0 is a stream that was refused. */
function canReach({ address, port }: RtpRemote): boolean {
  return port > 0 && port < 65_536 && address !== '0.0.0.0' && isIPv4(address);
}
