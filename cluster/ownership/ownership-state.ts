/**
 * Who owns one service address, as one of the two partners sees it (continuity rules 1, 2, 3, 9). Looks at levels,
 * never at edges: the same view gives the same answer however often it is asked, so nothing is lost when a message is.
 *
 *                   master                     partner has confirmed
 *      Other ─────────────────────► Taker ───────────────────────────► Settled ◄────────────┐
 *      ▲ │ ▲                          ▲ │                                │ │ ▲               │
 *      │ │ └── offer gone ── Preparing┘ │ higher generation              │ │ └─ not prepared ┤
 *      │ │                      ▲       ▼ at the partner                 │ └─ order ─► Offering
 *      │ └── partner offers ────┘   Superseded ◄─────────────────────────┘               │ prepared
 *      │                              │   partner's claim, or not master                 ▼
 *      └──────────────────────────────┴───────────────────────────────────────────── Leaving
 *
 * - Other: the partner holds it, or nobody. keepalived: 100.
 * - Preparing: the partner wants to hand it over and our keepalived is ready to take it; it is on our interface and announced, VRRP has not moved yet. 100.
 * - Taker: we are master under a new generation, the partner has not confirmed it. 250, so that a partner that was
 *   frozen lets go at once when it thaws (with 200 against 200 both stop and nobody serves, measured).
 * - Settled: we are master and the partner knows. 200.
 * - Offering: a planned move waits for the partner to put the address on its interface. 200.
 * - Leaving: we let go, so that the partner becomes master within milliseconds. -254, which is FAULT.
 * - Superseded: the partner holds a higher generation while our keepalived still thinks it is master (it hangs): we
 *   take the address off the interface ourselves. -254.
 *
 * Every state falls back to Other when VRRP says that we are not master; Leaving first waits for the partner's claim.
 */
import type { OwnershipFact } from './ownership-fact.js';

export type OwnershipStateName =
  'Other' | 'Preparing' | 'Taker' | 'Settled' | 'Offering' | 'Leaving' | 'Superseded';

export interface OwnershipState {
  readonly name: OwnershipStateName;
  /** Monotonic ms of the last change of `name`. */
  readonly sinceMs: number;
  readonly generation: number;
  readonly holder: string;
  /** Of the planned move in Preparing, Offering and Leaving. */
  readonly moveId?: string;
}

/** What is to be seen at one moment. */
export interface OwnershipView {
  /** keepalived's last word: this node is master for the address. */
  readonly isMaster: boolean;
  /** keepalived hears the partner and would become master within milliseconds of its leaving. */
  readonly canTake: boolean;
  /** undefined: the partner has said nothing since it started. */
  readonly partner: OwnershipFact | undefined;
  /** A person or the laboratory wants the address moved to the partner: id of the move. */
  readonly order?: string;
}

export type MoveEnd = 'moved' | 'notPrepared' | 'notTaken' | 'lost';

export type OwnershipEffect =
  /** Put the address on the interface, if it is not there, and announce it to the LAN. */
  | { readonly type: 'takeAddress' }
  /** Take the address off the interface, unless keepalived has become master meanwhile. */
  | { readonly type: 'dropAddress' }
  | { readonly type: 'endMove'; readonly moveId: string; readonly how: MoveEnd };

export interface OwnershipStep {
  readonly state: OwnershipState;
  readonly effects: readonly OwnershipEffect[];
}

export interface OwnershipIdentity {
  readonly own: string;
  readonly partner: string;
}

/** The partner reads an offer within 100 ms; when its keepalived has just started it first has to listen. */
export const OFFER_MS_MAX = 4000;
/** The partner is master 19-25 ms after our FAULT (measured); without it the address comes back to us. */
export const LEAVE_MS_MAX = 1000;

const WEIGHTS: Readonly<Record<OwnershipStateName, number>> = {
  Other: 0,
  Preparing: 0,
  Taker: 150,
  Settled: 100,
  Offering: 100,
  Leaving: -254,
  Superseded: -254,
};

/** What the track file shall hold in a state, added to keepalived's base priority of 100. */
export function decideWeight(state: OwnershipState): number {
  return WEIGHTS[state.name];
}

/** What the partner shall know of a state. */
export function decideFact(state: OwnershipState, view: OwnershipView): OwnershipFact {
  const { generation, holder, name, moveId } = state;
  return {
    generation,
    holder,
    isHeld: view.isMaster,
    ...((name === 'Offering' || name === 'Leaving') && moveId !== undefined ? { offer: moveId } : {}),
    ...(name === 'Preparing' && moveId !== undefined ? { prepared: moveId } : {}),
  };
}

/**
 * Where a node service begins: it may have been restarted while its node held the address, which is no takeover.
 * @param known the node's own last fact
 */
export function firstOwnershipState(
  identity: OwnershipIdentity,
  known: OwnershipFact | undefined,
  isMaster: boolean,
): OwnershipState {
  const { generation, holder } = known ?? { generation: 0, holder: identity.partner };
  const name = isMaster && holder === identity.own ? 'Taker' : 'Other';
  return { name, sinceMs: 0, generation, holder };
}

interface Moment {
  readonly state: OwnershipState;
  readonly view: OwnershipView;
  readonly identity: OwnershipIdentity;
  readonly nowMs: number;
}

function to(
  moment: Moment,
  name: OwnershipStateName,
  effects: OwnershipEffect[],
  moveId?: string,
): OwnershipStep {
  const { generation, holder } = moment.state;
  const state = {
    name,
    sinceMs: moment.nowMs,
    generation,
    holder,
    ...(moveId === undefined ? {} : { moveId }),
  };
  return { state, effects };
}

