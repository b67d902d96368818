/** Session descriptions of a user agent of the laboratory: one audio stream, G.711, RTP or SDES-SRTP. Pure. */
import type { Codec } from '../../../cluster/base/tone.js';
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
/** Of telephone events, as desk phones number them. */
export const KEY_TYPE = 101;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface OwnMedia {
  readonly address: string;
  readonly port: number;
  readonly codecs: readonly OfferedCodec[];
  readonly version: number;
  readonly direction: Direction;
  /** Undefined: RTP. */
  readonly key: Buffer | undefined;
  /** Of telephone events; undefined: the other side has none. */
  readonly keyType: number | undefined;
  /** Of the crypto line that is answered. */
  readonly cryptoTag: string;
}

export function writeSdp(own: OwnMedia): string {
  const { address, port, codecs, version, direction, key, keyType, cryptoTag } = own;
  const types = [...codecs.map((codec) => CODECS[codec].type), ...(keyType === undefined ? [] : [keyType])];
  const protocol = key === undefined ? 'RTP/AVP' : 'RTP/SAVP';
  const lines = [
    'v=0',
    `o=- 1 ${String(version)} IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${String(port)} ${protocol} ${types.join(' ')}`,
    ...codecs.map((codec) => `a=rtpmap:${String(CODECS[codec].type)} ${CODECS[codec].map}`),
    ...(keyType === undefined ? [] : keyLines(String(keyType))),
    ...(key === undefined ? [] : [`a=crypto:${cryptoTag} ${SUITE} inline:${key.toString('base64')}`]),
    `a=${direction}`,
    '',
  ];
  return lines.join('\r\n');
}

function keyLines(type: string): readonly string[] {
  return [`a=rtpmap:${type} telephone-event/8000`, `a=fmtp:${type} 0-15`];
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

/** The line of the stream, else that of the session (RFC 8866 5.7, 6.7). */
function findIn(section: string, session: string, pattern: RegExp): string | undefined {
  return (pattern.exec(section) ?? pattern.exec(session))?.[1];
}

function readCrypto(section: string): { readonly key: Buffer | undefined; readonly cryptoTag: string } {
  const line = new RegExp(`^a=crypto:(\\d+) ${SUITE} inline:([A-Za-z0-9+/=]+)`, 'm').exec(section);
  const bytes = Buffer.from(line?.[2] ?? '', 'base64').subarray(0, MASTER_BYTES);
  return { key: bytes.length === MASTER_BYTES ? bytes : undefined, cryptoTag: line?.[1] ?? '1' };
}

/** @returns undefined when there is no audio in it that could be sent anywhere */
export function readSdp(sdp: string): TheirMedia | undefined {
  const audio = /^m=audio (\d{1,5}) (\S+) ([\d ]+)/m.exec(sdp);
  if (audio === null || Number(audio[1]) > 65_535) return undefined;
  const [, port, protocol = '', formats = ''] = audio;
  const session = sdp.slice(0, audio.index);
  const [section = ''] = sdp.slice(audio.index).split(/\r?\n(?=m=)/);
  const types = formats.trim().split(/ +/);
  const keyType = /^a=rtpmap:(\d+) telephone-event\/8000/m.exec(section)?.[1];
  const direction = findIn(section, session, /^a=(sendrecv|sendonly|recvonly|inactive)/m);
  return {
    address: findIn(section, session, /^c=IN IP4 (\S+)/m) ?? '0.0.0.0',
    port: Number(port),
    codecs: types.flatMap((type) => findCodec(type, section) ?? []),
    keyType: keyType === undefined ? undefined : Number(keyType),
    direction: (direction ?? 'sendrecv') as Direction,
    isSecure: protocol.includes('SAVP'),
    ...readCrypto(section),
  };
}

/** What is answered to a direction (RFC 3264 6.1). */
export function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}
