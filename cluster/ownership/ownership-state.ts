/**
 * Who owns one service address, as one of the two partners sees it (continuity rules 1, 2, 4, 9). Looks at levels,
 * never at edges: the same view gives the same answer however often it is asked, so nothing is lost when a message is.
 *
 *                   master                     partner has confirmed
 *      Other ─────────────────────► Taker ───────────────────────────► Settled ◄────────────┐
 *      │ ▲ ▲ ▲                        ▲ │                                │ │ ▲               │
 *      │ │ │ └── offer gone ─ Preparing │ higher generation              │ │ └─ not prepared ┤
 *      │ │ │                    ▲ │     ▼ at the partner                 │ └─ order ─► Offering
 *      │ │ └ partner offers ────┘ │  Superseded ◄────────────────────────┘               │ prepared
 *      │ │                        │     │   partner's claim, or not master               ▼
 *      │ └────────────────────────┴─────┴────────────────────────────────────────── Leaving
 *      │ master, and the partner          it goes on
 *      └───────────────────────► Doubting ──────────► Yielding ──► Other: it is heard, or holds no longer
 *        is alive and holds         └── it does not: Taker
 *
 * - Other: the partner holds it, or nobody. keepalived: 100.
 * - Preparing: the partner wants to hand it over and our keepalived is ready to take it; it is on our interface and
 *   announced, VRRP has not moved yet. 100.
 * - Doubting: keepalived made us master although the partner is alive and says that it holds: either it lets go within
 *   milliseconds, or its adverts do not reach us. 100, so that a partner whose keepalived stood still keeps the address
 *   when it goes on.
 * - Yielding: its adverts do not reach us, so there is nothing to take (rule 4). -254 until they are heard again.
 * - Taker: we are master under a new generation, the partner has not confirmed it. 250, so that a partner that was
 *   frozen lets go at once when it thaws (with 200 against 200 both stop and nobody serves, measured).
 * - Settled: we are master and the partner knows. 200.
 * - Offering: a planned move waits for the partner to put the address on its interface. 200.
 * - Leaving: we let go, so that the partner becomes master within milliseconds. -254, which is FAULT.
 * - Superseded: the partner holds a higher generation while our keepalived still thinks it is master (it hangs): we
 *   take the address off the interface ourselves. -254.
 *
 * Every state but Yielding falls back to Other when VRRP says that we are not master; Leaving first waits for the
 * partner's claim.
 */
import type { OwnershipClaim } from './ownership-fact.js';

export type OwnershipStateName =
  | 'Other'
  | 'Preparing'
  | 'Doubting'
  | 'Yielding'
  | 'Taker'
  | 'Settled'
  | 'Offering'
  | 'Leaving'
  | 'Superseded';

export interface OwnershipState {
  readonly name: OwnershipStateName;
  /** Monotonic ms of the last change of `name`. */
  readonly sinceMs: number;
  readonly generation: number;
  readonly holder: string;
  /** How often this node announced itself as master and then left the address to the partner. */
  readonly yields: number;
  /** The partner's `yields` after which this node has announced itself. */
  readonly yieldsAnswered: number;
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
  readonly partner: OwnershipClaim | undefined;
  /** Time since the partner's beat last went on; Infinity when it never did. */
  readonly partnerSilentMs: number;
  /** The partner's adverts for this address arrive; only looked at while yielding. */
  readonly hearsPartner: boolean;
  readonly isOnInterface: boolean;
  /** A person or the laboratory wants the address moved to the partner: id of the move. */
  readonly order?: string;
}

export type MoveEnd = 'moved' | 'notPrepared' | 'notTaken' | 'lost';

export type OwnershipEffect =
  /** Put the address on the interface, if it is not there, and announce it to the LAN. */
  | { readonly type: 'takeAddress' }
  /** Announce it to the LAN, if it is on the interface: keepalived may have taken it off a moment ago. */
  | { readonly type: 'announceAddress' }
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

/**
 * A partner that died has been silent for longer when keepalived reports it: three adverts of 30 ms are 90 ms. One that
 * lives tells its beat every 20 ms.
 */
