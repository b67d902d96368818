/**
 * Media of a carrier that brings a call back: what is offered on one side is offered on the other, and each packet goes
 * from one to the other.
 */
import { createSocket } from 'node:dgram';
import { UaMedia, type MediaOptions } from './ua-media.js';

/** Which direction a fault of the carrier takes away: from whoever is called, or to him. */
export type Deafness = 'none' | 'toCaller' | 'toCalled';

class PassedMedia extends UaMedia {
  readonly #options: MediaOptions;
  readonly #socket = createSocket('udp4');
  #isOpen = false;
  #other: PassedMedia | undefined;
  /** What was said on this side. */
  said = '';
  isDeaf = false;

  constructor(options: MediaOptions) {
    super(options);
    this.#options = options;
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (packet) => {
      this.#other?.pass(packet);
    });
  }

  passTo(other: PassedMedia): void {
    this.#other = other;
  }

  override async open(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.bind(0, this.#options.address, resolve);
    });
    this.#isOpen = true;
  }

  close(): void {
    if (this.#isOpen) this.#socket.close();
    this.#isOpen = false;
  }

  override offer(): string {
    return this.#write();
  }

  override answer(): string {
    return this.#write();
  }

  override acceptOffer(sdp: string): boolean {
    this.said = sdp;
    return true;
  }

  override acceptAnswer(sdp: string): boolean {
    return this.acceptOffer(sdp);
  }

  /** What the other side said, with an address of ours in it. */
  #write(): string {
    return (this.#other?.said ?? '')
      .replace(/^c=IN IP4 .*$/gm, `c=IN IP4 ${this.#options.address}`)
      .replace(/^m=audio \d+/gm, `m=audio ${String(this.#socket.address().port)}`)
      .replace(/^a=rtcp:.*\r\n/gm, '');
  }

  pass(packet: Buffer): void {
    const address = /^c=IN IP4 (\S+)/m.exec(this.said)?.[1];
    const port = Number(/^m=audio (\d+) /m.exec(this.said)?.[1] ?? 0);
    if (!this.#isOpen || this.isDeaf || address === undefined || port === 0) return;
    this.#socket.send(packet, port, address, () => undefined);
  }
}

/** Of the call that comes in, and of the one that is made for it. */
export function passMedia(options: MediaOptions, deafness: Deafness): readonly [PassedMedia, PassedMedia] {
  const [inside, outside] = [new PassedMedia(options), new PassedMedia(options)];
  inside.passTo(outside);
  outside.passTo(inside);
  inside.isDeaf = deafness === 'toCaller';
  outside.isDeaf = deafness === 'toCalled';
  return [inside, outside];
}
