/**
 * A call whose process is gone goes on in this one, from its state in live state. Pure.
 *
 * - answered callers: at once; who has hung up meanwhile is found by the dialogs that SIP still has.
 * - a caller who hears ringing: SIP gives us his INVITE again, and with it (`callerBack`) the call goes on.
 */
import { CallDraft } from './call-draft.js';
import type { CallState, CallTransition, Leg } from './call-types.js';
import { nextCallState } from './next-call-state.js';
import { resume } from './resume-call.js';

function legsOf({ caller, other, joining }: CallState): readonly Leg[] {
  return [caller, other, joining?.leg].filter((leg) => leg !== undefined);
}

/** @param alive legs whose dialogs are there */
export function adoptCall(state: CallState, alive: ReadonlySet<string>, nowWallMs: number): CallTransition {
  const draft = new CallDraft(state, nowWallMs);
  draft.note('adopted');
  for (const { party } of legsOf(state)) draft.occupySeat(party);
  let { state: now, effects } = draft.toTransition();
  for (const { legId, isAnswered } of legsOf(state)) {
    if (!isAnswered || alive.has(legId)) continue;
    const next = nextCallState(now, { kind: 'legEnded', legId }, nowWallMs);
    now = next.state;
    effects = [...effects, ...next.effects];
  }
  if (now.name === 'ended' || !now.caller.isAnswered) return { state: now, effects };
  const resumed = new CallDraft(now, nowWallMs);
  resume(resumed);
  return { state: resumed.state, effects: [...effects, ...resumed.effects] };
}
