import { fileURLToPath } from 'node:url';
import { RealClock } from '../../cluster/base/clock.js';
import { systemRng } from '../../cluster/base/rng.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { BoxNetwork } from '../../ops/lab/box-network.js';
import { getSpace, planBox } from '../../ops/lab/box-plan.js';
import { claimBox, releaseBox } from '../../ops/lab/leftovers.js';
import { inNamespace, run } from '../../ops/lab/shell.js';
import { assert, assertRejects, spec } from '../support/spec.js';

const clock = new RealClock();
const boxId = `t${String(systemRng().integer(0, 999_999))}`;
const plan = planBox(boxId, parseSite(exampleSite()));
const shuttleProgram = fileURLToPath(new URL('../../ops/lab/wan/shuttle-main.js', import.meta.url));
const said: string[] = [];
const network = new BoxNetwork({
  plan,
  clock,
  shuttleProgram,
  seed: boxId,
  nodeProgram: process.execPath,
  say: (sentence) => said.push(sentence),
});

/** One ping that must be answered within a second. @returns the round trip in ms */
async function ping(from: string, address: string): Promise<number> {
  const command = inNamespace(getSpace(plan, from).namespace, ['ping', '-n', '-c', '1', '-W', '1', address]);
  const output = await run(command, { clock });
  return Number(/time=([\d.]+)/.exec(output)?.[1]);
}

spec('the network of a box', { deadlineMs: 60_000 }, (it, before) => {
  before(async (t) => {
    t.defer(() => releaseBox(boxId, clock));
    t.defer(() => network.close());
    await claimBox(boxId, clock);
    await network.open();
  });

  it('nodes and clients of the site reach each other', async () => {
    assert.ok((await ping('phones', '10.77.0.1')) >= 0);
    assert.ok((await ping('a', '10.77.0.2')) >= 0);
  });

  it('the DR site is a WAN round trip away', async () => {
    assert.ok((await ping('a', '10.78.0.1')) >= 30);
  });

  it('a cut stops what it names, and healing lets it pass again', async () => {
    await network.cut([
      { from: 'a', to: 'b' },
      { from: 'a', to: 'd' },
    ]);
    await assertRejects(ping('a', '10.77.0.2'), /ended with 1/);
    await assertRejects(ping('a', '10.78.0.1'), /ended with 1/);
    assert.ok((await ping('phones', '10.77.0.2')) >= 0);
    await network.cut([]);
    assert.ok((await ping('a', '10.77.0.2')) >= 0);
    assert.ok((await ping('a', '10.78.0.1')) >= 30);
  });

  it('closing leaves no namespace, and closing twice is no error', async () => {
    await network.close();
    await network.close();
    assert.not.match(await run(['ip', 'netns', 'list'], { clock }), new RegExp(`wl-${boxId}-`));
  });
});
