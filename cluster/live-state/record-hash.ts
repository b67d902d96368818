/**
 * Records of a service address as one hash, a field per record. (Measured against a key per record: reading costs the
 * same, writing a third less, and one command reads or lists an address as it is at one moment, where a SCAN has to
 * look at every key of the database.) Database 0: in databases 1 and 2 rtpengine would take each write for news of a
 * call.
 */
import type { Client, RedisConnection } from './redis-connection.js';
import type { RecordChange } from './unsent-records.js';

export interface StoredRecord {
  readonly key: string;
  readonly record: string;
}

function hashOf(addressId: string): string {
  return `sip:${addressId}`;
}

/** One command for neighbours of the same address and kind: their order is the order of the changes. */
function commandsOf(changes: readonly RecordChange[]): readonly string[][] {
  const commands: string[][] = [];
  let last: string[] = [];
  for (const { addressId, key, record } of changes) {
    const head = [record === undefined ? 'HDEL' : 'HSET', hashOf(addressId)] as const;
    if (last[0] !== head[0] || last[1] !== head[1]) {
      last = [...head];
      commands.push(last);
    }
    last.push(...(record === undefined ? [key] : [key, record]));
  }
  return commands;
}

/**
 * A pipeline of the changes and, when `waitMs` is given, a question to the replicas behind them.
 * @returns how many replicas hold it all; 0 when nobody asked
 */
export async function runExchange(
  client: Client,
  changes: readonly RecordChange[],
  waitMs: number | undefined,
): Promise<number> {
  const writes = commandsOf(changes).map((words) => client.sendCommand(words));
  // Behind the writes: what stands before a WAIT on its connection is what it answers for.
  const [held] = await Promise.all([waitMs === undefined ? 0 : client.wait(1, waitMs), ...writes]);
  return held;
}

/** @throws LIVE_STATE_AWAY */
export async function readRecords(
  connection: RedisConnection,
  addressId: string,
): Promise<readonly StoredRecord[]> {
  const fields = await connection.ask('answer for records', (client) => client.hGetAll(hashOf(addressId)));
  return Object.entries(fields).map(([key, record]) => ({ key, record }));
}

/** @throws LIVE_STATE_AWAY */
export async function listKeys(connection: RedisConnection, addressId: string): Promise<readonly string[]> {
  return connection.ask('list records', (client) => client.hKeys(hashOf(addressId)));
}
