/** Who answers for an address, asked on the link itself, where two owners of one address show. */
import type { Box } from '../../../ops/lab/box.js';

/** How many network cards answer a broadcast question of the phones for the address. */
export async function countAnswerers(box: Box, address: string): Promise<number> {
  // Two questions a second apart; it ends with 0 when both were answered in time.
  const words = ['arping', '-b', '-c', '2', '-w', '3', '-I', 'eth0', address];
  const output = await box.runIn('phones', words);
  return new Set([...output.matchAll(/\[([0-9A-F:]{17})\]/g)].map((match) => match[1])).size;
}
