/**
 * Asks a Redis of this machine how its replication is, without a client: an inline request and one bulk answer (RESP2),
 * so that the look at a frozen Redis costs one deadline and leaves no connection behind.
 */
import { createConnection } from 'node:net';
import type { Clock } from '../../../cluster/base/clock.js';
import { parseRedisInfo } from '../../../cluster/live-state/redis-probe.js';

export type RedisReplication =
  | {
      readonly role: 'master';
      readonly followers: number;
      /** Since the slowest follower has confirmed what it has, and what it had not; undefined without a follower. */
      readonly behindSeconds?: number;
      readonly behindBytes?: number;
    }
  | {
      readonly role: 'replica';
      readonly of: string;
      readonly isLinkUp: boolean;
      /** Since the master was heard last; undefined while the link is down. */
      readonly heardSecondsAgo?: number;
    };

/** Answer of INFO without a bulk header is at most a few kilobytes. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** @returns the answer once it is complete. Pure. */
export function parseBulk(text: string): string | undefined {
  const header = /^\$(\d+)\r\n/.exec(text);
  if (header === null) return undefined;
  const start = header[0].length;
  const length = Number(header[1]);
  return text.length >= start + length ? text.slice(start, start + length) : undefined;
}

/** `slave0:ip=10.77.0.2,port=6380,state=online,offset=42,lag=0` for each follower. Pure. */
export function describeReplication(infoText: string): RedisReplication {
  const info = parseRedisInfo(infoText);
  if (info.get('role') !== 'master') {
    const heard = Number(info.get('master_last_io_seconds_ago') ?? -1);
    return {
      role: 'replica',
      of: info.get('master_host') ?? 'nobody',
      isLinkUp: info.get('master_link_status') === 'up',
      ...(heard < 0 ? {} : { heardSecondsAgo: heard }),
    };
  }
  const offset = Number(info.get('master_repl_offset') ?? 0);
  const confirmed = [...info].flatMap(([key, value]) => {
    const [, at, lag] = /offset=(\d+),lag=(\d+)/.exec(/^slave\d+$/.test(key) ? value : '') ?? [];
    return at === undefined ? [] : [{ bytes: offset - Number(at), seconds: Number(lag) }];
  });
  const followers = Number(info.get('connected_slaves') ?? 0);
  if (confirmed.length === 0) return { role: 'master', followers };
  const behindSeconds = Math.max(...confirmed.map(({ seconds }) => seconds));
  const behindBytes = Math.max(...confirmed.map(({ bytes }) => bytes));
  return { role: 'master', followers, behindSeconds, behindBytes };
}

/** @throws Error when it does not answer in time */
export function askReplication(port: number, deadlineMs: number, clock: Clock): Promise<RedisReplication> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let text = '';
    const finish = (settle: () => void): void => {
      timer.cancel();
      socket.destroy();
      settle();
    };
    const fail = (problem: string): void => {
      finish(() => {
        reject(new Error(problem));
      });
    };
    const timer = clock.schedule(deadlineMs, () => {
      fail('no answer');
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      const bulk = parseBulk(text);
      if (bulk !== undefined)
        finish(() => {
          resolve(describeReplication(bulk));
        });
      else if (text.length > ANSWER_BYTES_MAX) fail('the answer is too long');
    });
    socket.on('error', (error) => {
      fail(error.message);
    });
    socket.on('close', () => {
      fail('the connection was closed');
    });
    socket.write('INFO replication\r\n');
  });
}
