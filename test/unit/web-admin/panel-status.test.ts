import { assert, spec } from '../../support/spec.js';
import { describePanel, type PanelSituation } from '../../../web-admin/panel-status.js';

const HOMES = new Map([
  ['10.77.0.11', 'a'],
  ['10.77.0.12', 'b'],
]);
const REPORT = { sentence: 'all well', daemons: [{ name: 'redis-own', state: 'Up' }], serviceAddresses: [] };
const SITUATION: PanelSituation = {
  node: { id: 'b', place: 'site', address: '10.77.0.2', serviceAddress: '10.77.0.12' },
  status: { state: 'fresh', reportedAtMs: 1000, report: REPORT },
  askedAddress: '10.77.0.12',
  homes: HOMES,
  nowMs: 2000,
};

spec('what the panel shows', (it) => {
  it('is a node at home when its own service address was asked', () => {
    const shown = describePanel(SITUATION);
    assert.is(shown.light, 'home');
    assert.is(shown.home, 'b');
    assert.is(shown.time, '1970-01-01T00:00:02.000Z');
    assert.is(shown.report.since, '1970-01-01T00:00:01.000Z');
    assert.is(shown.report.sentence, 'all well');
  });

  it("is a node that has taken over when the partner's service address was asked", () => {
    const shown = describePanel({ ...SITUATION, askedAddress: '10.77.0.11' });
    assert.is(shown.light, 'away');
    assert.is(shown.home, 'a');
  });

  it('is the node itself when an address was asked that never moves', () => {
    assert.is(describePanel({ ...SITUATION, askedAddress: '10.77.0.2' }).light, 'direct');
    assert.is(describePanel({ ...SITUATION, askedAddress: undefined }).light, 'direct');
  });

  it('is unknown without a fresh report, and old news is not shown', () => {
    const stale = describePanel({ ...SITUATION, status: { state: 'stale', reportedAtMs: 1000 } });
    assert.is(stale.light, 'unknown');
    assert.equal(stale.report, {
      state: 'stale',
      since: '1970-01-01T00:00:01.000Z',
      daemons: [],
      serviceAddresses: [],
    });
    const absent = describePanel({ ...SITUATION, status: { state: 'absent' } });
    assert.is(absent.light, 'unknown');
    assert.is(absent.report.since, undefined);
  });
});
