/** The check of the world, on a real machine: this one, seen from a network namespace whose every fault is known. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import { systemRng } from '../../cluster/base/rng.js';
import { readWorldFacts } from '../../firmware-config/check/read-world-facts.js';
import { exampleRouting } from '../../firmware-config/defaults/example-routing.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { exampleTelephony } from '../../firmware-config/defaults/example-telephony.js';
import { parseNode } from '../../firmware-config/parse-node.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { diesWithParent, inNamespace, run } from '../../ops/lab/shell.js';
import { projectRoot } from '../support/project-files.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const prefix = `wl-chk${String(systemRng().integer(0, 999_999))}`;
const nodeSpace = `${prefix}-node`;
const lanSpace = `${prefix}-lan`;
const PROGRAM = `${projectRoot}/dist/firmware-config/check/check-main.js`;

const inNode = (...command: string[]): Promise<string> => run(inNamespace(nodeSpace, command), { clock });
const inLan = (...command: string[]): Promise<string> => run(inNamespace(lanSpace, command), { clock });

/** Node a, and a LAN whose one other machine has a network card of its own. */
async function openNamespaces(): Promise<void> {
  for (const namespace of [nodeSpace, lanSpace]) await run(['ip', 'netns', 'add', namespace], { clock });
  await inNode('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', lanSpace);
  for (const inSpace of [inNode, inLan]) await inSpace('ip', 'link', 'set', 'eth0', 'up');
  await inNode('ip', 'link', 'set', 'lo', 'up');
  await inNode('ip', 'address', 'add', '10.77.0.1/24', 'dev', 'eth0');
}

async function closeNamespaces(): Promise<void> {
  for (const namespace of [nodeSpace, lanSpace]) {
    await run(['ip', 'netns', 'delete', namespace], { clock }).catch(() => undefined);
  }
}

interface Outcome {
  readonly status: string;
  readonly lines: readonly string[];
}

/** Runs the program on node a, with both folders where the test wants them. */
async function check(t: TestContext, ...more: string[]): Promise<Outcome & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'wardline-check-'));
  t.defer(() => rm(folder, { recursive: true }));
  const [site, node] = [join(folder, 'site.json'), join(folder, 'node.json')];
  await writeFile(site, JSON.stringify(exampleSite()));
  await writeFile(join(folder, 'telephony.json'), JSON.stringify(exampleTelephony()));
  await writeFile(join(folder, 'routing.json'), JSON.stringify(exampleRouting));
  const paths = { data: join(folder, 'data'), run: '/dev/shm' };
  await writeFile(node, JSON.stringify({ version: 1, nodeId: 'a', paths }));
  // Its exit status is part of its answer, so the last line is that.
  const script = '"$@"; echo "status $?"';
  const words = more.map((word) => word.replace('FOLDER', folder));
  const output = await inNode('sh', '-c', script, 'sh', process.execPath, PROGRAM, site, node, ...words);
  const lines = output.trimEnd().split('\n');
  return { folder, status: lines.pop() ?? '', lines };
}

/** What a test finds beside what this machine has of its own, such as swap or little memory. */
function ofTheNetwork({ lines }: Outcome): readonly string[] {
  return lines.filter((line) => /^(?:site\.|node\.interface|machine\.network)/.test(line));
}

async function holdPort(t: TestContext, listener: string, port: number): Promise<void> {
  const [program, ...args] = diesWithParent(
    inNamespace(nodeSpace, ['socat', '-u', listener, 'OPEN:/dev/null']),
  );
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await waitFor('the port is held', async () => {
    const listing = await inNode('ss', '-Hltun', `sport = :${String(port)}`);
    return listing !== '' || notYet(listing);
  });
}

