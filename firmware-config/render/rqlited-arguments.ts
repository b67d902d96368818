/** Arguments of rqlited. Pure. */
import { getNode, type Site } from '../site-nodes.js';
import type { NodeDocument } from '../schema/node.js';

/** From 10 on the heartbeat flag has a name of its own (rqlite's documentation of its flags). */
const HEARTBEAT_RENAMED_IN = 10;

export function rqlitedArguments(site: Site, node: NodeDocument): readonly string[] {
  const { rqliteHttp, rqliteRaft } = site.ports;
  const { address } = getNode(site, node.nodeId);
  const heartbeatFlag =
    node.rqlitedMajor >= HEARTBEAT_RENAMED_IN ? '-raft-heartbeat-timeout' : '-raft-timeout';
  const voters = site.nodes.map((voter) => `${voter.address}:${String(rqliteRaft)}`);
  return [
    '-node-id',
    node.nodeId,
    '-http-addr',
    `${address}:${String(rqliteHttp)}`,
    '-raft-addr',
    `${address}:${String(rqliteRaft)}`,
    // The same on every voter, DR too: a voter with longer timers keeps a dead leader in office (measured: 2.6-4.1 s).
    heartbeatFlag,
    `${String(site.raft.heartbeatTimeoutMs)}ms`,
    '-raft-election-timeout',
    `${String(site.raft.electionTimeoutMs)}ms`,
    '-raft-leader-lease-timeout',
    `${String(site.raft.leaderLeaseMs)}ms`,
    '-bootstrap-expect',
    String(voters.length),
    '-join',
    voters.join(','),
    `${node.paths.data}/rqlite`,
  ];
}
