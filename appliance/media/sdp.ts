/**
 * What is read and changed of session descriptions (RFC 8866, RFC 3264); the rest is the relay's. Pure, linear in the
 * length of the text, and nothing a peer writes makes it throw anything but MEDIA_NO_CODEC.
 */
import { mediaErrors } from './errors.js';

/** More is no offer of a telephone. */
const CHARACTERS_MAX = 20_000;
/** In the order in which we choose for a party that is alone: what every trunk speaks first. */
export const CODECS = ['PCMA', 'PCMU', 'G722', 'opus'] as const;
/** Payload types that need no rtpmap (RFC 3551 table 4). */
const STATIC: Readonly<Record<string, string>> = { '0': 'pcmu', '8': 'pcma', '9': 'g722' };
const KEYS = 'telephone-event';

interface Section {
  /** `audio` */
  readonly kind: string;
  readonly port: string;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly lines: readonly string[];
}

interface Description {
  readonly session: readonly string[];
  readonly media: readonly Section[];
}

function readMedia(lines: readonly string[]): Section {
  const [kind = '', port = '0', protocol = '', ...formats] = (lines[0] ?? '').slice(2).trim().split(/ +/);
  return { kind, port, protocol, formats, lines: lines.slice(1) };
}

function parse(sdp: string): Description {
  const lines = sdp
    .slice(0, CHARACTERS_MAX)
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const starts = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
  const media = starts.map((start, index) => readMedia(lines.slice(start, starts[index + 1])));
  return { session: lines.slice(0, starts[0] ?? lines.length), media };
}

/** Lower-case names by payload type. */
function codecsOf({ formats, lines }: Section): ReadonlyMap<string, string> {
  const named = new Map(formats.map((format) => [format, STATIC[format] ?? '']));
  for (const line of lines) {
    const [, format = '', name = '', rate = ''] = /^a=rtpmap:(\d+) +([\w.-]+)\/(\d+)/.exec(line) ?? [];
    // Telephone events of another clock belong to another codec (RFC 4733 2.1).
    if (named.has(format)) named.set(format, `${name}${name === KEYS ? `/${rate}` : ''}`.toLowerCase());
  }
  return named;
}

function findFormat(codecs: ReadonlyMap<string, string>, name: string): string | undefined {
  return [...codecs].find(([, codec]) => codec === name)?.[0];
}

function keepFormats(section: Section, kept: readonly string[]): string {
  const { kind, port, protocol, lines } = section;
  const isOfOther = (line: string): boolean => {
    const format = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /.exec(line)?.[1];
    return format !== undefined && !kept.includes(format);
  };
  const rest = lines.filter((line) => !isOfOther(line));
  return [`m=${kind} ${port} ${protocol} ${kept.join(' ')}`, ...rest].join('\r\n');
}

function findAudio(description: Description): Section | undefined {
  return description.media.find(({ kind, port, protocol }) => {
    return kind === 'audio' && port !== '0' && /^(UDP\/TLS\/)?RTP\/S?AVPF?$/.test(protocol);
  });
}

/**
 * The offer as we accept it: its first audio stream with one codec of ours and the keys that go with it. The same
 * offer gives the same every time, so that whoever joins later finds the codec that was agreed on.
 * @throws MEDIA_NO_CODEC
 */
export function withOneCodec(sdp: string): string {
  const description = parse(sdp);
  const audio = findAudio(description);
  const codecs = audio === undefined ? new Map<string, string>() : codecsOf(audio);
  const format = CODECS.map((codec) => findFormat(codecs, codec.toLowerCase())).find(
    (one) => one !== undefined,
  );
  if (audio === undefined || format === undefined) {
    const offered = [...codecs.values()].filter((name) => name !== '').join(', ');
    throw mediaErrors.MEDIA_NO_CODEC({ offered: offered === '' ? 'nothing that we know' : offered });
  }
  const rate = codecs.get(format) === 'opus' ? '48000' : '8000';
  const keys = findFormat(codecs, `${KEYS}/${rate}`);
  const kept = keys === undefined ? [format] : [format, keys];
  return `${[...description.session, keepFormats(audio, kept)].join('\r\n')}\r\n`;
}

/**
 * An answer for a party that nobody is behind: of one codec, to the discard port of this machine (RFC 863). With
 * 0.0.0.0 the relay would tell the party that it is on hold (measured).
 */
export function answerOfNobody(offer: string): string {
  const audio = findAudio(parse(offer));
  const maps = audio?.lines.filter((line) => /^a=(rtpmap|fmtp):/.test(line)) ?? [];
  return descriptionOfNobody(audio?.formats ?? ['0'], maps);
}

/** The same as an offer, for a party that is called before anybody is behind it. */
export const OFFER_OF_NOBODY = descriptionOfNobody(
  ['8', '101'],
  ['a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000'],
);

function descriptionOfNobody(formats: readonly string[], maps: readonly string[]): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio 9 RTP/AVP ${formats.join(' ')}`,
    ...maps,
    'a=sendrecv',
    '',
  ].join('\r\n');
}

/** Of an offer: the party is not to hear the other (RFC 3264 8.4; `0.0.0.0` is the old way). */
export function isHold(sdp: string): boolean {
  const { session, media } = parse(sdp);
  const audio = media.find(({ kind }) => kind === 'audio');
  const lines = [...session, ...(audio?.lines ?? [])];
  // What the stream says goes before what the session says.
  const direction = lines.filter((line) => /^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line)).pop();
  const isNowhere = lines.some((line) => line.startsWith('c=IN IP4 0.0.0.0'));
  return isNowhere || direction === 'a=sendonly' || direction === 'a=inactive';
}

/**
 * The answer as it has to look for who offered: a line for each of its streams, those we do not take with port 0
 * (RFC 3264 6), and the direction that fits.
 */
export function completeAnswer(answer: string, offer: string): string {
  const offered = parse(offer);
  const audio = findAudio(offered);
  const { session, media } = parse(answer);
  const ours = media[0];
  if (ours === undefined || audio === undefined) return answer;
  const direction = answerDirection(offered, audio);
  const lines = ours.lines.filter((line) => !/^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line));
  const head = `m=${ours.kind} ${ours.port} ${ours.protocol} ${ours.formats.join(' ')}`;
  const accepted = [head, ...lines, `a=${direction}`].join('\r\n');
  const sections = offered.media.map((section) =>
    section === audio ? accepted : `m=${section.kind} 0 ${section.protocol} ${section.formats.join(' ')}`,
  );
  return `${[...session, ...sections].join('\r\n')}\r\n`;
}

function answerDirection({ session }: Description, { lines }: Section): string {
  const all = [...session, ...lines];
  const said = all.filter((line) => /^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line)).pop();
  if (said === 'a=sendonly') return 'recvonly';
  if (said === 'a=recvonly') return 'sendonly';
  return said === 'a=inactive' ? 'inactive' : 'sendrecv';
}

/** Whether a party wants its RTP encrypted. */
export function profileOf(sdp: string): 'rtp' | 'srtp' {
  return findAudio(parse(sdp))?.protocol.includes('SAVP') === true ? 'srtp' : 'rtp';
}

/** Of what a party offers or answers: a key for each packet, but no encryption (RFC 3711 4.2.4, 5.1). */
export function hasNullCipher(sdp: string): boolean {
  return /^a=crypto:\d+ +NULL_/m.test(sdp.slice(0, CHARACTERS_MAX));
}
