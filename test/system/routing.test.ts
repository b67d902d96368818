/** Routing rules that people change while the site runs. */
import { CallLab, type Phone } from '../support/box/call-lab.js';
import { makeTestBox, SITE_NODES, type SiteNodeId } from '../support/box/test-box.js';
import { assert, assertRejects, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box } = makeTestBox({ isAllDay: true });
const MAIN = '01065129000';
const PATIENT = '13800138000';

interface Status {
  readonly version: number;
  readonly document: { readonly numbers: readonly { readonly id: string }[] };
}

interface Rules {
  readonly departments: readonly object[];
  readonly keys: readonly object[];
}

interface Entry {
  readonly departmentId: string;
  readonly arrivedWallMs: number;
}

spec('routing rules', { deadlineMs: 90_000 }, (it, before) => {
  let lab: CallLab;
  let seat: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier();
    await lab.openCarrier({ agent: 'carrier-b', user: 'carrier-b', port: 5080 }, 'b');
    seat = await lab.plugIn('8012');
    await lab.logIn(seat, '1012');
  });

  const statusOf = (node: SiteNodeId): Promise<Status> => lab.ask<Status>(node, 'routing');

  async function isRoutedBy(version: number, nodes: readonly SiteNodeId[] = SITE_NODES): Promise<void> {
    for (const node of nodes)
      await waitFor(`${node} routes by version ${String(version)}`, async () => {
        const status = await statusOf(node);
        return status.version === version || notYet(status.version);
      });
  }

  /** The main line leads to the complaints. */
  async function propose(): Promise<number> {
    const { document } = await statusOf('a');
    const numbers = document.numbers.map((rule) =>
      rule.id === 'main-line' ? { ...rule, departmentId: 'complaints' } : rule,
    );
    const params = { document: { ...document, numbers }, by: 'wang' };
    return (await lab.ask<{ version: number }>('a', 'proposeRouting', params)).version;
  }

  async function departmentOf(agent: string): Promise<string | undefined> {
    const node = agent === 'carrier' ? 'a' : 'b';
    const id = await lab.trunk.call(agent, MAIN, PATIENT);
    await lab.until(lab.trunk, agent, id, ({ progress }) => progress === 'up', 'the caller is answered');
    const calls = await lab.ask<readonly { place?: { departmentId: string } }[]>(node, 'calls');
    await lab.trunk.order({ do: 'hangUp', call: id });
    await lab.isQuiet(node);
    return calls[0]?.place?.departmentId;
  }

  it('are the ones of the set-up at first, as version 1', async () => {
    await isRoutedBy(1);
    await lab.dialCode(seat, '*14');
    assert.is(await departmentOf('carrier'), 'reception');
  });

  it('are proposed, tried on past calls, activated on one node and hold on both, and are rolled back', async () => {
    await waitFor('the store has the call', async () => {
      const [row = []] = await lab.query('SELECT count(ended_wall_ms) FROM calls');
      return Number(row[0]) > 0 || notYet(row);
    });
    const version = await propose();
    assert.is(version, 2);
    const report = await lab.ask<{ moves: readonly unknown[] }>('a', 'dryRunRouting', { version });
    assert.equal(report.moves, [{ from: 'reception', to: 'complaints', calls: 1 }]);
    assert.is(await departmentOf('carrier'), 'reception');
    await lab.ask('a', 'activateRouting', { version, by: 'wang' });
    await isRoutedBy(2);
    for (const agent of ['carrier', 'carrier-b']) assert.is(await departmentOf(agent), 'complaints', agent);
    await lab.ask('b', 'rollBackRouting', { by: 'li' });
    await isRoutedBy(1);
    for (const agent of ['carrier', 'carrier-b']) assert.is(await departmentOf(agent), 'reception', agent);
  });

  it('that lead nowhere are refused with the field, and the old ones stay', async () => {
    const { document } = await statusOf('a');
    const wrong = { ...document, otherwise: { departmentId: 'nowhere', priority: 0, skills: [] } };
    const order = lab.ask('a', 'proposeRouting', { document: wrong, by: 'li' });
    await assertRejects(order, /otherwise\.departmentId/);
    assert.is((await statusOf('a')).version, 1);
  });

  it('do not lose who waits when his department is gone', async (t) => {
    const { document } = await lab.ask<{ document: Rules }>('a', 'routing');
    const travel = { id: 'travel', names: { zh: '旅行门诊', en: 'Travel clinic' } };
    const action = { kind: 'department', departmentId: travel.id };
    const more = {
      ...document,
      departments: [...document.departments, travel],
      keys: [...document.keys, { id: 'key-travel', key: '4', action }],
    };
    const { version } = await lab.ask<{ version: number }>('a', 'proposeRouting', {
      document: more,
      by: 'li',
    });
    await lab.ask('a', 'activateRouting', { version, by: 'li' });
    await isRoutedBy(version);
    const patient = await lab.trunk.call('carrier', MAIN, PATIENT);
    t.defer(() => lab.trunk.order({ do: 'hangUp', call: patient }));
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
    await lab.trunk.order({ do: 'press', call: patient, keys: '4' });
    const waits = async (departmentId: string): Promise<number> =>
      waitFor(`he waits for ${departmentId}`, async () => {
        const [entry] = await lab.ask<readonly Entry[]>('a', 'queue');
        return entry?.departmentId === departmentId ? entry.arrivedWallMs : notYet(entry);
      });
    const arrivedWallMs = await waits('travel');
    await lab.ask('a', 'rollBackRouting', { by: 'li' });
    assert.is(await waits('reception'), arrivedWallMs);
    await lab.hears(lab.trunk, 'carrier', patient, 'music');
  });

  it('are there when no store is: a call control that starts routes by what was accepted last', async () => {
    const version = await propose();
    await lab.ask('a', 'activateRouting', { version, by: 'wang' });
    await isRoutedBy(version);
    const standing = Promise.all(['a', 'b', 'd'].map((id) => box.freezeService(id, 'rqlited', 9000)));
    await box.killService('a', 'calls');
    await waitFor('call control of a is back', async () => {
      const status = await statusOf('a').catch(() => undefined);
      return status?.version === version || notYet(status?.version);
    });
    assert.is(await departmentOf('carrier'), 'complaints');
    await standing;
  });
});
