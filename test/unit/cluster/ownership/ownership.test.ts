import { readFileSync, writeFileSync } from 'node:fs';
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
  failing = 0;
  announced = 0;
  take(address: string): Promise<void> {
    this.held.add(address);
    return Promise.resolve();
  }
  announce(address: string): void {
    if (this.held.has(address)) this.announced += 1;
  }
  drop(address: string): Promise<void> {
    if (this.failing > 0) {
      this.failing -= 1;
      return Promise.reject(new Error('no netlink today'));
    }
    this.held.delete(address);
    return Promise.resolve();
  }
  has(address: string): boolean {
    return this.held.has(address);
  }
}

const ADDRESS = '10.77.0.11';
/** A little more than the time for which the interface may be wrong. */
const REPAIRED_MS = 300;

class Side {
  readonly addresses = new FakeAddresses();
  readonly facts: FakeOwnershipFacts;
  readonly lines: string[] = [];
  isMaster = false;
  isHeard = false;
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
      heartbeat: { isHeard: () => Promise.resolve(this.isHeard) },
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
    await clock.advance(100);
    b.setMaster(true);
    assert.equal([b.state(), b.weight()], ['Taker', 150]);
    await clock.advance(1000);
    assert.is(b.lines.filter((line) => line.includes('cannot be read')).length, 1, 'told once');
  });

  it('a live state that takes questions and answers none delays neither decision nor interface', async (t) => {
    const { b, clock } = await settledPair(t);
    b.facts.hang();
    await clock.advance(100);
    b.setMaster(true);
    assert.equal([b.state(), b.weight()], ['Taker', 150]);
    await clock.advance(REPAIRED_MS);
    assert.ok(b.addresses.has(ADDRESS), 'keepalived had not put it on the interface');
    assert.ok(b.ownership.sinceLookMs < 50);
  });

  it('what could not be told is told when the live state is back', async (t) => {
    const { a, b, clock } = await settledPair(t);
    b.facts.setAway(true);
    await clock.advance(100);
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
    assert.equal([a.state(), b.addresses.has(ADDRESS)], ['Offering', false]);
    while (!b.addresses.has(ADDRESS)) await clock.advance(1);
    assert.is(a.state(), 'Offering', 'the owner stays until it has read that the partner is prepared');
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
    const { a, b, clock } = await settledPair(t);
    await assertRejects(b.ownership.move('a', 'm1'), /does not own it/);
    await assertRejects(a.ownership.move('z', 'm1'), /there are a/);
    const first = a.ownership.move('a', 'm1');
    await assertRejects(a.ownership.move('a', 'm2'), /being moved already/);
    a.setMaster(false);
    assert.is(await first, 'lost');
    await clock.advance(100);
    b.setMaster(true);
    await assertRejects(b.ownership.move('a', 'm3'), /has not confirmed/);
  });

  it('a live state that comes back empty is told everything again', async (t) => {
    const { a, clock } = await settledPair(t);
    a.facts.restartEmpty();
    await clock.advance(200);
    assert.match((await a.facts.readOwn()).get('a') ?? '', /"isHeld":true/);
  });

  it('an address that is left on the interface of a node that does not own it is taken off', async (t) => {
    const { b, clock } = await settledPair(t);
    b.addresses.held.add(ADDRESS);
    b.addresses.failing = 2;
    await clock.advance(3 * REPAIRED_MS);
    assert.not.ok(b.addresses.has(ADDRESS));
    assert.is(b.lines.filter((line) => line.includes('no netlink today')).length, 2);
  });

  it('an address that somebody took off the owner is put on again', async (t) => {
    const { a, clock } = await settledPair(t);
    assert.ok(a.addresses.has(ADDRESS));
    a.addresses.held.delete(ADDRESS);
    await clock.advance(REPAIRED_MS);
    assert.ok(a.addresses.has(ADDRESS));
  });

  it('a node service that is restarted in the middle of a move leaves nothing on the interface', async (t) => {
    const { a, b, clock } = await settledPair(t);
    const moved = a.ownership.move('a', 'm1');
    while (!b.addresses.has(ADDRESS)) await clock.advance(1);
    b.ownership.stop();
    b.facts.setAway(true);
    await b.start('b', 'a', clock);
    await clock.advance(6000);
    assert.is(await moved, 'notPrepared');
    assert.not.ok(b.addresses.has(ADDRESS));
  });

  it('while adverts are lost the partner keeps the address, and it is listened for them until they come', async (t) => {
    const { a, b, clock } = await settledPair(t);
    b.setMaster(true);
    assert.is(b.state(), 'Doubting');
    await clock.advance(200);
    assert.equal([b.state(), b.weight()], ['Yielding', -254]);
    b.setMaster(false);
    await clock.advance(5000);
    assert.equal([a.state(), b.state()], ['Settled', 'Yielding']);
    assert.is(b.lines.filter((line) => line.includes('heartbeat path lost')).length, 1);
    b.isHeard = true;
    await clock.advance(100);
    assert.equal([b.state(), b.weight()], ['Other', 0]);
    assert.is(a.addresses.announced, 1, 'the owner has called the phones back');
  });

  it('what thaws and reads an old confirmation puts nothing on its interface', async (t) => {
    const { a, b, clock } = await settledPair(t);
    a.setMaster(false);
    await clock.advance(100);
    b.setMaster(true);
    b.addresses.held.add(ADDRESS);
    // keepalived has let go, and says so a moment after the confirmation was read.
    b.addresses.held.delete(ADDRESS);
    await clock.advance(100);
    assert.is(b.state(), 'Settled');
    assert.not.ok(b.addresses.has(ADDRESS));
    b.setMaster(false);
    await clock.advance(REPAIRED_MS);
    assert.not.ok(b.addresses.has(ADDRESS));
  });

  it('a node service whose own facts cannot be read at first counts on above them once they can', async (t) => {
    const { a, b, clock } = await settledPair(t);
    for (let round = 0; round < 3; round += 1) {
      a.ownership.stop();
      a.facts.setAway(true);
      await a.start('a', 'b', clock);
      assert.equal([a.state(), a.ownership.status()[0]?.generation], ['Taker', 1]);
      a.facts.setAway(false);
      await clock.advance(1000);
      assert.equal([a.state(), b.state()], ['Settled', 'Other'], `round ${String(round)}`);
    }
  });

  it('a weight file that somebody changed says what it should again within a second', async (t) => {
    const { a, clock } = await settledPair(t);
    writeFileSync(a.weightFile, '0\n');
    await clock.advance(1100);
    assert.is(a.weight(), 100);
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
