/** Dialogs made of messages (RFC 3261 12.1), and what later messages change of them (12.2). */
import {
  findContact,
  learnFromResponse,
  makeNotifiedDialog,
  makeUacDialog,
  makeUasDialog,
  refreshTarget,
} from '../../../../../appliance/sip-engine/engine/make-dialog.js';
import type { Dialog } from '../../../../../appliance/sip-engine/dialog/dialog.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';
import { assert, spec } from '../../../../support/spec.js';
import { FLOW, requestOf, responseOf } from './sip-text.js';

const COMMON = { addressId: 'a', state: 'early', appTags: ['desk'], wallMs: 5 } as const;
const ROUTES = ['<sip:p1;lr>, <sip:p2;lr>', '<sip:p3;lr>'];

function uas(request: SipMessage, source: SipFlow = FLOW, natDetection = true): Dialog {
  return makeUasDialog({
    ...COMMON,
    request,
    source,
    natDetection,
    localTag: 'ours',
    localContact: '<sip:us>',
  });
}

function uac(response: SipMessage, request = requestOf('INVITE', {}, 'v=0')): Dialog {
  return makeUacDialog({ ...COMMON, request, response, flow: FLOW, natDetection: true });
}

spec('the dialog of a UAS (12.1.1)', (it) => {
  it('has the peer of From, us of To, and no tags in either', () => {
    const dialog = uas(requestOf('INVITE', {}, 'v=0'));
    assert.equal([dialog.remoteParty, dialog.remoteTag], ['"Alice" <sip:alice@hospital.example>', 'from-1']);
    assert.equal([dialog.localParty, dialog.localTag], ['<sip:100@hospital.example>', 'ours']);
    assert.equal([dialog.role, dialog.kind, dialog.callId], ['uas', 'INVITE', 'call-1']);
    assert.equal([dialog.remoteSeq, dialog.inviteSeq, dialog.localSeq], [7, 7, 0]);
    assert.is(dialog.remoteTarget, 'sip:alice@10.77.1.50');
    assert.is(dialog.remoteSdp?.body, 'v=0');
    assert.equal(dialog.appTags, ['desk']);
  });

  it('has the Record-Route in its order', () => {
    const dialog = uas(requestOf('INVITE', { 'Record-Route': ROUTES }));
    assert.equal(dialog.routeSet, ['<sip:p1;lr>', '<sip:p2;lr>', '<sip:p3;lr>']);
  });

  it('is a subscription when SUBSCRIBE makes it', () => {
    assert.is(uas(requestOf('SUBSCRIBE')).kind, 'SUBSCRIBE');
  });
});

spec('the dialog of a UAC (12.1.2)', (it) => {
  it('has us of From, the peer of To, and the target of the Contact', () => {
    const dialog = uac(responseOf(180, 'INVITE', { Contact: '<sip:bob@10.77.1.60>' }, 'v=1'));
    assert.equal([dialog.localParty, dialog.localTag], ['"Alice" <sip:alice@hospital.example>', 'from-1']);
    assert.equal([dialog.remoteParty, dialog.remoteTag], ['<sip:100@hospital.example>', 'to-1']);
    assert.equal([dialog.localSeq, dialog.inviteSeq, dialog.remoteSeq], [7, 7, undefined]);
    assert.is(dialog.remoteTarget, 'sip:bob@10.77.1.60');
    assert.equal([dialog.localSdp?.body, dialog.remoteSdp?.body], ['v=0', 'v=1']);
    assert.is(dialog.localContact, '<sip:alice@10.77.1.50>');
  });

  it('has the Record-Route in reverse', () => {
    const dialog = uac(responseOf(200, 'INVITE', { 'Record-Route': ROUTES }));
    assert.equal(dialog.routeSet, ['<sip:p3;lr>', '<sip:p2;lr>', '<sip:p1;lr>']);
  });

  it('sends to the Request-URI when the response has no Contact', () => {
    assert.is(uac(responseOf(180, 'INVITE', { Contact: undefined })).remoteTarget, 'sip:100@10.77.0.11');
  });

  it('takes route and target of the 2xx for those of the 180 (13.2.2.4)', () => {
    const dialog = uac(responseOf(180, 'INVITE', { 'Record-Route': ROUTES }, 'v=1'));
    learnFromResponse(dialog, responseOf(200, 'INVITE', { Contact: '<sip:bob@10.77.1.61>' }), true);
    assert.equal(dialog.routeSet, []);
    assert.is(dialog.remoteTarget, 'sip:bob@10.77.1.61');
    assert.is(dialog.remoteSdp?.body, 'v=1');
  });

  it('of a NOTIFY has its sender for peer, and its Record-Route in its order (RFC 6665 4.1.2.4)', () => {
    const headers = { To: '<sip:100@x>;tag=ours', 'Record-Route': ROUTES, Contact: '<sip:n@10.77.1.62>' };
    const notify = requestOf('NOTIFY', headers);
    const request = requestOf('SUBSCRIBE');
    const dialog = makeNotifiedDialog({ ...COMMON, request, notify, flow: FLOW, natDetection: false });
    assert.equal([dialog.remoteTag, dialog.state, dialog.kind], ['from-1', 'confirmed', 'SUBSCRIBE']);
    assert.equal(dialog.routeSet, ['<sip:p1;lr>', '<sip:p2;lr>', '<sip:p3;lr>']);
    assert.is(dialog.remoteTarget, 'sip:n@10.77.1.62');
  });
});

