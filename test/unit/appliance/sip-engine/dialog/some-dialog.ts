/** A dialog with every field filled, for tests. */
import { Dialog, type DialogFields } from '../../../../../appliance/sip-engine/dialog/dialog.js';
import { FLOW } from '../engine/sip-text.js';

export function dialogOf(changes: Partial<DialogFields> = {}): Dialog {
  return new Dialog({
    id: 'call-1;from-tag=from-1',
    kind: 'INVITE',
    role: 'uas',
    addressId: 'a',
    callId: 'call-1',
    localTag: 'ours',
    localParty: '"Desk" <sip:100@hospital.example>',
    createdWallMs: 1000,
    state: 'confirmed',
    remoteTag: 'theirs',
    remoteParty: '<sip:alice@hospital.example>',
    localSeq: 10,
    remoteSeq: 20,
    inviteSeq: 20,
    remoteTarget: 'sip:alice@10.77.1.50',
    localContact: '<sip:10.77.0.11>',
    routeSet: ['<sip:p1;lr>'],
    isSecure: true,
    flow: { ...FLOW, protocol: 'tcp', isReliable: true, connectionId: 7 },
    isNated: true,
    sessionTimer: { interval: 1800, isRefresher: true, deadlineWallMs: 5000 },
    localSdp: { contentType: 'application/sdp', body: 'v=0 \u00fc' },
    remoteSdp: { contentType: 'application/sdp', body: 'v=1' },
    appTags: ['desk', 'night'],
    payload: '{"seat":7,"name":"Grüße"}',
    ...changes,
  });
}