export const ALIVE_MS_MAX = 60;
/** For how long a partner must go on holding an address before its adverts count as lost. */
export const DOUBT_MS_MAX = 80;
/** A node that keeps off an address for the sake of the partner does so until that has been silent for this long. */
export const DEAD_MS_MIN = 500;
/** VRRP decides between two takers of one generation within milliseconds, unless it is what is cut. */
const TIE_MS_MAX = 300;
/** The partner reads an offer within 100 ms; when its keepalived has just started it first has to listen. */
export const OFFER_MS_MAX = 4000;
/** The partner is master 19-25 ms after our FAULT (measured); without it the address comes back to us. */
export const LEAVE_MS_MAX = 1000;

const WEIGHTS: Readonly<Record<OwnershipStateName, number>> = {
  Other: 0,
  Preparing: 0,
  Doubting: 0,
  Yielding: -254,
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
export function decideClaim(state: OwnershipState, view: OwnershipView): OwnershipClaim {
  const { generation, holder, name, moveId, yields } = state;
  const isPrepared = name === 'Preparing' && view.isOnInterface;
  return {
    generation,
    holder,
    isHeld: view.isMaster,
    yields,
    ...((name === 'Offering' || name === 'Leaving') && moveId !== undefined ? { offer: moveId } : {}),
    ...(isPrepared && moveId !== undefined ? { prepared: moveId } : {}),
  };
}

/**
 * What the interface should be like, whatever went wrong before: an effect that failed, a node service that was
 * restarted in the middle of a move, somebody's hands.
 * @returns undefined when the interface is as it should be, or when keepalived is about to change it
 */
export function decideRepair(state: OwnershipState, view: OwnershipView): 'take' | 'drop' | undefined {
  const { isMaster, isOnInterface } = view;
  switch (state.name) {
    case 'Other':
    case 'Yielding':
      return !isMaster && isOnInterface ? 'drop' : undefined;
    case 'Superseded':
      return isOnInterface ? 'drop' : undefined;
    case 'Preparing':
      return isOnInterface ? undefined : 'take';
    case 'Taker':
    case 'Settled':
    case 'Offering':
      return isMaster && !isOnInterface ? 'take' : undefined;
    case 'Doubting':
    case 'Leaving':
      return undefined;
  }
}

/**
 * Where a node service begins: it may have been restarted while its node held the address, which is no takeover.
 * @param known the node's own last fact
 */
export function firstOwnershipState(
  identity: OwnershipIdentity,
  known: OwnershipClaim | undefined,
  isMaster: boolean,
): OwnershipState {
  const { generation, holder } = known ?? { generation: 0, holder: identity.partner };
  const name = isMaster && holder === identity.own ? 'Taker' : 'Other';
  return { name, sinceMs: 0, generation, holder, yields: known?.yields ?? 0, yieldsAnswered: 0 };
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
  const { generation, holder, yields, yieldsAnswered } = moment.state;
  const move = moveId === undefined ? {} : { moveId };
  const state = { name, sinceMs: moment.nowMs, generation, holder, yields, yieldsAnswered, ...move };
  return { state, effects };
}

function stay({ state }: Moment): OwnershipStep {
  return { state, effects: [] };
}

/** The taker's first step: a generation above every one that either side knows. */
function take(moment: Moment, effects: OwnershipEffect[] = []): OwnershipStep {
  const { state, view, identity, nowMs } = moment;
  const generation = Math.max(state.generation, view.partner?.generation ?? 0) + 1;
  const { yields, yieldsAnswered } = state;
  const holder = identity.own;
  return { state: { name: 'Taker', sinceMs: nowMs, generation, holder, yields, yieldsAnswered }, effects };
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

/** Both took it in one generation and do not hear each other: one has to be the first. */
function losesTie(moment: Moment): boolean {
  const { state, view, identity } = moment;
  const isTie = holdsAtPartner(moment) && view.partner?.generation === state.generation;
  return isTie && identity.partner > identity.own;
}

function holdsAtPartner({ view, identity }: Moment): boolean {
  return view.partner?.isHeld === true && view.partner.holder === identity.partner;
}

/** Back to Other after phones may have learned the wrong node: the partner hears of it and announces itself. */
function yieldTo(moment: Moment, name: 'Other' | 'Yielding'): OwnershipStep {
  const state = { ...adopt(moment), yields: moment.state.yields + 1 };
  return to({ ...moment, state }, name, []);
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
  const { view } = moment;
  const adopted = adopt(moment);
  if (view.isMaster) {
    const isDoubtful = holdsAtPartner(moment) && view.partnerSilentMs <= ALIVE_MS_MAX;
    return isDoubtful ? to({ ...moment, state: adopted }, 'Doubting', []) : take(moment);
  }
  const { partner } = view;
  if (view.canTake && partner?.offer !== undefined && holdsAtPartner(moment)) {
    return to({ ...moment, state: adopted }, 'Preparing', [{ type: 'takeAddress' }], partner.offer);
  }
  return { state: adopted, effects: [] };
}

function whenDoubting(moment: Moment): OwnershipStep {
  const { view } = moment;
  if (!view.isMaster) return yieldTo(moment, 'Other');
  if (!holdsAtPartner(moment) || view.partnerSilentMs > ALIVE_MS_MAX) return take(moment);
  return isOver(moment, DOUBT_MS_MAX) ? yieldTo(moment, 'Yielding') : stay(moment);
}

function whenYielding(moment: Moment): OwnershipStep {
  const { view } = moment;
  const isPartnerServing = holdsAtPartner(moment) && view.partnerSilentMs < DEAD_MS_MIN;
  if (isPartnerServing && !view.hearsPartner) return stay(moment);
  return to({ ...moment, state: adopt(moment) }, 'Other', []);
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
  if (isSuperseded(moment) || (losesTie(moment) && isOver(moment, TIE_MS_MAX))) {
    return to(moment, 'Superseded', [{ type: 'dropAddress' }, ...endOfMove(moment, 'lost')]);
  }
  return undefined;
}

function whenTaker(moment: Moment): OwnershipStep {
  const { state, view, identity } = moment;
  // A node service that was restarted without its memory counts from what the partner remembers of it.
  const isForgetful = (view.partner?.generation ?? 0) > state.generation;
  if (isForgetful && view.partner?.holder === identity.own) return take(moment);
  // The partner may have announced itself once more before it let go: the last word must be ours.
  return isConfirmed(moment) ? to(moment, 'Settled', [{ type: 'announceAddress' }]) : stay(moment);
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
  const { view } = moment;
  if (!view.isMaster) return to({ ...moment, state: adopt(moment) }, 'Other', []);
  // The partner has died, or started anew and claims nothing: the address must be somewhere.
  const isClaimed = isSuperseded(moment) || losesTie(moment);
  const isPartnerServing = isClaimed && view.partnerSilentMs < DEAD_MS_MIN;
  return isPartnerServing ? stay(moment) : take(moment, [{ type: 'takeAddress' }]);
}

function decideStep(moment: Moment): OwnershipStep {
  switch (moment.state.name) {
    case 'Other':
      return whenOther(moment);
    case 'Preparing':
      return whenPreparing(moment);
    case 'Doubting':
      return whenDoubting(moment);
    case 'Yielding':
      return whenYielding(moment);
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

/** Phones that listened to the partner by mistake are called back. */
function answerYields(step: OwnershipStep, view: OwnershipView): OwnershipStep {
  const { state, effects } = step;
  const partnerYields = view.partner?.yields ?? 0;
  if (partnerYields === state.yieldsAnswered) return step;
  const isOwner = state.name === 'Settled' || state.name === 'Taker' || state.name === 'Offering';
  return {
    state: { ...state, yieldsAnswered: partnerYields },
    effects: isOwner ? [...effects, { type: 'announceAddress' }] : effects,
  };
}

/** @returns the next state and what to do; call it at every change that is seen and every 20 ms */
export function nextOwnershipState(
  state: OwnershipState,
  view: OwnershipView,
  identity: OwnershipIdentity,
  nowMs: number,
): OwnershipStep {
  return answerYields(decideStep({ state, view, identity, nowMs }), view);
}
