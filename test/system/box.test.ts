import { RealClock } from '../../cluster/base/clock.js';
import { systemRng } from '../../cluster/base/rng.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { Box } from '../../ops/lab/box.js';
import { findRqlited } from '../../ops/lab/find-rqlited.js';
import { run } from '../../ops/lab/shell.js';
import { projectRoot } from '../support/project-files.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const boxId = `t${String(systemRng().integer(0, 999_999))}`;
const said: string[] = [];
const box = new Box({
  boxId,
  site: parseSite(exampleSite()),
  clock,
  rqlited: findRqlited(undefined, projectRoot),
  nodeProgram: process.execPath,
  projectRoot,
  say: (sentence) => said.push(sentence),
});

const SERVICE_ADDRESSES = ['10.77.0.11', '10.77.0.12'];

/** Which node has each service address, such as ['a', 'b']; several or none as 'ab' or ''. */
async function owners(): Promise<string[]> {
  const nodes = ['a', 'b'].filter((id) => box.isOn(id));
  const held = await Promise.all(
    nodes.map(async (id) => ({ id, addresses: (await box.status(id)).addresses })),
  );
  return SERVICE_ADDRESSES.map((address) =>
    held
      .filter(({ addresses }) => addresses.includes(address))
      .map(({ id }) => id)
      .join(''),
  );
}

async function waitForOwners(sentence: string, isWanted: (seen: string[]) => boolean): Promise<void> {
  await waitFor(
    sentence,
    async () => {
      const seen = await owners();
      return isWanted(seen) || notYet(seen.join(' '));
    },
    { deadlineMs: 10_000 },
  );
}

async function waitForServices(nodeId: string): Promise<void> {
  await waitFor(
    `every service of ${nodeId} is up`,
    async () => {
      const { services } = await box.status(nodeId);
      return services.every(({ state }) => state === 'Up') || notYet(JSON.stringify(services));
    },
    { deadlineMs: 15_000 },
  );
}

/** GET of an rqlited, asked from inside the site. */
function askStore(nodeAddress: string, path: string): Promise<string> {
  const script = `fetch('http://${nodeAddress}:4001${path}').then(async (r) => console.log(r.status, await r.text()))`;
  return box.runIn('his', [process.execPath, '-e', script]);
}

async function waitForStore(nodeAddress: string): Promise<void> {
  await waitFor(
    `the store of ${nodeAddress} is ready`,
    async () => {
      const answer = await askStore(nodeAddress, '/readyz').catch(String);
      return answer.startsWith('200') || notYet(answer);
    },
    { deadlineMs: 20_000, intervalMs: 200 },
  );
}

spec('a site in a box', { deadlineMs: 90_000 }, (it, before) => {
  before(async (t) => {
    t.defer(() => box.stop());
    await box.start();
  });

  it('every service of every node comes up, and nothing has crashed on the way', async () => {
    for (const id of ['a', 'b', 'd']) await waitForServices(id);
    assert.equal(said, []);
  });

  it('each service address is at its home and answers', async () => {
    assert.equal(await owners(), ['a', 'b']);
    for (const address of SERVICE_ADDRESSES)
      await box.runIn('phones', ['ping', '-c', '1', '-W', '1', address]);
    assert.ok(true);
  });

  it('the three stores form one cluster across the WAN', async () => {
    for (const address of ['10.77.0.1', '10.77.0.2', '10.78.0.1']) await waitForStore(address);
    const nodes = await askStore('10.77.0.1', '/nodes');
    for (const id of ['a', 'b', 'd']) assert.match(nodes, new RegExp(`"${id}"`));
  });

  it("a fact written at one node is in the partner's replica", async () => {
    const redis = (port: string, ...words: string[]): string[] => [
      'redis-cli',
      '-h',
      '127.0.0.1',
      '-p',
      port,
      ...words,
    ];
    await waitFor('the replica of b follows', async () => {
      const info = await box.runIn('b', redis('6380', 'info', 'replication'));
      return info.includes('master_link_status:up') || notYet(info);
    });
    await box.runIn('a', redis('6379', 'set', 'fact', 'told'));
    await waitFor('b knows the fact', async () => {
      const value = await box.runIn('b', redis('6380', 'get', 'fact'));
      return value.trim() === 'told' || notYet(value);
    });
  });

  it('a crashed service is restarted in place and named in one sentence', async () => {
    await box.killService('a', 'rtpengine');
    await waitFor('rtpengine has been restarted', async () => {
      const { services } = await box.status('a');
      const rtpengine = services.find(({ name }) => name === 'rtpengine');
      return (rtpengine?.state === 'Up' && rtpengine.restarts === 1) || notYet(JSON.stringify(rtpengine));
    });
    assert.is(said.length, 1);
    assert.match(said[0] ?? '', /^node a: rtpengine ended and is being restarted: signal SIGKILL/);
    said.length = 0;
  });

  it('a node that dies leaves no process, and its partner answers on both addresses', async () => {
    await box.kill('a');
    await waitForOwners('b has both addresses', (seen) => seen.join(' ') === 'b b');
    for (const address of SERVICE_ADDRESSES)
      await box.runIn('phones', ['ping', '-c', '1', '-W', '1', address]);
    const processes = await run(['ps', '-eo', 'args'], { clock });
    assert.not.match(processes, new RegExp(`wardline-lab/${boxId}/a/`));
  });

  it('it comes back by itself after power-on, with its store, and its address is moved back to it', async () => {
    await box.powerOn('a');
    await waitForServices('a');
    await waitForStore('10.77.0.1');
    assert.equal(await owners(), ['a', 'b']);
  });

  it('nothing unexpected was said, and stopping leaves nothing', async () => {
    assert.equal(said, []);
    await box.stop();
    const left = await run(['sh', '-c', 'ip netns list; mount; ps -eo args; losetup --all'], { clock });
    assert.not.match(left, new RegExp(`wl-${boxId}-|wardline-lab/${boxId}`));
  });
});
