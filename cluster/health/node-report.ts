/** The report of this node for its panel: a file on tmpfs, replaced as a whole, so that no reader meets half of it. */
import { rename, writeFile } from 'node:fs/promises';
import type { DaemonHealth } from './daemon-probe.js';

export interface ReportedAddress {
  readonly address: string;
  /** This node answers on it now. */
  readonly isHeld: boolean;
}

export interface NodeReport {
  readonly sentence: string;
  readonly daemons: readonly DaemonHealth[];
  readonly serviceAddresses: readonly ReportedAddress[];
}

function listed(words: readonly string[]): string {
  return words.join(' and ');
}

/** One sentence for people, worst news first. */
export function describeNode(
  daemons: readonly DaemonHealth[],
  addresses: readonly ReportedAddress[],
  alarms: readonly string[] = [],
): string {
  const down = daemons.filter(({ state }) => state === 'down').map(({ name }) => name);
  const starting = daemons
    .filter(({ state }) => state === 'starting')
    .map(({ name, detail }) => `${name} ${detail}`);
  const held = addresses.filter(({ isHeld }) => isHeld).map(({ address }) => address);
  const holds = held.length === 0 ? 'holds no service address' : `holds ${listed(held)}`;
  const troubles = [...alarms, ...(down.length > 0 ? [`down: ${listed(down)}`] : [])];
  if (troubles.length > 0) return `${holds}; ${troubles.join('; ')}`;
  if (starting.length > 0) return `${holds}; ${listed(starting)}`;
  return `${holds}; every daemon answers`;
}

/** @throws the system's error, when the folder is full or gone */
export async function writeNodeReport(path: string, report: NodeReport): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(report));
  await rename(`${path}.new`, path);
}