function stay({ state }: Moment): OwnershipStep {
  return { state, effects: [] };
}

/** The taker's first step: a generation above every one that either side knows. */
function take(moment: Moment, effects: OwnershipEffect[] = []): OwnershipStep {
  const { state, view, identity, nowMs } = moment;
  const generation = Math.max(state.generation, view.partner?.generation ?? 0) + 1;
  return { state: { name: 'Taker', sinceMs: nowMs, generation, holder: identity.own }, effects };
}

/** Gives up what we thought and believes the partner, when it knows a generation at least as high. */
function adopt(moment: Moment): OwnershipState {
  const { state, view } = moment;
  if (view.partner === undefined || view.partner.generation < state.generation) return state;
  const { generation, holder } = view.partner;
  return { ...state, generation, holder };
}

function isSuperseded({ state, view, identity }: Moment): boolean {
  const { partner } = view;
  return (
    partner !== undefined && partner.generation > state.generation && partner.holder === identity.partner
  );
}

function isConfirmed({ state, view, identity }: Moment): boolean {
  const { partner } = view;
  return (
    partner !== undefined &&
    partner.generation === state.generation &&
    partner.holder === identity.own &&
    !partner.isHeld
  );
}

function isOver({ state, nowMs }: Moment, afterMs: number): boolean {
  return nowMs - state.sinceMs >= afterMs;
}

/** Of a planned move that this node began; empty when it began none. */
function endOfMove({ state }: Moment, how: MoveEnd): OwnershipEffect[] {
  const isOurs = state.name === 'Offering' || state.name === 'Leaving';
  return isOurs && state.moveId !== undefined ? [{ type: 'endMove', moveId: state.moveId, how }] : [];
}

function whenOther(moment: Moment): OwnershipStep {
  const { view, identity } = moment;
  if (view.isMaster) return take(moment);
  const adopted = adopt(moment);
  const { partner } = view;
  if (view.canTake && partner?.offer !== undefined && partner.isHeld && partner.holder === identity.partner) {
    return to({ ...moment, state: adopted }, 'Preparing', [{ type: 'takeAddress' }], partner.offer);
  }
  return { state: adopted, effects: [] };
}

function whenPreparing(moment: Moment): OwnershipStep {
  const { state, view } = moment;
  if (view.isMaster) return take(moment);
  const isWithdrawn = view.partner?.offer !== state.moveId;
  // The partner's own limits are below this; it ends the wait when the partner has died in the middle of a move.
  if (isWithdrawn || isOver(moment, OFFER_MS_MAX + LEAVE_MS_MAX)) {
    return to({ ...moment, state: adopt(moment) }, 'Other', [{ type: 'dropAddress' }]);
  }
  return stay(moment);
}

/** Settled, Offering and Taker are all master; what makes each of them stop being so is the same. */
function whenMasterEnds(moment: Moment): OwnershipStep | undefined {
  if (!moment.view.isMaster) {
    return to({ ...moment, state: adopt(moment) }, 'Other', endOfMove(moment, 'lost'));
  }
  if (isSuperseded(moment)) {
    return to(moment, 'Superseded', [{ type: 'dropAddress' }, ...endOfMove(moment, 'lost')]);
  }
  return undefined;
}

function whenTaker(moment: Moment): OwnershipStep {
  // The partner may have announced itself once more before it let go: the last word must be ours.
  return isConfirmed(moment) ? to(moment, 'Settled', [{ type: 'takeAddress' }]) : stay(moment);
}

function whenSettled(moment: Moment): OwnershipStep {
  const { order } = moment.view;
  return order === undefined ? stay(moment) : to(moment, 'Offering', [], order);
}

function whenOffering(moment: Moment): OwnershipStep {
  const { state, view } = moment;
  if (view.partner?.prepared === state.moveId) return to(moment, 'Leaving', [], state.moveId);
  if (isOver(moment, OFFER_MS_MAX)) return to(moment, 'Settled', endOfMove(moment, 'notPrepared'));
  return stay(moment);
}

function whenLeaving(moment: Moment): OwnershipStep {
  const { view } = moment;
  if (isSuperseded(moment)) {
    return to({ ...moment, state: adopt(moment) }, 'Other', endOfMove(moment, 'moved'));
  }
  if (!isOver(moment, LEAVE_MS_MAX)) return stay(moment);
  return to(moment, view.isMaster ? 'Settled' : 'Other', endOfMove(moment, 'notTaken'));
}

function whenSuperseded(moment: Moment): OwnershipStep {
  if (!moment.view.isMaster) return to({ ...moment, state: adopt(moment) }, 'Other', []);
  // The partner has started anew and claims nothing: the address must be somewhere.
  return isSuperseded(moment) ? stay(moment) : take(moment, [{ type: 'takeAddress' }]);
}

/** @returns the next state and what to do; call it at every change that is seen and at least every 100 ms */
export function nextOwnershipState(
  state: OwnershipState,
  view: OwnershipView,
  identity: OwnershipIdentity,
  nowMs: number,
): OwnershipStep {
  const moment = { state, view, identity, nowMs };
  switch (state.name) {
    case 'Other':
      return whenOther(moment);
    case 'Preparing':
      return whenPreparing(moment);
    case 'Taker':
      return whenMasterEnds(moment) ?? whenTaker(moment);
    case 'Settled':
      return whenMasterEnds(moment) ?? whenSettled(moment);
    case 'Offering':
      return whenMasterEnds(moment) ?? whenOffering(moment);
    case 'Leaving':
      return whenLeaving(moment);
    case 'Superseded':
      return whenSuperseded(moment);
  }
}
