/** What rtpengine's answer to `query` says about each leg. Pure. */
import type { LegQuality, MediaStatistics } from '../call/media-port.js';

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** rtpengine gives MOS times ten, jitter in ms, round trips in microseconds. */
function qualityOf(ssrc: unknown): LegQuality | undefined {
  const average = fields(fields(ssrc)['average MOS']);
  const { MOS, jitter, 'round-trip time': roundTrip, 'packet loss': loss } = average;
  if (typeof MOS !== 'number') return undefined;
  return {
    mos: MOS / 10,
    jitterMs: count(jitter),
    roundTripMs: count(roundTrip) / 1000,
    lossPercent: count(loss),
  };
}

export function readStatistics(answer: Fields): MediaStatistics {
  const bySsrc = fields(answer['SSRC']);
  const legs = Object.entries(fields(answer['tags'])).map(([tag, told]) => {
    const streams = list(fields(told)['medias']).flatMap((media) => list(media['streams']));
    const packets = streams
      .filter((stream) => Array.isArray(stream['flags']) && stream['flags'].includes('RTP'))
      .reduce((sum, stream) => sum + count(fields(stream['stats'])['packets']), 0);
    const ssrc = streams.map((stream) => stream['SSRC']).find((one) => typeof one === 'number');
    return [tag, { packets, quality: qualityOf(bySsrc[String(ssrc)]) }] as const;
  });
  return Object.fromEntries(legs);
}
