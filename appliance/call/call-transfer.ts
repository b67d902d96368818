/** Transfers, blind and attended (RFC 5589). Who stays keeps its media; who asked leaves when the target has answered. */
import type { CallDraft } from './call-draft.js';
import { describeParty, notifyTransfer, queue } from './call-seeking.js';
import type { CallEvent } from './call-types.js';

type TransferEvent = Extract<CallEvent, { readonly kind: 'transferAsked' | 'legTaken' | 'legGiven' }>;

export function applyTransfer(draft: CallDraft, event: TransferEvent): void {
  if (event.kind === 'legGiven') {
    giveLeg(draft, event);
    return;
  }
  const byLegId = event.kind === 'legTaken' ? event.byLegId : event.legId;
  const by = draft.findLeg(byLegId);
  if (draft.state.name !== 'talking' || by === undefined) {
    if (event.isReferred) draft.do({ kind: 'notifyTransfer', legId: byLegId, status: 481 });
    draft.ignore(event, 'nobody talks');
    return;
  }
  const stays = draft.counterpart(byLegId) ?? by;
  const recallSeatId = by.party.kind === 'seat' ? by.party.seatId : undefined;
  const transfer = { byLegId, isReferred: event.isReferred, recallSeatId };
  // Who stays is the one whose media goes on; the other leaves when the target has answered.
  draft.change({ caller: stays, other: by, transfer, name: 'seeking' });
  draft.note('transferAsked', describeParty(by.party));
  if (event.kind === 'legTaken') {
    draft.change({ name: 'connecting', joining: { leg: event.leg, offerId: undefined } });
    draft.do({ kind: 'stopMusic', legId: stays.legId });
    draft.occupySeat(event.leg.party);
    draft.do({ kind: 'rejoin', legId: event.leg.legId });
    return;
  }
  draft.do({ kind: 'startMusic', legId: stays.legId });
  if (event.to.kind !== 'queue') {
    notifyTransfer(draft, 100);
    draft.ring(event.to, undefined);
    return;
  }
  queue(draft, event.to.place);
  // Who sends a caller to a queue does not wait in it; a call-taker who raises an emergency stays until it is taken.
  if (!event.isReferred) return;
  notifyTransfer(draft, 200);
  draft.dismiss(by, true);
  draft.change({ other: undefined, transfer: undefined });
}

/** An attended transfer seen from the consultation: one of the two has gone on, the other is dismissed. */
function giveLeg(draft: CallDraft, event: Extract<CallEvent, { kind: 'legGiven' }>): void {
  const { caller, other } = draft.state;
  const leaves = draft.findLeg(event.legId);
  if (leaves === undefined || draft.state.name !== 'talking') {
    draft.ignore(event, 'nobody talks');
    return;
  }
  const stays = leaves === caller ? other : caller;
  draft.freeSeat(leaves.party);
  if (stays !== undefined) draft.change({ caller: stays, other: undefined });
  draft.end('transferred');
}