spec('the check of the world on a real machine', { deadlineMs: 30_000 }, (it, before) => {
  before(async (t) => {
    t.defer(closeNamespaces);
    await openNamespaces();
  });

  it('reads this machine', async () => {
    const site = parseSite(exampleSite());
    const node = parseNode({ version: 1, nodeId: 'a', interface: 'lo', paths: { run: '/proc/nowhere' } });
    const facts = await readWorldFacts({ site, node, wallMs: clock.wallMs(), builtAtMs: 0 });
    assert.ok(facts.interfaces.has('lo'));
    // Loopback knows no ARP: not being able to ask is said.
    assert.match(facts.arpProblem ?? '', /arping/);
    assert.ok(facts.memoryBytes > 2 ** 28);
    assert.ok(facts.openFilesMax >= 1024);
    assert.ok(facts.dataFolder.freeBytes > 0);
    assert.is(facts.runFolder.fileSystem, 'other');
  });

  it('says nothing of a network that is in order', async (t) => {
    assert.equal(ofTheNetwork(await check(t)), []);
  });

  it('ends with 0 exactly when it prints "ok"', async (t) => {
    const { status, lines } = await check(t);
    assert.is(status, lines.join() === 'ok' ? 'status 0' : 'status 1');
  });

  it('finds a stranger on a service address, and accepts the partner there', async (t) => {
    await inLan('ip', 'address', 'add', '10.77.0.12/32', 'dev', 'eth0');
    t.defer(() => inLan('ip', 'address', 'flush', 'dev', 'eth0').then(() => undefined));
    const [line = ''] = ofTheNetwork(await check(t));
    assert.match(line, /^site\.nodes\[1\]\.serviceAddress: 10\.77\.0\.12 is answered by another machine/);
    await inLan('ip', 'address', 'add', '10.77.0.2/24', 'dev', 'eth0');
    assert.equal(ofTheNetwork(await check(t)), []);
  });

  it('finds who holds a port, with its program and process', async (t) => {
    await holdPort(t, 'TCP-LISTEN:6379,bind=127.0.0.1,fork', 6379);
    await holdPort(t, 'UDP-RECV:5060', 5060);
    const found = ofTheNetwork(await check(t));
    assert.is(found.length, 2, found.join('\n'));
    assert.match(
      found[0] ?? '',
      /^site\.ports\.sip: UDP port 5060 is held by socat \(process \d+\) on every address/,
    );
    assert.match(found[1] ?? '', /^site\.ports\.redisOwn: TCP port 6379 is held by socat .* on 127\.0\.0\.1/);
  });

  it('finds an interface without the address', async (t) => {
    await inNode('ip', 'address', 'flush', 'dev', 'eth0');
    t.defer(() => inNode('ip', 'address', 'add', '10.77.0.1/24', 'dev', 'eth0').then(() => undefined));
    assert.match(ofTheNetwork(await check(t))[0] ?? '', /^site\.nodes\[0\]\.address: 10\.77\.0\.1 is not on/);
  });

  it('leaves nothing behind in the data folder', async (t) => {
    const { folder } = await check(t);
    const documents = ['node.json', 'routing.json', 'site.json', 'telephony.json'];
    assert.equal((await readdir(folder)).toSorted(), documents);
  });

  it('writes every file of the node below the folder that --render names', async (t) => {
    const calls = ['--telephony', 'FOLDER/telephony.json', '--routing', 'FOLDER/routing.json'];
    const { folder } = await check(t, ...calls, '--render', 'FOLDER/out');
    const files = (await readdir(join(folder, 'out'), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
    const expected = ['site.json', 'nftables.conf', '90-wardline.conf', 'wardline-keepalived.service'];
    for (const name of [...expected, 'sip-engine.json', 'telephony.json'])
      assert.ok(files.includes(name), name);
    assert.match(await readFile(join(folder, 'out/etc/wardline/redis-own.conf'), 'utf8'), /appendonly yes/);
  });

  it('says how it is used when it is used otherwise', async (t) => {
    for (const words of [
      ['--rendr', 'x'],
      ['--telephony', 'FOLDER/telephony.json'],
      ['--render', 'FOLDER/out'],
    ]) {
      const { status } = await check(t, ...words);
      assert.is(status, 'status 2', words.join(' '));
    }
  });
});
