/** Nodes and keepalived that stand still and go on: at the end each address has one owner (continuity rules 1 and 2). */
import type { Box } from '../../ops/lab/box.js';
import { clock, findHolders, makeTestBox, SERVICE_ADDRESSES } from '../support/box/test-box.js';
import { countAnswerers } from '../support/box/answerers.js';
import { assert, spec } from '../support/spec.js';

const { box, said } = makeTestBox();
const FREEZES_MS = [50, 150, 400, 2000];
const AFTER_THAW_MS = 200;

/** Generation and holder of each address, as both partners know them. */
async function ownersOf(): Promise<string[]> {
  const known = await Promise.all(['a', 'b'].map((id) => box.ownership(id)));
  return known
    .flat()
    .map(({ home, generation, holder }) => `${home} ${String(generation)} ${holder}`)
    .toSorted();
}

async function assertOneOwnerEach(what: string): Promise<void> {
  await clock.sleep(AFTER_THAW_MS);
  const holders = await findHolders(box);
  for (const [index, address] of Object.values(SERVICE_ADDRESSES).entries()) {
    assert.is(holders[index]?.length, 1, `${what}: ${address} is held by "${holders[index] ?? ''}"`);
    assert.is(await countAnswerers(box, address), 1, `${what}: ${address}`);
  }
}

const KINDS: readonly (readonly [string, (target: Box, forMs: number) => Promise<void>])[] = [
  ['keepalived alone', (target, forMs) => target.freezeService('a', 'keepalived', forMs)],
  ['the whole node', (target, forMs) => target.freeze('a', forMs)],
];

spec('what stands still and goes on', { deadlineMs: 60_000 }, (it, before) => {
  before(async (t) => {
    t.defer(() => box.stop());
    await box.start();
  });

  for (const [what, freeze] of KINDS) {
    for (const forMs of FREEZES_MS) {
      it(`${what} for ${String(forMs)} ms: 200 ms later one node answers on each address`, async () => {
        await box.returnHome();
        const before = await ownersOf();
        await freeze(box, forMs);
        await assertOneOwnerEach(`${what} for ${String(forMs)} ms`);
        // A pause shorter than two lost adverts is none.
        if (forMs === 50) assert.equal(await ownersOf(), before);
      });
    }
  }

  it('nothing has crashed on the way', () => {
    assert.equal(said, []);
  });
});
