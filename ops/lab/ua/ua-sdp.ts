/** Session descriptions of a user agent of the laboratory: one audio stream, G.711, RTP or SDES-SRTP. Pure. */
import type { Codec } from './tone.js';
import { MASTER_BYTES, SUITE } from './srtp.js';

/** What may be offered. G.722 and Opus are only names here: a call that ends up with them stays silent. */
export type OfferedCodec = Codec | 'G722' | 'opus';

/** RFC 3551 table 4; G.722 is written with 8000 although it has 16000 (4.5.2). */
const CODECS: Readonly<Record<OfferedCodec, { readonly type: number; readonly map: string }>> = {
  PCMU: { type: 0, map: 'PCMU/8000' },
  PCMA: { type: 8, map: 'PCMA/8000' },
  G722: { type: 9, map: 'G722/8000' },
  opus: { type: 96, map: 'opus/48000/2' },
};
const KEY_TYPE = 101;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface OwnMedia {
  readonly address: string;
  readonly port: number;
  readonly codecs: readonly OfferedCodec[];
  readonly version: number;
  readonly direction: Direction;
  /** Undefined: RTP. */
  readonly key: Buffer | undefined;
  /** Of the crypto line that is answered. */
  readonly cryptoTag: string;
}

export function writeSdp({ address, port, codecs, version, direction, key, cryptoTag }: OwnMedia): string {
  const types = codecs.map((codec) => String(CODECS[codec].type));
  const lines = [
    'v=0',
    `o=- 1 ${String(version)} IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${String(port)} ${key === undefined ? 'RTP/AVP' : 'RTP/SAVP'} ${types.join(' ')} ${String(KEY_TYPE)}`,
    ...codecs.map((codec) => `a=rtpmap:${String(CODECS[codec].type)} ${CODECS[codec].map}`),
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
  readonly codecs: readonly OfferedCodec[];
  readonly keyType: number | undefined;
  readonly direction: Direction;
  readonly isSecure: boolean;
  readonly key: Buffer | undefined;
  readonly cryptoTag: string;
}

const NAMES: Readonly<Record<string, OfferedCodec>> = {
  'pcmu/8000': 'PCMU',
  'pcma/8000': 'PCMA',
  'g722/8000': 'G722',
  'opus/48000/2': 'opus',
};

/** Of a payload type: a static one needs no map (RFC 3551 6). */
function findCodec(type: string, section: string): OfferedCodec | undefined {
  const map = new RegExp(`^a=rtpmap:${type} (\\S+)`, 'm').exec(section)?.[1];
  if (map !== undefined) return NAMES[map.toLowerCase()];
  return (['PCMU', 'PCMA', 'G722'] as const).find((name) => String(CODECS[name].type) === type);
}

/** Without G.722 and Opus. */
export function isSpoken(codec: OfferedCodec): codec is Codec {
  return codec === 'PCMU' || codec === 'PCMA';
}

/** @returns undefined when there is no audio in it */
export function readSdp(sdp: string): TheirMedia | undefined {
  const audio = /^m=audio (\d{1,5}) (\S+) ([\d ]+)/m.exec(sdp);
  if (audio === null) return undefined;
  const [, port = '0', protocol = '', formats = ''] = audio;
  const [section = ''] = sdp.slice(audio.index).split(/\r?\n(?=m=)/);
  const address = /^c=IN IP4 (\S+)/m.exec(section)?.[1] ?? /^c=IN IP4 (\S+)/m.exec(sdp)?.[1] ?? '0.0.0.0';
  const types = formats.trim().split(/ +/);
  const codecs = types.flatMap((type) => findCodec(type, section) ?? []);
  const keyType = /^a=rtpmap:(\d+) telephone-event\/8000/m.exec(section)?.[1];
  const direction = (/^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(section) ??
    /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(sdp.slice(0, audio.index)))?.[1];
  const crypto = new RegExp(`^a=crypto:(\\d+) ${SUITE} inline:([A-Za-z0-9+/=]+)`, 'm').exec(section);
  const bytes = Buffer.from(crypto?.[2] ?? '', 'base64').subarray(0, MASTER_BYTES);
  const key = bytes.length === MASTER_BYTES ? bytes : undefined;
  return {
    ...{ address, port: Number(port), codecs, key, cryptoTag: crypto?.[1] ?? '1' },
    keyType: keyType === undefined ? undefined : Number(keyType),
    direction: (direction ?? 'sendrecv') as Direction,
    isSecure: protocol.includes('SAVP'),
  };
}

/** What is answered to a direction (RFC 3264 6.1). */
export function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}
