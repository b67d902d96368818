/**
 * Parts of the ownership of service addresses that fail one by one, on real daemons: whatever happens, each address has
 * one node that answers (continuity rules 1, 2, 4, 9).
 */
import type { Box } from '../../ops/lab/box.js';
import {
  clock,
  findHolders,
  isEverythingInSync,
  makeTestBox,
  SERVICE_ADDRESSES,
  SITE_NODES,
} from '../support/box/test-box.js';
import { countAnswerers } from '../support/box/answerers.js';
import { PingWatch } from '../support/box/ping-watch.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box, said } = makeTestBox();

/** Each address of the box: state at a, state at b, generation. */
async function ownershipOf(target: Box): Promise<Record<string, string>> {
  const [atA = [], atB = []] = await Promise.all(SITE_NODES.map((id) => target.ownership(id)));
  return Object.fromEntries(
    atA.map((entry) => {
      const other = atB.find(({ home }) => home === entry.home);
      return [entry.home, `${entry.state} ${other?.state ?? '?'} ${String(entry.generation)}`];
    }),
  );
}

async function assertOneAnswererEach(what: string): Promise<void> {
  for (const address of Object.values(SERVICE_ADDRESSES)) {
    assert.is(await countAnswerers(box, address), 1, `${what}: ${address}`);
  }
}

async function waitUntilSettled(pattern = /^(Settled Other|Other Settled) /): Promise<void> {
  await waitFor(
    'each address has one settled owner',
    async () => {
      const states = Object.values(await ownershipOf(box));
      return states.every((text) => pattern.test(text)) || notYet(states);
    },
    { deadlineMs: 20_000 },
  );
}

/** Wherever the addresses are now. */
async function waitUntilHome(): Promise<void> {
  await waitUntilSettled();
  await box.returnHome();
  await waitFor('everything is in sync', () => isEverythingInSync(box), { deadlineMs: 20_000 });
  await waitUntilSettled();
}

spec('ownership of addresses when single parts fail', { deadlineMs: 60_000 }, (it, before) => {
  before(async (t) => {
    t.defer(() => box.stop());
    await box.start();
  });

  it('adverts that are lost while everything else passes move nothing and are called by their name', async () => {
    await waitUntilHome();
    const before = await ownershipOf(box);
    await box.partition('a', 'b', { only: 'vrrp' });
    await waitFor('both nodes keep off what the other holds', async () => {
      const seen = await ownershipOf(box);
      const isSo =
        seen['a']?.startsWith('Settled Yielding') === true && seen['b']?.startsWith('Yielding Settled');
      return isSo === true || notYet(seen);
    });
    await clock.sleep(2000);
    assert.equal(await findHolders(box), ['a', 'b']);
    await assertOneAnswererEach('adverts are lost');
    const { sentence } = await box.nodeStatus('a');
    assert.match(sentence, /heartbeat path lost: the partner holds 10\.77\.0\.12/);
    await box.heal();
    await waitUntilHome();
    assert.equal(await ownershipOf(box), before, 'no generation was raised');
    await assertOneAnswererEach('after the heal');
  });

  for (const service of ['keepalived', 'node', 'redis-own', 'redis-partner']) {
    it(`${service} of a crashes: one node answers for each address, and everything settles`, async () => {
      await box.killService('a', service);
      await waitFor('it is restarted', async () => {
        const { services } = await box.status('a');
        const seen = services.find(({ name }) => name === service);
        return (seen?.state === 'Up' && seen.restarts > 0) || notYet(seen);
      });
      await waitUntilSettled();
      await assertOneAnswererEach(`${service} has crashed`);
      assert.is(said.length, 1, said.join(' / '));
      assert.match(said.splice(0)[0] ?? '', new RegExp(`^node a: ${service} ended and is being restarted`));
      await waitUntilHome();
    });
  }

  it('a move by hand there and back loses no ping', async (t) => {
    const ping = new PingWatch(box, SERVICE_ADDRESSES.a);
    t.defer(() => ping.stop());
    await waitFor('the address answers', () => ping.replies > 5);
    await box.move('a', 'a');
    await waitUntilMoved('b');
    await box.move('a', 'b');
    await waitUntilMoved('a');
    const report = await ping.stop();
    assert.ok(report.repliesMs.length > 20, String(report.repliesMs.length));
    assert.is(report.lost, 0, `of ${String(report.repliesMs.length)}`);
  });
});

async function waitUntilMoved(to: string): Promise<void> {
  const settled = to === 'a' ? 'Settled Other' : 'Other Settled';
  await waitFor(`${to} is the settled owner`, async () => {
    const seen = (await ownershipOf(box))['a'];
    return seen?.startsWith(settled) === true || notYet(seen);
  });
}
