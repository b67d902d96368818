/** What the page shows, as one value: made here, shown by page.ts, answered by /api/status. Pure. */
import type { DaemonStatus, NodeStatus, ServiceAddressStatus } from './status-source.js';

/** The node that answers. */
export interface PanelNode {
  readonly id: string;
  readonly place: string;
  /** Its own address, which never moves. */
  readonly address: string;
  readonly serviceAddress?: string;
}

export interface PanelStatus {
  readonly node: PanelNode;
  /** When this was made, ISO 8601. */
  readonly time: string;
  /** The node whose home the address is that was asked; undefined for an address that never moves. */
  readonly home?: string;
  /**
   * home: the address is served by its own node. away: a partner has taken it over. direct: asked on an address
   * that never moves. unknown: the node has not reported.
   */
  readonly light: 'home' | 'away' | 'direct' | 'unknown';
  readonly report: {
    readonly state: NodeStatus['state'];
    /** ISO 8601; undefined when there never was one. */
    readonly since?: string;
    readonly sentence?: string;
    readonly daemons: readonly DaemonStatus[];
    readonly serviceAddresses: readonly ServiceAddressStatus[];
  };
}

export interface PanelSituation {
  readonly node: PanelNode;
  readonly status: NodeStatus;
  /** The address on which the request arrived. */
  readonly askedAddress: string | undefined;
  /** Service address to the id of its home node. */
  readonly homes: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

function decideLight(situation: PanelSituation, home: string | undefined): PanelStatus['light'] {
  if (situation.status.state !== 'fresh') return 'unknown';
  if (home === undefined) return 'direct';
  return home === situation.node.id ? 'home' : 'away';
}

function describeReport(status: NodeStatus): PanelStatus['report'] {
  if (status.state === 'absent') return { state: 'absent', daemons: [], serviceAddresses: [] };
  const since = new Date(status.reportedAtMs).toISOString();
  if (status.state === 'stale') return { state: 'stale', since, daemons: [], serviceAddresses: [] };
  return { state: 'fresh', since, ...status.report };
}

export function describePanel(situation: PanelSituation): PanelStatus {
  const { node, askedAddress, homes, nowMs } = situation;
  const home = askedAddress === undefined ? undefined : homes.get(askedAddress);
  return {
    node,
    time: new Date(nowMs).toISOString(),
    ...(home === undefined ? {} : { home }),
    light: decideLight(situation, home),
    report: describeReport(situation.status),
  };
}
