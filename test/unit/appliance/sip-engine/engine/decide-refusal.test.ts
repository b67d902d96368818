/** What the engine refuses by itself (RFC 3261 8.2.2, RFC 3891 3, RFC 4028 9). */
import { decideRefusal } from '../../../../../appliance/sip-engine/engine/decide-refusal.js';
import { makeUacDialog, makeUasDialog } from '../../../../../appliance/sip-engine/engine/make-dialog.js';
import type { Dialog, DialogState } from '../../../../../appliance/sip-engine/dialog/dialog.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import { assert, spec } from '../../../../support/spec.js';
import { FLOW, requestOf, responseOf } from './sip-text.js';

function refusalOf(request: SipMessage, found?: Dialog, isMerged = false) {
  const policy = { minSe: 90, defaultRefresher: 'none' } as const;
  return decideRefusal({ request, isMerged, policy, findDialog: () => found });
}

function statusOf(request: SipMessage, found?: Dialog): number | undefined {
  return refusalOf(request, found)?.status;
}

function dialogOf(role: 'uas' | 'uac', state: DialogState, method = 'INVITE'): Dialog {
  const common = { addressId: 'a', state, natDetection: false, appTags: [], wallMs: 0 };
  return role === 'uas'
    ? makeUasDialog({ ...common, request: requestOf(method), source: FLOW, localTag: 't', localContact: '' })
    : makeUacDialog({ ...common, request: requestOf(method), response: responseOf(180, method), flow: FLOW });
}

spec('a request', (it) => {
  it('that asks for nothing special is given to an application', () => {
    for (const method of ['INVITE', 'OPTIONS', 'REGISTER', 'FOO'])
      assert.is(statusOf(requestOf(method)), undefined);
  });

  it('that came on two ways gets 482, before anything else', () => {
    assert.is(refusalOf(requestOf('INVITE', { Require: 'what' }), undefined, true)?.status, 482);
  });

  it('that requires what is unknown gets 420 with all of it, and nothing of what is known', () => {
    const refusal = refusalOf(requestOf('INVITE', { Require: ['timer, warp', '100rel, time'] }));
    assert.is(refusal?.status, 420);
    assert.equal(refusal?.headers, [{ name: 'Unsupported', value: 'warp, time' }]);
  });

  it('that requires what the engine does is taken', () => {
    assert.is(statusOf(requestOf('INVITE', { Require: '100rel, timer, replaces' })), undefined);
  });

  it('whose session would be too short gets 422 with Min-SE, if it knows what that means', () => {
    const headers = { 'Session-Expires': '89', Supported: 'timer' };
    assert.is(statusOf(requestOf('INVITE', headers)), 422);
    assert.is(statusOf(requestOf('UPDATE', headers)), 422);
    assert.equal(refusalOf(requestOf('INVITE', headers))?.headers, [{ name: 'Min-SE', value: '90' }]);
    assert.is(statusOf(requestOf('INVITE', { ...headers, 'Session-Expires': '90' })), undefined);
    assert.is(statusOf(requestOf('INVITE', { 'Session-Expires': '89' })), undefined);
    assert.is(statusOf(requestOf('OPTIONS', headers)), undefined);
  });
});

spec('Replaces (RFC 3891 3)', (it) => {
  const REPLACES = { Replaces: 'c;to-tag=1;from-tag=2' };
  const EARLY_ONLY = { Replaces: 'c;to-tag=1;from-tag=2;early-only' };

  it('in anything but INVITE gets 400', () => {
    assert.is(statusOf(requestOf('OPTIONS', REPLACES), dialogOf('uas', 'confirmed')), 400);
  });

  it('of a dialog that is not there, or no call, gets 481', () => {
    assert.is(statusOf(requestOf('INVITE', REPLACES)), 481);
    assert.is(statusOf(requestOf('INVITE', REPLACES), dialogOf('uas', 'confirmed', 'SUBSCRIBE')), 481);
  });

  it('of a call that is up goes to the application, but with early-only gets 486', () => {
    for (const state of ['confirmed', 'confirmedNoAck'] as const) {
      assert.is(statusOf(requestOf('INVITE', REPLACES), dialogOf('uas', state)), undefined);
      assert.is(statusOf(requestOf('INVITE', EARLY_ONLY), dialogOf('uac', state)), 486);
    }
  });

  it('of an early dialog is for those that we began', () => {
    assert.is(statusOf(requestOf('INVITE', REPLACES), dialogOf('uas', 'early')), 481);
    assert.is(statusOf(requestOf('INVITE', REPLACES), dialogOf('uac', 'early')), undefined);
    assert.is(statusOf(requestOf('INVITE', EARLY_ONLY), dialogOf('uac', 'early')), undefined);
  });

  it('that cannot be read gets 400', () => {
    assert.is(statusOf(requestOf('INVITE', { Replaces: 'c;from-tag=2' })), 400);
  });
});
