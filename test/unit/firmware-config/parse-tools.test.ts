import { parseArpAnswers, parseSockets, parseUnit } from '../../../firmware-config/check/parse-tools.js';
import { assert, spec } from '../../support/spec.js';

const SOCKETS = `udp UNCONN 0      0      127.0.0.53%lo:53   0.0.0.0:* users:(("systemd-resolve",pid=9,fd=13))
udp UNCONN 0      0            [::1]:323  [::]:*
tcp LISTEN 0      511          0.0.0.0:6379 0.0.0.0:* users:(("redis-server",pid=12,fd=6),("redis-server",pid=13,fd=6))
tcp LISTEN 0      511 [::ffff:10.77.0.1]:80       *:* users:(("node",pid=14,fd=18))
tcp LISTEN 0      511                *:443      *:*
`;

spec('what ss and arping print', (it) => {
  it('sockets are read with their holders, every address being "*"', () => {
    assert.equal(parseSockets(SOCKETS), [
      { protocol: 'udp', address: '127.0.0.53', port: 53, program: 'systemd-resolve', pid: 9 },
      { protocol: 'udp', address: '::1', port: 323, program: '' },
      { protocol: 'tcp', address: '*', port: 6379, program: 'redis-server', pid: 12 },
      { protocol: 'tcp', address: '10.77.0.1', port: 80, program: 'node', pid: 14 },
      { protocol: 'tcp', address: '*', port: 443, program: '' },
    ]);
    assert.equal(parseSockets(''), []);
  });

  it('answers by ARP are read with the network card', () => {
    const output =
      'ARPING 10.77.0.11 from 0.0.0.0 eth0\n' +
      'Unicast reply from 10.77.0.11 [02:42:0A:4D:00:0B]  0.689ms\nSent 1 probes\n';
    assert.equal(parseArpAnswers(output), [{ address: '10.77.0.11', mac: '02:42:0a:4d:00:0b' }]);
    assert.equal(parseArpAnswers('Received 0 response(s)\n'), []);
  });

  it('the unit of a process is the last service of its control group', () => {
    assert.is(parseUnit('0::/system.slice/wardline-node.service\n'), 'wardline-node.service');
    assert.is(parseUnit('0::/system.slice/system-x.slice/redis@1.service/worker\n'), 'redis@1.service');
    assert.is(parseUnit('9:name=systemd:/\n0::/user.slice/session-1.scope\n'), undefined);
  });
});
