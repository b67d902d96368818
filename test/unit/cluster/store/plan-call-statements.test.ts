import { planCallStatements, type CallRow } from '../../../../cluster/store/plan-call-statements.js';
import { assert, spec } from '../../../support/spec.js';

const ROW: CallRow = {
  ...{
    call_id: 'c1',
    node: 'a',
    generation: 3,
    revision: 70,
    direction: 'inbound',
    caller: '1',
    dialled: '2',
  },
  ...{ department: null, priority: 0, is_emergency: 1, opened_wall_ms: 5, answered_wall_ms: null },
  ...{ ended_wall_ms: null, waited_ms: null, talked_ms: null, seat: null, call_taker: null },
  ...{ end_reason: null, mos: null, recording: null },
};

spec('the statements about a call', (it) => {
  it('replace a row only by one of a higher generation and revision', () => {
    const [statement, ...others] = planCallStatements({ kind: 'call', data: { row: ROW } });
    assert.is(others.length, 0);
    const [sql, ...parameters] = statement ?? [''];
    assert.match(
      sql,
      /^INSERT INTO calls \(call_id, node, generation, .*ON CONFLICT \(call_id\) DO UPDATE SET node = /,
    );
    assert.match(
      sql,
      /WHERE \(excluded\.generation, excluded\.revision\) > \(calls\.generation, calls\.revision\)$/,
    );
    assert.is(sql.split('?').length - 1, parameters.length);
    assert.not.match(sql, /disposition/);
    assert.equal(parameters.slice(0, 4), ['c1', 'a', 3, 70]);
  });

  it('write a step once, with its detail as JSON, in the transaction of what it changes', () => {
    const step = {
      call_id: 'c1',
      step_no: 9,
      wall_ms: 8,
      kind: 'offered',
      node: 'a',
      detail: { seat: '12' },
    };
    const [alone] = planCallStatements({ kind: 'call-step', data: step });
    assert.match(alone?.[0] ?? '', /^INSERT INTO call_steps .* ON CONFLICT DO NOTHING$/);
    assert.equal(alone?.slice(1), ['c1', 9, 8, 'offered', 'a', '{"seat":"12"}']);
    assert.equal(planCallStatements({ kind: 'call', data: { row: ROW, step } }).at(1), alone);
  });

  it('let a newer disposition replace an older one, also before the row of the call has come', () => {
    const data = { callId: 'c1', node: 'a', code: 'fever', wallMs: 7 };
    const [statement] = planCallStatements({ kind: 'call-disposition', data });
    assert.match(statement?.[0] ?? '', /WHERE excluded\.disposition_wall_ms >= COALESCE/);
    assert.equal(statement?.slice(1), ['c1', 'a', 0, 0, 'fever', 7]);
  });

  it('undo a trigger at its first undo only', () => {
    const [statement] = planCallStatements({ kind: 'trigger-undone', data: { triggerId: 't1', wallMs: 7 } });
    assert.match(statement?.[0] ?? '', /undone_wall_ms IS NULL$/);
    assert.equal(statement?.slice(1), [7, 't1']);
  });

  it('of anything else are refused', () => {
    for (const kind of ['note', 'toString', '']) {
      assert.throws(() => planCallStatements({ kind, data: {} }), /nothing about a call/, kind);
    }
  });
});
