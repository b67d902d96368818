import type { CallFilter, CallRecord } from '../../../cluster/store/call-record-read-port.js';
import { RoutingBook } from '../../../appliance/routing-book.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import { checkRoutingChange } from '../../../firmware-config/check-routing-change.js';
import { checkTelephony } from '../../../firmware-config/check-telephony.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { invalidDocument } from '../../../firmware-config/problems.js';
import type { Routing } from '../../../firmware-config/schema/routing.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { FakeConfigurationDocuments } from '../../support/fakes/fake-configuration-documents.js';
import { assert, assertRejects, spec } from '../../support/spec.js';
import { keepsTheFirst, keepsVersions } from '../../support/store/documents-contract.js';

const site = parseSite(exampleSite());
const { telephony, routing: given } = parseExampleCalls(site, true);

/** The main line leads to the complaints. */
function changed(): object {
  const numbers = given.numbers.map((rule) =>
    rule.id === 'main-line' ? { ...rule, departmentId: 'complaints' } : rule,
  );
  return { ...given, numbers };
}

class Bench {
  readonly clock = new FakeClock();
  readonly documents: FakeConfigurationDocuments;
  readonly seen: string[] = [];
  readonly book: RoutingBook;
  kept: unknown;
  filter: CallFilter | undefined;
  calls: readonly Pick<CallRecord, 'callId' | 'direction' | 'dialled' | 'caller' | 'openedWallMs'>[] = [];

  constructor(documents = new FakeConfigurationDocuments(), kept?: unknown) {
    this.documents = documents;
    this.kept = kept;
    this.book = new RoutingBook({
      ...{ given, documents, clock: this.clock, log: openLog({ name: 'test', level: 'silent' }) },
      file: {
        read: () => (this.kept instanceof Error ? Promise.reject(this.kept) : Promise.resolve(this.kept)),
        write: (value) => {
          this.kept = value;
          return Promise.resolve();
        },
      },
      past: {
        findCalls: (filter) => {
          this.filter = filter;
          return Promise.resolve(this.calls as readonly CallRecord[]);
        },
      },
      check: (document) => Promise.resolve().then(() => checkRoutingChange(document, telephony, site)),
      checkFit: (routing) => {
        const problems = checkTelephony(telephony, { routing, site });
        if (problems.length > 0) throw invalidDocument('routing', problems);
      },
      onRouting: (routing) => this.seen.push(mainLineOf(routing)),
    });
  }
}

function mainLineOf({ numbers }: Routing): string {
  return numbers.find(({ id }) => id === 'main-line')?.departmentId ?? '';
}

spec('versions of documents in memory', (it) => {
  it('are kept as the store keeps them', async () => {
    await keepsVersions(new FakeConfigurationDocuments());
    await keepsTheFirst(new FakeConfigurationDocuments());
  });
});

spec('the routing of a node', (it) => {
  it('is the one that it was set up with, which becomes the first version', async () => {
    const bench = new Bench();
    assert.is(mainLineOf(await bench.book.open()), 'reception');
    await bench.book.look();
    await bench.book.look();
    assert.is(bench.book.status().version, 1);
    assert.equal(bench.seen, []);
  });

  it('follows what is activated, also by the other node, and back', async () => {
    const [one, documents] = [new Bench(), new FakeConfigurationDocuments()];
    const [a, b] = [new Bench(documents), new Bench(documents)];
    await a.book.look();
    const { version } = await a.book.propose(changed(), 'wang');
    await b.book.look();
    assert.equal(b.seen, []);
    await a.book.activate(version, 'wang');
    await b.book.look();
    assert.equal([a.seen, b.seen], [['complaints'], ['complaints']]);
    await b.book.rollBack('li');
    await a.book.look();
    assert.equal([a.seen.at(-1), b.seen.at(-1)], ['reception', 'reception']);
    await assertRejects(one.book.rollBack('li'), /no routing document/);
  });

  it('refuses a document with the path of what is wrong, and routes as before', async () => {
    const bench = new Bench();
    await bench.book.look();
    const wrong = { ...given, otherwise: { departmentId: 'nowhere', priority: 0, skills: [] } };
    await assertRejects(bench.book.propose(wrong, 'li'), /otherwise\.departmentId.*"nowhere"/s);
    await assertRejects(bench.book.propose('text', 'li'), /routing/);
    assert.is((await bench.book.versions()).length, 1);
  });

  it('refuses what is active in the store and does not fit this node, and says so', async () => {
    const bench = new Bench();
    await bench.book.look();
    const { version } = await bench.documents.add(
      'routing',
      JSON.stringify({ ...given, numbers: [] }),
      'old release',
    );
    await bench.documents.activate('routing', version, 'old release');
    await bench.book.look();
    assert.equal(bench.seen, []);
    assert.equal([bench.book.status().version, bench.book.status().refused?.version], [1, 2]);
    await bench.documents.rollBack('routing', 'li');
    await bench.book.look();
    assert.is(bench.book.status().refused, null);
  });

  it('is the last accepted one at a start without any store', async () => {
    const bench = new Bench();
    await bench.book.look();
    const { version } = await bench.book.propose(changed(), 'wang');
    await bench.book.activate(version, 'wang');
    const away = new FakeConfigurationDocuments();
    away.isAway = true;
    const next = new Bench(away, bench.kept);
    assert.is(mainLineOf(await next.book.open()), 'complaints');
    await next.book.look();
    assert.equal([next.book.status().version, next.book.status().isFollowing], [version, false]);
  });

  it('is the one of the set-up when the file cannot be believed', async () => {
    for (const kept of [new RangeError('not signed'), { version: 3, json: '{', acceptedWallMs: 1 }]) {
      const bench = new Bench(undefined, kept);
      assert.is(mainLineOf(await bench.book.open()), 'reception');
    }
  });

  it('is tried on calls of the past, inbound ones', async () => {
    const bench = new Bench();
    await bench.book.look();
    const { version } = await bench.book.propose(changed(), 'wang');
    const openedWallMs = bench.clock.wallMs();
    const call = { direction: 'inbound', dialled: '01065129000', caller: '13800138000', openedWallMs };
    bench.calls = [
      { ...call, callId: 'c1' },
      { ...call, callId: 'c2', dialled: '01065129120' },
      { ...call, callId: 'c3', direction: 'outbound' },
    ];
    const report = await bench.book.dryRun(version);
    assert.equal([report.calls, report.same], [2, 1]);
    assert.equal(report.moves, [{ from: 'reception', to: 'complaints', calls: 1 }]);
    assert.equal(bench.seen, []);
  });
});
