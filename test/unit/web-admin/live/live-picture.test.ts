import { exampleSite } from '../../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../../firmware-config/parse-site.js';
import { callerScopeOf } from '../../../../web-admin/identity/roles.js';
import { EventStream } from '../../../../web-admin/live/event-stream.js';
import {
  describeSite,
  pictureFor,
  type LivePicture,
  type SeenNode,
} from '../../../../web-admin/live/live-picture.js';
import type { ControlSnapshot, NodeSnapshot } from '../../../../web-admin/live/node-snapshot.js';
import { decideLoss } from '../../../../web-admin/live/decide-loss.js';
import { assert, spec } from '../../../support/spec.js';

const NOW = 1_800_000_000_000;
const SITE = parseSite(exampleSite());

const control = (fields: Partial<ControlSnapshot> = {}): ControlSnapshot => ({
  status: { calls: 0, opened: 5, waiting: 0, seatsReady: 0, isMediaReachable: true },
  ...{ calls: [], seats: [], trunks: [], queue: [] },
  ...fields,
});

const HELD: Readonly<Record<string, string>> = { a: '10.77.0.11', b: '10.77.0.12', d: '10.78.0.11' };

function snapshot(
  nodeId: string,
  fields: Partial<NodeSnapshot> = {},
  held = [HELD[nodeId] ?? ''],
): NodeSnapshot {
  return {
    ...{ nodeId, atWallMs: NOW, control: control(), approvals: [], revocations: [] },
    report: {
      ...{ state: 'fresh', reportedAtMs: NOW },
      report: {
        daemons: ['rqlited', 'redis-partner'].map((name) => ({ name, state: 'up' })),
        serviceAddresses: Object.values(HELD).map((address) => ({ address, isHeld: held.includes(address) })),
      },
    },
    ...fields,
  };
}

function picture(snapshots: readonly NodeSnapshot[], silent: readonly string[] = []): LivePicture {
  const seen = new Map(
    snapshots.map((one): [string, SeenNode] => [
      one.nodeId,
      { snapshot: one, seenWallMs: NOW, isAnswering: !silent.includes(one.nodeId) },
    ]),
  );
  return describeSite({
    ...{ site: SITE, node: 'a', seen, nowWallMs: NOW, trunkLines: 400 },
    departmentIds: ['reception', 'emergency'],
  });
}

const ALL = ['a', 'b', 'd'].map((id) => snapshot(id));

const waiting = (callId: string, departmentId: string, arrivedWallMs: number, trigger?: string) => ({
  entry: {
    ...{ callId, departmentId, priority: 0, arrivedWallMs },
    ...(trigger === undefined
      ? {}
      : { emergency: { sinceWallMs: arrivedWallMs, trigger, isOutsideRung: false } }),
  },
  call: {
    ...{ callId, name: 'seeking', direction: 'inbound', dialled: '010', openedWallMs: arrivedWallMs },
    caller: { kind: 'trunk' as const, trunkId: 'main', number: '139' },
  },
});

const withWaiting = (...all: readonly ReturnType<typeof waiting>[]): LivePicture => {
  const fields = control({ calls: all.map(({ call }) => call), queue: all.map(({ entry }) => entry) });
  return picture([snapshot('a', { control: fields }), ...ALL.slice(1)]);
};

const codes = ({ alarms }: LivePicture): readonly string[] => alarms.map(({ code }) => code);

