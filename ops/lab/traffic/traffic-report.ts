/** What has come of the calls, as lines for a terminal. Pure. */

export interface SeatLine {
  readonly node: string;
  readonly extension: string;
  readonly state: string;
  readonly isReachable: boolean;
}

export interface TrafficReport {
  readonly waiting: number;
  readonly talking: number;
  readonly ended: number;
  readonly gaveUp: number;
  /** Refused, or cut off while somebody talked. */
  readonly failed: number;
  readonly transferred: number;
  /** From the INVITE to the first sound of a person, of all that were answered. */
  readonly waitsMs: readonly number[];
  readonly emergencyWaitsMs: readonly number[];
  readonly seats: readonly SeatLine[];
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`;
}

/** Nearest rank. */
function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

const SHORT: Readonly<Record<string, string>> = {
  loggedOut: 'out',
  ready: 'ready',
  notReady: 'not ready',
  talking: 'TALKING',
  wrapUp: 'wrap-up',
};

function seatRow(seats: readonly SeatLine[], node: string): string {
  const cells = seats
    .filter((seat) => seat.node === node)
    .map(({ extension, state, isReachable }) => {
      const shown = isReachable ? (SHORT[state] ?? state) : 'no phone';
      return `${extension} ${shown.padEnd(9)}`;
    });
  return `  at ${node}  ${cells.join(' ')}`.trimEnd();
}

export function renderTraffic(report: TrafficReport): readonly string[] {
  const { waiting, talking, ended, gaveUp, failed, transferred, waitsMs, emergencyWaitsMs, seats } = report;
  const nodes = [...new Set(seats.map(({ node }) => node))];
  const counts = [
    `${String(waiting)} waiting`,
    `${String(talking)} talking`,
    `${String(ended)} ended`,
    `${String(transferred)} transferred`,
    `${String(gaveUp)} gave up`,
    `${String(failed)} failed`,
  ];
  return [
    `  calls       ${counts.join(', ')}`,
    `  answered    ${String(waitsMs.length)}: half within ${seconds(percentile(waitsMs, 0.5))}, the longest after ${seconds(percentile(waitsMs, 1))}`,
    `  emergency   ${String(emergencyWaitsMs.length)}: half within ${seconds(percentile(emergencyWaitsMs, 0.5))}, the longest after ${seconds(percentile(emergencyWaitsMs, 1))}`,
    ...nodes.map((node) => seatRow(seats, node)),
  ];
}
