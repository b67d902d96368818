/** Offer and answer of one call (RFC 3264), and the stream that follows from them. */
import { RtpStream, type RtpOptions } from './rtp-stream.js';
import { MASTER_BYTES } from './srtp.js';
import {
  isSpoken,
  KEY_TYPE,
  mirrored,
  readSdp,
  writeSdp,
  type Direction,
  type OfferedCodec,
  type TheirMedia,
} from './ua-sdp.js';

export interface MediaOptions extends RtpOptions {
  readonly address: string;
  /** Preferred first. */
  readonly codecs: readonly OfferedCodec[];
  /** Offers SRTP. What is answered follows the offer. */
  readonly isSecure: boolean;
}

const PAYLOAD_TYPES = { PCMU: 0, PCMA: 8 } as const;

function canHear(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

export class UaMedia {
  readonly rtp: RtpStream;
  readonly #options: MediaOptions;
  #port = 0;
  #version = 0;
  #key: Buffer | undefined;
  #theirs: TheirMedia | undefined;
  /** What we want; what is said in an answer may be less. */
  direction: Direction = 'sendrecv';

  constructor(options: MediaOptions) {
    this.#options = options;
    this.rtp = new RtpStream(options);
    this.#key = options.isSecure ? this.#newKey() : undefined;
  }

  async open(): Promise<void> {
    this.#port = await this.rtp.open(this.#options.address);
  }

  /** By the other side. */
  get isHeld(): boolean {
    return this.#theirs !== undefined && !canHear(this.#theirs.direction);
  }

  offer(): string {
    return this.#write(this.direction);
  }

  /** What the other side offers. @returns false when nothing of it can be spoken */
  acceptOffer(sdp: string): boolean {
    const theirs = readSdp(sdp);
    if (theirs === undefined || !this.#canSpeak(theirs)) return false;
    const before = this.#theirs;
    const isMoved =
      before !== undefined && (before.address !== theirs.address || before.port !== theirs.port);
    // RFC 4568 7.1.4: another place, another key, and the roll-over counter begins anew.
    const known = isMoved ? undefined : this.#key;
    this.#key = theirs.isSecure ? (known ?? this.#newKey()) : undefined;
    this.#connect(theirs);
    return true;
  }

  /** To what was accepted. */
  answer(): string {
    const theirs = this.#theirs?.direction ?? 'sendrecv';
    return this.#write(both(this.direction, mirrored(theirs)));
  }

  /** What the other side answers to our offer. @returns false when nothing of it can be spoken */
  acceptAnswer(sdp: string): boolean {
    const theirs = readSdp(sdp);
    if (theirs === undefined || !this.#canSpeak(theirs)) return false;
    this.#connect(theirs);
    return true;
  }

  #canSpeak({ codecs, isSecure, key }: TheirMedia): boolean {
    const isCommon = codecs.some((one) => isSpoken(one) && this.#options.codecs.includes(one));
    return isCommon && (!isSecure || key !== undefined);
  }

  #connect(theirs: TheirMedia): void {
    this.#theirs = theirs;
    const codec = this.#options.codecs.filter(isSpoken).find((one) => theirs.codecs.includes(one));
    if (codec === undefined) return;
    this.rtp.connect({
      ...{ address: theirs.address, port: theirs.port, codec, payloadType: PAYLOAD_TYPES[codec] },
      keyType: theirs.keyType,
      theirKey: theirs.isSecure ? theirs.key : undefined,
      ourKey: theirs.isSecure ? this.#key : undefined,
      // Who holds sends nothing: the relay plays the music.
      isSending: canHear(theirs.direction) && this.direction === 'sendrecv',
    });
  }

  #newKey(): Buffer {
    return Buffer.from(this.#options.rng.bytes(MASTER_BYTES));
  }

  #write(direction: Direction): string {
    this.#version += 1;
    const { address, codecs } = this.#options;
    const theirs = this.#theirs;
    const common = theirs === undefined ? codecs : codecs.filter((one) => theirs.codecs.includes(one));
    return writeSdp({
      ...{ address, port: this.#port, version: this.#version, direction, key: this.#key },
      codecs: common.length === 0 ? codecs : common,
      keyType: theirs === undefined ? KEY_TYPE : theirs.keyType,
      cryptoTag: theirs?.cryptoTag ?? '1',
    });
  }
}

/** What is left when each side allows so much. */
function both(one: Direction, other: Direction): Direction {
  const sends = one.startsWith('send') && other.startsWith('send');
  const receives = one.endsWith('recv') || one === 'recvonly';
  const receivesToo = other.endsWith('recv') || other === 'recvonly';
  if (sends && receives && receivesToo) return 'sendrecv';
  if (sends) return 'sendonly';
  return receives && receivesToo ? 'recvonly' : 'inactive';
}
