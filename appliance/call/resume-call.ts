/** What a call needs to go on in another process than the one it began in. What rang before rings no more. */
import type { CallDraft } from './call-draft.js';
import type { CallState } from './call-types.js';

export function resume(draft: CallDraft): void {
  const { name, joining, ringing } = draft.state;
  for (const { legId } of Object.values(ringing)) draft.forget(legId);
  draft.do({ kind: 'unblockMedia' });
  if (name === 'talking') playToHeld(draft);
  else if (joining !== undefined) draft.do({ kind: 'join', legId: joining.leg.legId, sdp: joining.leg.sdp });
  else if (name === 'seeking') seek(draft, ringing);
}

function playToHeld(draft: CallDraft): void {
  const { caller, other } = draft.state;
  for (const leg of [caller, other]) {
    const held = leg?.isHolding === true ? draft.counterpart(leg.legId) : undefined;
    if (held !== undefined) draft.do({ kind: 'startMusic', legId: held.legId });
  }
}

/** The queue offers its seats again; who was dialled is rung again here. */
function seek(draft: CallDraft, ringing: CallState['ringing']): void {
  const { place, caller } = draft.state;
  const dialled = Object.values(ringing).filter(({ offerId }) => offerId === undefined);
  if (place === undefined && dialled.length === 0) {
    if (!caller.isAnswered) draft.do({ kind: 'refuseCaller', status: 480 });
    draft.end('noAnswer', caller.isAnswered ? undefined : caller.legId);
    return;
  }
  if (place !== undefined) draft.do({ kind: 'enqueue', place });
  if (caller.isAnswered) draft.do({ kind: 'startMusic', legId: caller.legId });
  else if (place !== undefined && place.trigger === undefined) draft.do({ kind: 'answerCaller' });
  else draft.do({ kind: 'ringBack' });
  for (const { target } of dialled) draft.ring(target, undefined);
}
