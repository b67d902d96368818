/** Session descriptions of a user agent of the laboratory: one audio stream, G.711, RTP or SDES-SRTP. Pure. */
import type { Codec } from './tone.js';
import { MASTER_BYTES, SUITE } from './srtp.js';

const TYPES: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8 };
const KEY_TYPE = 101;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface OwnMedia {
  readonly address: string;
  readonly port: number;
  readonly codecs: readonly Codec[];
  readonly version: number;
  readonly direction: Direction;
  /** Undefined: RTP. */
  readonly key: Buffer | undefined;
  /** Of the crypto line that is answered. */
  readonly cryptoTag: string;
}

export function writeSdp({ address, port, codecs, version, direction, key, cryptoTag }: OwnMedia): string {
  const types = codecs.map((codec) => String(TYPES[codec]));
  const lines = [
    'v=0',
    `o=- 1 ${String(version)} IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${String(port)} ${key === undefined ? 'RTP/AVP' : 'RTP/SAVP'} ${types.join(' ')} ${String(KEY_TYPE)}`,
    ...codecs.map((codec) => `a=rtpmap:${String(TYPES[codec])} ${codec}/8000`),
    `a=rtpmap:${String(KEY_TYPE)} telephone-event/8000`,
    `a=fmtp:${String(KEY_TYPE)} 0-15`,
    ...(key === undefined ? [] : [`a=crypto:${cryptoTag} ${SUITE} inline:${key.toString('base64')}`]),
    `a=${direction}`,
    '',
  ];
  return lines.join('\r\n');
}

export interface TheirMedia {
  readonly address: string;
  readonly port: number;
  /** Of ours, in their order. */
  readonly codecs: readonly Codec[];
  readonly keyType: number | undefined;
  readonly direction: Direction;
  readonly isSecure: boolean;
  readonly key: Buffer | undefined;
  readonly cryptoTag: string;
}

/** @returns undefined when there is no audio in it */
export function readSdp(sdp: string): TheirMedia | undefined {
  const audio = /^m=audio (\d+) (\S+) ([\d ]+)/m.exec(sdp);
  if (audio === null) return undefined;
  const [, port = '0', protocol = '', formats = ''] = audio;
  const section = sdp.slice(audio.index);
  const address = /^c=IN IP4 (\S+)/m.exec(section)?.[1] ?? /^c=IN IP4 (\S+)/m.exec(sdp)?.[1] ?? '0.0.0.0';
  const types = formats.trim().split(/ +/);
  const codecs = types.flatMap((type): Codec[] => (type === '0' ? ['PCMU'] : type === '8' ? ['PCMA'] : []));
  const keyType = /^a=rtpmap:(\d+) telephone-event\/8000/m.exec(section)?.[1];
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(section)?.[1] ?? 'sendrecv';
  const crypto = new RegExp(`^a=crypto:(\\d+) ${SUITE} inline:([A-Za-z0-9+/=]+)`, 'm').exec(section);
  const key =
    crypto?.[2] === undefined ? undefined : Buffer.from(crypto[2], 'base64').subarray(0, MASTER_BYTES);
  return {
    ...{ address, port: Number(port), codecs, key, cryptoTag: crypto?.[1] ?? '1' },
    keyType: keyType === undefined ? undefined : Number(keyType),
    direction: direction as Direction,
    isSecure: protocol.includes('SAVP'),
  };
}

/** What is answered to a direction (RFC 3264 6.1). */
export function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}