spec('the picture of the site', (it) => {
  it('is without an alarm when every node is well and every address at home', () => {
    const { nodes, addresses, alarms } = picture(ALL);
    assert.equal(alarms, []);
    assert.equal(
      nodes.map(({ state }) => state),
      ['fresh', 'fresh', 'fresh'],
    );
    assert.equal(
      addresses.map(({ home, holder }) => [home, holder]),
      [
        ['a', 'a'],
        ['b', 'b'],
        ['d', 'd'],
      ],
    );
  });

  it('of a dead node says that it is silent and who holds its address, worst news first', () => {
    const b = snapshot('b', {}, ['10.77.0.11', '10.77.0.12']);
    const dead = picture([snapshot('a'), b, snapshot('d')], ['a']);
    assert.equal(codes(dead), ['nodeSilent', 'addressAway']);
    assert.is(dead.addresses[0]?.holder, 'b');
    assert.is(dead.nodes[0]?.calls, 0, 'nobody knows what it does now');
  });

  it('believes the later word about an address, not the last one of a node that has died since', () => {
    const b = snapshot('b', {}, ['10.77.0.11', '10.77.0.12']);
    const seen = new Map<string, SeenNode>([
      ['a', { snapshot: snapshot('a'), seenWallMs: NOW - 900, isAnswering: true }],
      ['b', { snapshot: b, seenWallMs: NOW, isAnswering: true }],
    ]);
    const input = { site: SITE, node: 'b', seen, nowWallMs: NOW, departmentIds: [], trunkLines: undefined };
    assert.is(describeSite(input).addresses[0]?.holder, 'b');
  });

  it('has one alarm for a trunk, critical when no trunk is left', () => {
    const withTrunks = (...isUp: readonly boolean[]): LivePicture => {
      const trunks = isUp.map((up, index) => ({ trunkId: `t${String(index)}`, isUp: up, sinceWallMs: NOW }));
      return picture(ALL.map((one) => ({ ...one, control: control({ trunks }) })));
    };
    const shown = withTrunks(true, false).alarms.map(({ severity, params }) => [severity, params['nodes']]);
    assert.equal(shown, [['warning', 'A, B, D']]);
    assert.equal(
      withTrunks(false, false).alarms.map(({ severity }) => severity),
      ['critical', 'critical'],
    );
  });

  it('has an alarm for a carrier that refuses to register an address, unless it does not answer at all', () => {
    const withAnswer = (
      lastStatus: number,
      isUp = true,
      sinceWallMs = NOW - 10_000,
    ): readonly (readonly [string, string])[] => {
      const registrations = [{ home: 'a', isRegistered: lastStatus === 200, lastStatus, sinceWallMs }];
      const trunks = [{ trunkId: 'main', isUp, sinceWallMs: NOW, registrations }];
      const [a, ...others] = ALL.map((one) => ({ ...one, control: control() }));
      const shown = picture([{ ...a!, control: control({ trunks }) }, ...others]);
      return shown.alarms.map(({ code, params }) => [code, params['status'] ?? ''] as const);
    };
    assert.equal(withAnswer(403), [['trunkUnregistered', '403']]);
    assert.equal(withAnswer(200), []);
    assert.equal(withAnswer(0), [], 'not tried yet');
    assert.equal(withAnswer(503, true, NOW - 9999), [], 'it is asked again first');
    assert.equal(withAnswer(408, false), [['trunkDown', '']]);
  });

  it('says it when nobody holds an address, and when call control or media do not answer', () => {
    const down = snapshot('b', { control: null }, []);
    const deaf = control({ status: { ...control().status, isMediaReachable: false } });
    assert.equal(codes(picture([snapshot('a', { control: deaf }), down, snapshot('d')])), [
      ...['addressUnheld', 'mediaDown', 'callsDown'],
    ]);
  });

  it('says that a node is alone, behind the active routing, or without what its partner knows', () => {
    const withStatus = (fields: object): LivePicture => {
      const told = control({ status: { ...control().status, ...fields } });
      return picture([snapshot('a', { control: told }), ...ALL.slice(1)]);
    };
    const since = (sinceWallMs: number): object => ({ partner: { isLinked: false, sinceWallMs } });
    assert.equal(codes(withStatus(since(NOW - 2000))), []);
    assert.equal(codes(withStatus(since(NOW - 4000))), ['alone']);
    assert.equal(codes(withStatus({ partner: null })), []);
    assert.equal(codes(withStatus({ isDraining: true })), ['draining']);
    assert.equal(codes(withStatus({ routing: { version: 2, refused: 3 } })), ['routingRefused']);
    const daemons = (redis: string, rqlited: string): NodeSnapshot['report'] => ({
      ...{ state: 'fresh', reportedAtMs: NOW },
      report: {
        daemons: [
          { name: 'redis-partner', state: redis },
          { name: 'rqlited', state: rqlited },
        ],
        serviceAddresses: Object.values(HELD).map((address) => ({ address, isHeld: address === HELD['a'] })),
      },
    });
    const a = (redis: string, rqlited: string): LivePicture =>
      picture([snapshot('a', { report: daemons(redis, rqlited) }), ...ALL.slice(1)]);
    assert.equal(codes(a('starting', 'up')), ['notReplicated']);
    assert.equal(codes(a('up', 'starting')), [], 'the others have a majority');
    const all = ['a', 'b', 'd'].map((id) => {
      const { report } = snapshot(id);
      const stuck = [{ name: 'rqlited', state: 'starting' }];
      return snapshot(id, {
        report: {
          ...report,
          ...(report.state === 'fresh' ? { report: { ...report.report, daemons: stuck } } : {}),
        },
      });
    });
    assert.equal(codes(picture(all)), ['noQuorum']);
  });

  it('shows the last test call of each number and trunk, and raises the alarm at the second failure in a row', () => {
    const withTests = (node: string, atWallMs: number, failuresInARow: number): NodeSnapshot => {
      const outcome = failuresInARow === 0 ? 'ok' : 'notReturned';
      const tests = [{ number: '+120', trunkId: 'main', outcome, atWallMs, failuresInARow }];
      return snapshot(node, { control: control({ status: { ...control().status, tests } }) });
    };
    const first = picture([withTests('a', NOW - 9, 1), withTests('b', NOW - 99, 5), snapshot('d')]);
    assert.equal([first.tests.length, first.tests[0]?.failuresInARow, codes(first)], [1, 1, []]);
    const second = picture([withTests('a', NOW - 9, 2), withTests('b', NOW - 99, 0), snapshot('d')]);
    assert.equal(codes(second), ['testCallFails']);
  });

  it('counts who is called back once, at the node that keeps his place', () => {
    const entry = {
      ...waiting('k', 'reception', NOW - 5000).entry,
      mediaNode: 'a',
      callback: { number: '139' },
    };
    const told = ALL.map((one) => ({ ...one, control: control({ queue: [entry] }) }));
    const { queues } = picture(told);
    assert.equal([queues[0]?.callbacks, queues[0]?.waiting], [1, 0]);
  });

  it('tells the place of a caller in the queue of the department, and the longest wait', () => {
    const { calls, queues } = withWaiting(
      waiting('x', 'reception', NOW - 5000),
      waiting('y', 'reception', NOW - 9000),
      waiting('z', 'emergency', NOW - 9000),
    );
    assert.equal(
      calls.map(({ callId, position }) => [callId, position]),
      [
        ['y', 1],
        ['z', 1],
        ['x', 2],
      ],
    );
    assert.equal([queues[0]?.waiting, queues[0]?.oldestWallMs], [2, NOW - 9000]);
  });

  it('raises the alarm for an emergency that waits for more than ten seconds, not before', () => {
    assert.equal(codes(withWaiting(waiting('x', 'emergency', NOW - 9000, 'word 胸痛'))), []);
    assert.equal(codes(withWaiting(waiting('x', 'emergency', NOW - 11_000, 'word 胸痛'))), [
      'emergencyWaits',
    ]);
  });

  it('believes the node at which a phone is registered', () => {
    const seat = { seatId: 's', extension: '8001', departmentIds: ['reception'], takesEmergencies: false };
    const here = control({ seats: [{ ...seat, state: 'loggedOut', isReachable: false }] });
    const there = control({ seats: [{ ...seat, state: 'ready', isReachable: true, callTakerId: '1001' }] });
    const { seats, queues } = picture([
      snapshot('a', { control: here }),
      snapshot('b', { control: there }),
      snapshot('d', { control: here }),
    ]);
    assert.equal(
      seats.map(({ state, node, callTakerId }) => [state, node, callTakerId]),
      [['ready', 'b', '1001']],
    );
    assert.is(queues[0]?.seatsReady, 1);
  });

  it('says what one node alone carries: the narrower of media ports and trunk lines', () => {
    assert.equal(picture(ALL).capacity, { aloneCalls: 400, bound: 'trunkLines', nowCalls: 0 });
  });
});

