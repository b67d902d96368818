/** What ss and arping print, as facts. Pure. */
import type { ArpAnswer, HeldPort } from './world-facts.js';

/** `127.0.0.53%lo` -> `127.0.0.53`; every spelling of "all addresses" -> `*` */
function plainAddress(text: string): string {
  const address = text.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  return ['0.0.0.0', '::', '*'].includes(address) ? '*' : address.replace(/^::ffff:/, '');
}

/**
 * @param output of `ss -Hlntup`, such as
 *     tcp LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=12,fd=6))
 */
export function parseSockets(output: string): readonly HeldPort[] {
  return output.split('\n').flatMap((line): HeldPort[] => {
    const match = /^(tcp|udp)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s/.exec(`${line} `);
    if (match === null) return [];
    const [, protocol, address = '', port] = match;
    const [, program = '', pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(line) ?? [];
    return [
      {
        protocol: protocol === 'udp' ? 'udp' : 'tcp',
        address: plainAddress(address),
        port: Number(port),
        program,
        ...(pid === undefined ? {} : { pid: Number(pid) }),
      },
    ];
  });
}

/** @param output of arping, such as `Unicast reply from 10.77.0.11 [02:42:0A:4D:00:02]  0.6ms` */
export function parseArpAnswers(output: string): readonly ArpAnswer[] {
  const matches = output.matchAll(/reply from (\S+) \[([0-9A-Fa-f:]+)\]/g);
  return [...matches].map(([, address = '', mac = '']) => ({ address, mac: mac.toLowerCase() }));
}

/** @param text of /proc/PID/cgroup. @returns the unit that systemd started the process for, if it did */
export function parseUnit(text: string): string | undefined {
  return /\/([^/\n]+\.service)(?:\/|$)/m.exec(text)?.[1];
}
