/** A box from start to stop: everything comes up, a node dies and comes back, nothing is left. */
import {
  askBySip,
  findHolders,
  isStoreReady,
  makeTestBox,
  NODE_ADDRESSES,
  SERVICE_ADDRESSES,
} from '../support/box/test-box.js';
import { BoxTraces } from '../support/box/box-traces.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box, said } = makeTestBox();
const { boxId } = box.plan;
const traces = new BoxTraces(boxId);
/** Of one node: its namespace has its name. */
const tracesOfA = new BoxTraces(boxId, 'a');

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

async function waitForStore(nodeId: string): Promise<void> {
  const probe = (): Promise<boolean> => isStoreReady(box, NODE_ADDRESSES[nodeId] ?? '');
  await waitFor(`the store of ${nodeId} is ready`, probe, { deadlineMs: 20_000, intervalMs: 200 });
}

async function pingServiceAddresses(): Promise<void> {
  for (const address of Object.values(SERVICE_ADDRESSES)) {
    await box.runIn('phones', ['ping', '-c', '1', '-W', '1', address]);
  }
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
    assert.equal(await findHolders(box), ['a', 'b']);
    await pingServiceAddresses();
  });

  it('call control of each node answers the carrier on its address, and knows which numbers it has', async () => {
    for (const address of Object.values(SERVICE_ADDRESSES)) {
      for (const protocol of ['udp', 'tcp'] as const) {
        const ask = (method: string): Promise<string> => askBySip(box, 'trunk', method, protocol, address);
        assert.is(await ask('OPTIONS'), 'SIP/2.0 200 OK', `over ${protocol} to ${address}`);
        assert.is(await ask('INVITE'), 'SIP/2.0 404 Not Found', `over ${protocol} to ${address}`);
      }
    }
  });

  it('a phone that nobody knows is asked for its password', async () => {
    for (const method of ['REGISTER', 'INVITE']) {
      const status = await askBySip(box, 'phones', method, 'udp', SERVICE_ADDRESSES.b);
      assert.is(status, 'SIP/2.0 401 Unauthorized', method);
    }
  });

  it('the three stores form one cluster across the WAN', async () => {
    for (const id of Object.keys(NODE_ADDRESSES)) await waitForStore(id);
    const leaders = await Promise.all(Object.keys(NODE_ADDRESSES).map((id) => box.inspect(id)));
    assert.is(new Set(leaders.map(({ raft }) => raft?.leaderId)).size, 1);
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
    await tracesOfA.remember();
    assert.ok((await tracesOfA.find()).length > 5, 'its daemons are seen');
    await box.kill('a');
    await waitFor('b has both addresses', async () => {
      const seen = await findHolders(box);
      return seen.join(' ') === 'b b' || notYet(seen);
    });
    await pingServiceAddresses();
    for (const address of Object.values(SERVICE_ADDRESSES))
      assert.match(await askBySip(box, 'trunk', 'OPTIONS', 'udp', address), /^SIP\/2\.0 200 /);
    assert.equal(await tracesOfA.find(), []);
  });

  it('it comes back by itself after power-on, with its store, and its address is moved back to it', async () => {
    await box.powerOn('a');
    await waitForServices('a');
    await waitForStore('a');
    assert.equal(await findHolders(box), ['a', 'b']);
  });

  it('nothing unexpected was said, and stopping leaves nothing', async () => {
    assert.equal(said, []);
    await traces.remember();
    await box.stop();
    assert.equal(await traces.find(), []);
  });
});