spec('whose callers somebody sees', (it) => {
  const all = withWaiting(waiting('x', 'reception', NOW), waiting('z', 'emergency', NOW));
  const seenBy = (roles: readonly string[], departments: readonly string[] = []): readonly string[] =>
    pictureFor(all, callerScopeOf({ roles, departments })).calls.map(({ callId }) => callId);

  it('are all for those who run the house', () => {
    for (const role of ['operations', 'dutyManager', 'complianceOfficer'])
      assert.is(seenBy([role]).length, 2, role);
  });

  it('are those of the own departments for call-takers and supervisors', () => {
    for (const role of ['callTaker', 'supervisor']) assert.equal(seenBy([role], ['reception']), ['x'], role);
    assert.equal(seenBy(['callTaker']), []);
  });

  it('are none for administrators, whatever departments they have', () => {
    for (const role of ['systemAdministrator', 'securityAdministrator', 'auditAdministrator', 'auditor'])
      assert.equal(seenBy([role], ['reception']), [], role);
  });
});

spec('what would happen if a node died now', (it) => {
  const lossOf = (of: LivePicture, id: string): readonly string[] => {
    const node = of.nodes.find(({ nodeId }) => nodeId === id);
    return node === undefined ? [] : decideLoss(node, of).map(({ code }) => code);
  };

  it('is nothing to be heard while the partner is in step', () => {
    assert.equal(lossOf(picture(ALL), 'a'), ['addresses', 'callsMove', 'quorumKept']);
    assert.equal(lossOf(picture(ALL), 'd'), ['quorumKept']);
  });

  it('is the loss of its calls without a partner, and of the quorum without a second voter', () => {
    assert.equal(lossOf(picture(ALL, ['b']), 'a'), ['noPartner', 'quorumLost']);
    assert.equal(lossOf(picture(ALL, ['b']), 'b'), ['already']);
  });
});

