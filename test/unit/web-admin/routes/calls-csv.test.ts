import type { CallRecord } from '../../../../cluster/store/call-record-read-port.js';
import { localTextOf, renderCsv } from '../../../../web-admin/routes/calls-csv.js';
import { assert, spec } from '../../../support/spec.js';

const CALL: CallRecord = {
  ...{ callId: 'c1', node: 'a', generation: 1, direction: 'inbound', caller: '139', dialled: '010' },
  ...{ department: 'reception', priority: 0, isEmergency: false, openedWallMs: 1_800_000_000_000 },
  ...{ answeredWallMs: null, endedWallMs: null, waitedMs: 1499, talkedMs: null, seat: null },
  ...{ callTaker: null, endReason: null, mos: null, recording: null, disposition: null },
};

const rowOf = (call: Partial<CallRecord>): string =>
  renderCsv([{ ...CALL, ...call }], 'Asia/Shanghai').split('\r\n')[1] ?? '';

spec('records for a spreadsheet', (it) => {
  it("have the hospital's own time, and whole seconds", () => {
    assert.is(localTextOf(1_800_000_000_000, 'Asia/Shanghai'), '2027-01-15 16:00:00');
    assert.is(rowOf({}), 'c1,a,inbound,2027-01-15 16:00:00,,,139,010,reception,false,,,1,,,');
  });

  it('begin with a mark by which Chinese is read right, and with the names of the columns', () => {
    assert.match(renderCsv([], 'UTC'), /^\ufeffcall,node,direction,opened,/);
  });

  it('are no formulas, whatever a caller calls himself', () => {
    for (const caller of ['=1+1', '+8613900000000', '-1', '@x', '\tx'])
      assert.ok(rowOf({ caller }).includes(`'${caller}`), caller);
  });

  it('keep a comma, a quote and a line break in their cell', () => {
    const text = renderCsv([{ ...CALL, disposition: 'a,"b"\nc' }], 'UTC');
    assert.ok(text.includes('"a,""b""\nc"'));
  });
});
