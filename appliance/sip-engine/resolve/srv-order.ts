/** In which order the servers of a service are tried (RFC 2782, "Usage rules" and the algorithm under "Weight"). */
import type { Rng } from '../../../cluster/base/rng.js';

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Draws one by its weight and takes it out of the list; those of weight 0 come first in the running sum. */
function draw(records: SrvRecord[], rng: Rng): SrvRecord {
  const total = records.reduce((sum, { weight }) => sum + weight, 0);
  let left = rng.integer(0, total);
  const found = records.findIndex(({ weight }) => (left -= weight) <= 0);
  return records.splice(Math.max(0, found), 1)[0] as SrvRecord;
}

function byWeight(records: readonly SrvRecord[], rng: Rng): SrvRecord[] {
  const left = [...records].sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  const ordered: SrvRecord[] = [];
  while (left.length > 0) ordered.push(draw(left, rng));
  return ordered;
}

/** Lowest priority first; within one, drawn by weight. */
export function orderServers(records: readonly SrvRecord[], rng: Rng): readonly SrvRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    byWeight(
      records.filter((record) => record.priority === priority),
      rng,
    ),
  );
}
