/** Dialogs as texts for the partner. */
import {
  parseDialogSnapshot,
  SNAPSHOT_VERSION,
  writeDialogSnapshot,
} from '../../../../../appliance/sip-engine/dialog/dialog-snapshot.js';
import { assert, spec } from '../../../../support/spec.js';
import { dialogOf } from './some-dialog.js';

const SUCCESS = { bytes: 'SIP/2.0 200 OK', flow: dialogOf().flow, transactionId: 'tx-1' };

type Json = Record<string, unknown>;

function changed(change: (record: Json, dialog: Json) => void): string {
  const record = JSON.parse(writeDialogSnapshot(dialogOf(), 3, SUCCESS)) as Json;
  change(record, record['dialog'] as Json);
  return JSON.stringify(record);
}

spec('the snapshot of a dialog', (it) => {
  it('comes back as it was, but for the connection, which belongs to the other node', () => {
    const dialog = dialogOf();
    const { gen, v, dialog: read } = parseDialogSnapshot(writeDialogSnapshot(dialog, 3, undefined));
    const { connectionId, ...flow } = dialog.flow;
    assert.is(connectionId, 7);
    assert.equal(read, { ...dialog.toFields(), flow });
    assert.equal([gen, v], [3, SNAPSHOT_VERSION]);
  });

  it('comes back when nothing is there that may be missing', () => {
    const nothing = {
      sessionTimer: undefined,
      localSdp: undefined,
      remoteSdp: undefined,
      remoteSeq: undefined,
    };
    const dialog = dialogOf({ ...nothing, routeSet: [], appTags: [], payload: '' });
    const { dialog: read } = parseDialogSnapshot(writeDialogSnapshot(dialog, 1, undefined));
    assert.equal(
      [read.sessionTimer, read.localSdp, read.remoteSeq, read.routeSet],
      [undefined, undefined, undefined, []],
    );
  });

  it('carries a 2xx that waits for its ACK', () => {
    const { success } = parseDialogSnapshot(writeDialogSnapshot(dialogOf(), 1, SUCCESS));
    assert.equal([success?.bytes, success?.transactionId], [SUCCESS.bytes, 'tx-1']);
    assert.is(success?.flow.connectionId, undefined);
  });

  it('of a newer engine with fields nobody knows is read', () => {
    const text = changed((record, dialog) => {
      record['extra'] = 1;
      dialog['extra'] = { a: 1 };
      delete dialog['payload'];
    });
    assert.is(parseDialogSnapshot(text).dialog.payload, '');
  });

  it('of a newer version is refused', () => {
    const text = changed((record) => {
      record['v'] = SNAPSHOT_VERSION + 1;
    });
    assert.throws(() => parseDialogSnapshot(text), /"v"/);
  });

  const mandatory = [
    ...['id', 'kind', 'role', 'addressId', 'callId', 'localTag', 'localParty', 'createdWallMs', 'state'],
    ...[
      'remoteTag',
      'remoteParty',
      'localSeq',
      'inviteSeq',
      'remoteTarget',
      'localContact',
      'routeSet',
      'flow',
    ],
    'appTags',
  ];
  for (const field of mandatory) {
    it(`without ${field}, or with something else in it, is refused by that name`, () => {
      for (const value of [undefined, true, [1]]) {
        const text = changed((_record, dialog) => {
          dialog[field] = value;
        });
        assert.throws(() => parseDialogSnapshot(text), new RegExp(`"${field}"|"protocol"`));
      }
    });
  }

  it('with a value that is none of the possible ones is refused', () => {
    for (const [field, value] of [
      ['state', 'terminated'],
      ['kind', 'REFER'],
      ['role', 'proxy'],
      ['remoteSeq', '20'],
      ['localSeq', null],
      ['sessionTimer', 1],
      ['localSdp', { body: 1 }],
      ['payload', 7],
    ] as const) {
      const text = changed((_record, dialog) => {
        dialog[field] = value;
      });
      assert.throws(() => parseDialogSnapshot(text), TypeError);
    }
  });

  it('with half a 2xx, or no JSON at all, is refused', () => {
    const text = changed((record) => {
      record['success'] = { bytes: 'x' };
    });
    assert.throws(() => parseDialogSnapshot(text), /transactionId/);
    for (const bad of ['', '{', 'null', '7', '"x"', '[]']) assert.throws(() => parseDialogSnapshot(bad));
  });
});