spec('the stream of the picture', (it) => {
  const open = () => {
    const written: string[] = [];
    let isFull = false;
    const stream = new EventStream({
      write: (text) => {
        written.push(text);
        return !isFull;
      },
    });
    return { stream, written, fill: (full: boolean) => (isFull = full) };
  };
  const topicsOf = (text = ''): readonly string[] =>
    Object.keys(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}') as object);

  it('begins with the whole picture and goes on with what has changed', () => {
    const { stream, written } = open();
    stream.send(picture(ALL));
    stream.send(picture(ALL));
    stream.send(withWaiting(waiting('x', 'reception', NOW)));
    assert.is(written.length, 2);
    assert.is(topicsOf(written[0]).length, 11);
    assert.equal(topicsOf(written[1]), ['atWallMs', 'queues', 'calls']);
    assert.match(written[1] ?? '', /^id: 2\nevent: picture\n/);
  });

  it('writes nothing into a connection that is full, and then what is newest', () => {
    const { stream, written, fill } = open();
    fill(true);
    stream.send(picture(ALL));
    stream.send(withWaiting(waiting('x', 'reception', NOW)));
    stream.send(withWaiting(waiting('y', 'reception', NOW)));
    stream.beat(NOW);
    assert.is(written.length, 1);
    fill(false);
    stream.drained();
    assert.is(written.length, 2);
    assert.match(written[1] ?? '', /"callId":"y"/);
    assert.not.match(written[1] ?? '', /"callId":"x"/);
  });
});
