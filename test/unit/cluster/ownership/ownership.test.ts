import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../../cluster/base/clock.js';
import { openLog } from '../../../../cluster/base/log.js';
import { Ownership } from '../../../../cluster/ownership/ownership.js';
import type { ServiceAddressPort } from '../../../../cluster/ownership/service-address-port.js';
import { FakeOwnershipFacts } from '../../../support/fakes/fake-ownership-facts.js';
import { assert, assertRejects, spec, type TestContext } from '../../../support/spec.js';

class FakeAddresses implements ServiceAddressPort {
  readonly held = new Set<string>();
  take(address: string): Promise<void> {
    this.held.add(address);
    return Promise.resolve();
  }
  drop(address: string): Promise<void> {
    this.held.delete(address);
    return Promise.resolve();
  }
  has(address: string): boolean {
    return this.held.has(address);
  }
}

const ADDRESS = '10.77.0.11';

class Side {
  readonly addresses = new FakeAddresses();
  readonly facts: FakeOwnershipFacts;
  readonly lines: string[] = [];
  isMaster = false;
  ownership!: Ownership;
  readonly weightFile: string;

  constructor(folder: string, id: string, facts: FakeOwnershipFacts) {
    this.facts = facts;
    this.weightFile = join(folder, `${id}.weight`);
  }

  weight(): number {
    return Number(readFileSync(this.weightFile, 'utf8'));
  }

  state(): string {
    return this.ownership.status()[0]?.state ?? '';
  }

  async start(own: string, partner: string, clock: FakeClock): Promise<void> {
    const log = openLog({ name: own, destination: { write: (line: string) => this.lines.push(line) } });
    this.ownership = await Ownership.start({
      identity: { own, partner },
      addresses: [{ home: 'a', address: ADDRESS, weightFile: this.weightFile }],
      facts: this.facts,
      interface: this.addresses,
      isMaster: () => this.isMaster,
      canTake: () => true,
      clock,
      log,
    });
  }

  setMaster(isMaster: boolean): void {
    this.isMaster = isMaster;
    this.ownership.look();
  }
}

interface Pair {
  readonly a: Side;
  readonly b: Side;
  readonly clock: FakeClock;
}

/** Node a owns the address and b has confirmed it. */
async function settledPair(t: TestContext): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
  t.defer(() => rm(folder, { recursive: true }));
  const [factsA, factsB] = FakeOwnershipFacts.pair();
  const pair = { a: new Side(folder, 'a', factsA), b: new Side(folder, 'b', factsB), clock: new FakeClock() };
  await pair.a.start('a', 'b', pair.clock);
  await pair.b.start('b', 'a', pair.clock);
  t.defer(() => {
    pair.a.ownership.stop();
    pair.b.ownership.stop();
  });
  pair.a.setMaster(true);
  await pair.clock.advance(500);
  return pair;
}

spec('ownership', (it) => {
  it('a taker settles once its partner has confirmed', async (t) => {
    const { a, b } = await settledPair(t);
    assert.equal([a.state(), a.weight()], ['Settled', 100]);
    assert.equal([b.state(), b.weight()], ['Other', 0]);
  });

  it('keepalived is told before anything else is waited for, and without a live state', async (t) => {
    const { b, clock } = await settledPair(t);
    b.facts.setAway(true);
    b.setMaster(true);
    assert.equal([b.state(), b.weight()], ['Taker', 150]);
    await clock.advance(1000);
    assert.is(b.lines.filter((line) => line.includes('cannot be read')).length, 1, 'told once');
  });

  it('what could not be told is told when the live state is back', async (t) => {
    const { a, b, clock } = await settledPair(t);
    b.facts.setAway(true);
    b.setMaster(true);
    await clock.advance(300);
    b.facts.setAway(false);
    await clock.advance(500);
    assert.is(a.state(), 'Superseded');
    assert.is(a.weight(), -254);
  });

  it('a planned move puts the address on the partner before the owner lets go', async (t) => {
    const { a, b, clock } = await settledPair(t);
    a.addresses.held.add(ADDRESS);
    const moved = a.ownership.move('a', 'm1');
    await clock.advance(100);
    assert.ok(b.addresses.has(ADDRESS));
    assert.is(a.state(), 'Offering');
    await clock.advance(150);
    assert.equal([a.state(), a.weight()], ['Leaving', -254]);
    a.setMaster(false);
    b.setMaster(true);
    await clock.advance(500);
    assert.is(await moved, 'moved');
    assert.equal([a.state(), b.state(), b.weight()], ['Other', 'Settled', 100]);
    assert.ok(b.addresses.has(ADDRESS));
  });

  it('a move to a partner that does not answer is taken back', async (t) => {
    const { a, b, clock } = await settledPair(t);
    b.ownership.stop();
    const moved = a.ownership.move('a', 'm1');
    await clock.advance(4500);
    assert.is(await moved, 'notPrepared');
    assert.equal([a.state(), a.weight()], ['Settled', 100]);
  });

  it('a partner that prepared and did not become master takes the address off again', async (t) => {
    const { a, b, clock } = await settledPair(t);
    const moved = a.ownership.move('a', 'm1');
    await clock.advance(400);
    assert.is(a.state(), 'Leaving');
    await clock.advance(1500);
    assert.is(await moved, 'notTaken');
    assert.not.ok(b.addresses.has(ADDRESS));
    assert.is(b.state(), 'Other');
  });

  it('a move is refused, with the reason, where there is nothing to move', async (t) => {
    const { a, b } = await settledPair(t);
    await assertRejects(b.ownership.move('a', 'm1'), /does not own it/);
    await assertRejects(a.ownership.move('z', 'm1'), /there are a/);
    const first = a.ownership.move('a', 'm1');
    await assertRejects(a.ownership.move('a', 'm2'), /being moved already/);
    a.setMaster(false);
    assert.is(await first, 'lost');
    b.setMaster(true);
    await assertRejects(b.ownership.move('a', 'm3'), /has not confirmed/);
  });

  it('a live state that comes back empty is told everything again', async (t) => {
    const { a, clock } = await settledPair(t);
    a.facts.restartEmpty();
    await clock.advance(200);
    assert.match((await a.facts.readOwn()).get('a') ?? '', /"isHeld":true/);
  });

  it('a weight file that cannot be written is tried again and complained about once', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
    t.defer(() => rm(folder, { recursive: true, force: true }));
    const clock = new FakeClock();
    const side = new Side(join(folder, 'missing'), 'a', FakeOwnershipFacts.pair()[0]);
    await side.start('a', 'b', clock);
    t.defer(() => {
      side.ownership.stop();
    });
    await clock.advance(1000);
    assert.is(side.lines.filter((line) => line.includes('cannot be told who owns')).length, 1);
  });
});