spec('NAT detection (facts 2.7)', (it) => {
  const isNated = (
    contact: string,
    more: Record<string, string> = {},
    flow: Partial<SipFlow> = {},
  ): boolean => uas(requestOf('INVITE', { Contact: contact, ...more }), { ...FLOW, ...flow }).isNated;

  it('finds a Contact that is not where the request came from', () => {
    assert.is(isNated('<sip:a@192.168.1.2>'), true);
    assert.is(isNated('<sip:a@10.77.1.50:5062>'), true);
    assert.is(isNated('<sip:a@10.77.1.50>'), false);
    assert.is(isNated('<sip:a@10.77.1.50:5060>'), false);
  });

  it('does not look behind a proxy, nor over TCP, nor when it is off', () => {
    assert.is(isNated('<sip:a@192.168.1.2>', { 'Record-Route': '<sip:p;lr>' }), false);
    assert.is(isNated('<sip:a@192.168.1.2>', {}, { protocol: 'tcp', isReliable: true }), false);
    assert.is(uas(requestOf('INVITE', { Contact: '<sip:a@192.168.1.2>' }), FLOW, false).isNated, false);
  });

  it('compares IPv6 addresses by what they mean', () => {
    const flow = { remoteAddress: '2001:db8::1' };
    assert.is(isNated('<sip:a@[2001:DB8:0::1]>', {}, flow), false);
    assert.is(isNated('<sip:a@[2001:db8::2]>', {}, flow), true);
  });
});

spec('a target refresh (12.2.1.2, 12.2.2)', (it) => {
  it('moves the target and keeps the route', () => {
    const dialog = uas(requestOf('INVITE', { 'Record-Route': ROUTES }));
    const before = dialog.routeSet;
    refreshTarget(dialog, requestOf('INVITE', { Contact: '<sip:a@10.77.1.51>' }), FLOW, true);
    assert.is(dialog.remoteTarget, 'sip:a@10.77.1.51');
    assert.equal(dialog.routeSet, before);
  });

  it('without a Contact changes nothing', () => {
    const dialog = uas(requestOf('INVITE'));
    refreshTarget(dialog, requestOf('UPDATE', { Contact: undefined }), { ...FLOW, remotePort: 9 }, true);
    assert.equal([dialog.remoteTarget, dialog.flow.remotePort], ['sip:alice@10.77.1.50', 5060]);
  });

  it('takes the new way, as of a phone that has a new connection', () => {
    const dialog = uas(requestOf('INVITE'));
    refreshTarget(dialog, requestOf('INVITE'), { ...FLOW, remotePort: 40_000 }, true);
    assert.equal([dialog.flow.remotePort, dialog.isNated], [40_000, true]);
  });
});

spec('the Contact of a message', (it) => {
  it('is the first, and none where there is * or nothing', () => {
    assert.is(findContact(requestOf('INVITE', { Contact: '<sip:a@b>, <sip:c@d>' }))?.uri, 'sip:a@b');
    assert.is(findContact(requestOf('REGISTER', { Contact: '*' })), undefined);
    assert.is(findContact(requestOf('INFO', { Contact: undefined })), undefined);
  });
});
