/** What a Redis of this node says of itself, for the health of the node. */
import type { DaemonProbe } from '../health/daemon-probe.js';
import type { RedisConnection } from './redis-connection.js';

/** Reads the answer of INFO: one `field:value` per line. */
export function parseRedisInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    }),
  );
}

/** The own master: up, and whether the partner follows it. */
export function redisOwnProbe(connection: RedisConnection): DaemonProbe {
  return {
    name: 'redis-own',
    ask: async () => {
      const info = parseRedisInfo(
        await connection.ask('answer INFO', (client) => client.info('replication')),
      );
      const followers = Number(info.get('connected_slaves') ?? 0);
      return { state: 'up', detail: followers > 0 ? 'partner follows' : 'nobody follows' };
    },
  };
}

/** The replica of the partner: up only when it is in step. */
export function redisPartnerProbe(connection: RedisConnection): DaemonProbe {
  return {
    name: 'redis-partner',
    ask: async () => {
      const info = parseRedisInfo(
        await connection.ask('answer INFO', (client) => client.info('replication')),
      );
      const of = info.get('master_host') ?? 'nobody';
      const isInSync = info.get('master_link_status') === 'up' && info.get('master_sync_in_progress') === '0';
      return isInSync
        ? { state: 'up', detail: `in sync with ${of}` }
        : { state: 'starting', detail: `cannot reach ${of}, keeps what it had` };
    },
  };
}
