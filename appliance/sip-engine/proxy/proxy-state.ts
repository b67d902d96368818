/**
 * A request that is proxied to one target or several (RFC 3261 16.6 to 16.10). Decides only; proxy-call.ts does it.
 *
 *                      refused: next target,            ┌── 2xx of INVITE again, or
 *                      or the targets of a 3xx          │   of another branch: forwarded
 *                       ┌────┐                          │   │
 *        request        │    ▼         2xx: forwarded,  ▼   │
 *      ───────────► Searching ───────────────────────► Answered
 *                     │   │            others cancelled    ▲
 *        6xx, CANCEL: │   │ no target left,                │ 2xx
 *        all branches │   │ no branch left                 │
 *           cancelled │   └───────────────► Failed ◄───┐   │
 *                     │                   best one     │   │
 *                     └────────► Stopping ─────────────┼───┘
 *                                          no branch left
 *
 * - Searching: nobody has answered. Provisional responses but 100 go to the caller.
 * - Stopping: no other target is tried. The branches are cancelled, and what they say is waited for: one may have
 *   answered already.
 * - Answered: the caller has a 2xx.
 * - Failed: the caller has the best refusal.
 *
 * A branch, in each of these:
 *
 *      calling ──1xx──► ringing ──final time-out──► expired ──► ended
 *         │                │                                      ▲
 *         ├────────────────┴──── CANCEL, 6xx ──► cancelled ───────┤
 *         └── either time-out, final response, lost ──────────────┘
 *
 * - calling: nothing has come back. One that runs into a time-out here is most likely dead: its CANCEL could not even
 *   be sent (RFC 3261 9.1), so nobody waits for it, but if it answers before everything is over, it counts.
 * - expired: its CANCEL is out; the next target is tried at once, but before the caller hears of a failure this
 *   branch has to have ended, as it may be answering at this moment. The transaction ends it in 32 s at the latest.
 * - cancelled: the same, because the caller or a 6xx wanted it.
 *
 * How long an INVITE may ring without `finalTimeoutMs` is timer C of its client transaction, which sends the CANCEL.
 */
import { chooseBest, type BranchRefusal } from './best-response.js';

export type ProxyStateName = 'Searching' | 'Stopping' | 'Answered' | 'Failed';
export type BranchPhase = 'calling' | 'ringing' | 'expired' | 'cancelled' | 'ended';
export type BranchTimer = 'provisional' | 'final';

export interface ProxyTarget {
  readonly uri: string;
  /** Out of a 3xx: it replaces the Request-URI in any case (RFC 3261 16.5). */
  readonly isRedirect: boolean;
}

export interface ProxyPolicy {
  readonly isInvite: boolean;
  readonly isSimultaneous: boolean;
  readonly followRedirects: boolean;
  /** Until a target has to have said anything. */
  readonly provisionalTimeoutMs?: number | undefined;
  readonly finalTimeoutMs?: number | undefined;
}

/** @typeParam R a response, which is nothing but handed on here */
export interface ProxyState<R> {
  readonly name: ProxyStateName;
  readonly policy: ProxyPolicy;
  readonly waiting: readonly ProxyTarget[];
  /** All that were ever a target: a redirection to one of them would go in circles (RFC 3261 16.5). */
  readonly known: readonly string[];
  /** By number of branch, in the order they were begun. */
  readonly branches: readonly BranchPhase[];
  readonly refusals: readonly BranchRefusal<R>[];
  /** By the caller. */
  readonly isCancelled: boolean;
}

export type ProxyEvent<R> =
  | {
      readonly kind: 'response';
      readonly branch: number;
      readonly status: number;
      readonly response: R;
      /** Of a 3xx: its Contacts, the best first. */
      readonly contacts: readonly string[];
    }
  /** No final response came (408), or the request could not be sent. */
  | { readonly kind: 'lost'; readonly branch: number; readonly status: number }
  | { readonly kind: 'timer'; readonly branch: number; readonly timer: BranchTimer }
  | { readonly kind: 'cancel' };

/** Why a branch is cancelled, for its Reason (RFC 3326): the status of somebody else's answer; 0: nothing to say. */
type CancelCause = number;

export type ProxyEffect<R> =
  | { readonly kind: 'begin'; readonly branch: number; readonly target: ProxyTarget }
  | { readonly kind: 'cancel'; readonly branch: number; readonly cause: CancelCause }
  | {
      readonly kind: 'startTimer';
      readonly branch: number;
      readonly timer: BranchTimer;
      readonly delayMs: number;
    }
  | { readonly kind: 'stopTimer'; readonly branch: number; readonly timer: BranchTimer }
  /** A 1xx or 2xx goes to the caller. */
  | { readonly kind: 'forward'; readonly response: R }
  /** A final response is told to the application. */
  | { readonly kind: 'report'; readonly response: R }
  /** The caller gets a refusal: that response, or one of our own; challenges of other targets go with it. */
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly response: R | undefined;
      readonly challenges: readonly R[];
    }
  /** The application hears nothing more, and no timer is of use any more. */
  | { readonly kind: 'done' };

export interface ProxyStep<R> {
  readonly state: ProxyState<R>;
  readonly effects: readonly ProxyEffect<R>[];
}

/** Of one request: whoever redirects us on and on comes to an end. */
const TARGETS_MAX = 100;

export function startProxy<R>(destinations: readonly string[], policy: ProxyPolicy): ProxyStep<R> {
  const known = [...new Set(destinations)].slice(0, TARGETS_MAX);
  const state: ProxyState<R> = {
    name: 'Searching',
    ...{ policy, known, branches: [], refusals: [], isCancelled: false },
    waiting: known.map((uri) => ({ uri, isRedirect: false })),
  };
  return goOn<R>(state, []);
}

export function nextProxyState<R>(state: ProxyState<R>, event: ProxyEvent<R>): ProxyStep<R> {
  if (event.kind === 'cancel') return whenCancelled(state);
  const phase = state.branches[event.branch];
  if (phase === undefined) return { state, effects: [] };
  if (state.name === 'Answered' || state.name === 'Failed') return whenOver(state, event);
  switch (event.kind) {
    case 'response':
      if (event.status < 200) return onProvisional(state, event, phase);
      return event.status < 300 ? onSuccess(state, event) : onRefusal(state, event, phase);
    case 'lost': {
      if (phase === 'ended') return { state, effects: [] };
      return goOn(...endBranch(state, event.branch, { status: event.status, response: undefined }));
    }
    case 'timer':
      return onTimer(state, event, phase);
  }
}

type Response<R> = Extract<ProxyEvent<R>, { kind: 'response' }>;

function whenOver<R>(state: ProxyState<R>, event: ProxyEvent<R>): ProxyStep<R> {
  const isSuccess = event.kind === 'response' && event.status >= 200 && event.status < 300;
  const isWanted = isSuccess && state.name === 'Answered' && state.policy.isInvite;
  // Each callee who picked up goes on repeating its 2xx until the caller acknowledges it (RFC 3261 16.7, step 5).
  return { state, effects: isWanted ? [{ kind: 'forward', response: event.response }] : [] };
}

function onProvisional<R>(state: ProxyState<R>, event: Response<R>, phase: BranchPhase): ProxyStep<R> {
  if (phase !== 'calling' && phase !== 'ringing') return { state, effects: [] };
  const effects: ProxyEffect<R>[] = phase === 'calling' ? stopTimer(state, event.branch, 'provisional') : [];
  // RFC 4320 4.1: of other requests only a 100 may be told, and that is every hop's own.
  const isTold = state.policy.isInvite && event.status > 100 && state.name === 'Searching';
  if (isTold) effects.push({ kind: 'forward', response: event.response });
  return { state: withPhase(state, event.branch, 'ringing'), effects };
}

function onSuccess<R>(state: ProxyState<R>, event: Response<R>): ProxyStep<R> {
  const { branch, response, status } = event;
  const effects: ProxyEffect<R>[] = [
    { kind: 'forward', response },
    { kind: 'report', response },
    ...stopTimers(state, branch),
  ];
  const [stopped, cancels] = cancelAll(withPhase(state, branch, 'ended'), status);
  effects.push(...cancels, { kind: 'done' });
  return { state: { ...stopped, name: 'Answered', waiting: [] }, effects };
}

function onRefusal<R>(state: ProxyState<R>, event: Response<R>, phase: BranchPhase): ProxyStep<R> {
  if (phase === 'ended') return { state, effects: [] };
  const { branch, status, response } = event;
  const report: ProxyEffect<R> = { kind: 'report', response };
  const fresh = freshTargets(state, event);
  if (fresh.length > 0) {
    const [ended, effects] = endBranch(state, branch, undefined);
    const known = [...state.known, ...fresh.map(({ uri }) => uri)];
    return goOn({ ...ended, known, waiting: [...fresh, ...state.waiting] }, [report, ...effects]);
  }
  // What our own CANCEL made of it is no news: the target did not answer in time.
  const isTimeout = phase === 'expired' && status === 487;
  const refusal = isTimeout ? { status: 408, response: undefined } : { status, response };
  const [ended, effects] = endBranch(state, branch, refusal);
  if (status < 600) return goOn(ended, [report, ...effects]);
  const [stopped, cancels] = cancelAll(ended, status);
  return goOn({ ...stopped, name: 'Stopping', waiting: [] }, [report, ...effects, ...cancels]);
}

/** Where a 3xx leads to, when it is followed. */
function freshTargets<R>(state: ProxyState<R>, event: Response<R>): ProxyTarget[] {
  if (event.status >= 400 || !state.policy.followRedirects || state.name !== 'Searching') return [];
  return [...new Set(event.contacts)]
    .filter((uri) => !state.known.includes(uri))
    .slice(0, TARGETS_MAX - state.known.length)
    .map((uri) => ({ uri, isRedirect: true }));
}

function onTimer<R>(
  state: ProxyState<R>,
  event: Extract<ProxyEvent<R>, { kind: 'timer' }>,
  phase: BranchPhase,
): ProxyStep<R> {
  const { branch, timer } = event;
  const isDue = phase === 'calling' || (phase === 'ringing' && timer === 'final');
  if (!isDue) return { state, effects: [] };
  const { isInvite } = state.policy;
  const cancel: ProxyEffect<R>[] = isInvite ? [{ kind: 'cancel', branch, cause: 0 }] : [];
  if (isInvite && phase === 'ringing') return goOn(withPhase(state, branch, 'expired'), cancel);
  const [ended, effects] = endBranch(state, branch, { status: 408, response: undefined });
  return goOn(ended, [...cancel, ...effects]);
}

/** Of an INVITE; other requests are not cancelled (RFC 3261 9.1). */
function whenCancelled<R>(state: ProxyState<R>): ProxyStep<R> {
  const isUnderWay = state.name === 'Searching' || state.name === 'Stopping';
  if (!isUnderWay || !state.policy.isInvite) return { state, effects: [] };
  const [stopped, effects] = cancelAll(state, 0);
  return goOn({ ...stopped, name: 'Stopping', waiting: [], isCancelled: true }, effects);
}

/** Begins what can be begun now, and ends what has come to its end. */
function goOn<R>(state: ProxyState<R>, before: readonly ProxyEffect<R>[]): ProxyStep<R> {
  const effects = [...before];
  let next = state;
  const isBusy = (): boolean => next.branches.some((phase) => phase === 'calling' || phase === 'ringing');
  while (next.waiting.length > 0 && (next.policy.isSimultaneous || !isBusy())) {
    const [target, ...waiting] = next.waiting;
    if (target === undefined) break;
    const branch = next.branches.length;
    next = { ...next, waiting, branches: [...next.branches, 'calling'] };
    effects.push({ kind: 'begin', branch, target }, ...startTimers<R>(next.policy, branch));
  }
  return next.branches.every((phase) => phase === 'ended') ? fail(next, effects) : { state: next, effects };
}

function fail<R>(state: ProxyState<R>, effects: readonly ProxyEffect<R>[]): ProxyStep<R> {
  const best = chooseBest(state.refusals);
  const isSilent = best.response === undefined && best.status === 408;
  const status = isSilent && state.isCancelled ? 487 : best.status;
  const isChallenge = status === 401 || status === 407;
  const challenges = state.refusals.flatMap((refusal) => {
    const isOther = refusal.response !== best.response && (refusal.status === 401 || refusal.status === 407);
    return isChallenge && isOther && refusal.response !== undefined ? [refusal.response] : [];
  });
  // RFC 4320 4.2: a 408 to anything but INVITE comes too late to do good.
  const isTold = state.policy.isInvite || !isSilent;
  const refuse: ProxyEffect<R> = { kind: 'refuse', status, response: best.response, challenges };
  return {
    state: { ...state, name: 'Failed' },
    effects: [...effects, ...(isTold ? [refuse] : []), { kind: 'done' }],
  };
}

function withPhase<R>(state: ProxyState<R>, branch: number, phase: BranchPhase): ProxyState<R> {
  if (state.branches[branch] === phase) return state;
  return { ...state, branches: state.branches.with(branch, phase) };
}

/** @param refusal undefined when nobody is to hear of it */
function endBranch<R>(
  state: ProxyState<R>,
  branch: number,
  refusal: BranchRefusal<R> | undefined,
): [ProxyState<R>, ProxyEffect<R>[]] {
  const ended = withPhase(state, branch, 'ended');
  const refusals = refusal === undefined ? state.refusals : [...state.refusals, refusal];
  return [{ ...ended, refusals }, stopTimers(state, branch)];
}

/** Every branch of an INVITE that is not cancelled yet. */
function cancelAll<R>(state: ProxyState<R>, cause: CancelCause): [ProxyState<R>, ProxyEffect<R>[]] {
  if (!state.policy.isInvite) return [state, []];
  const effects: ProxyEffect<R>[] = [];
  const branches = state.branches.map((phase, branch): BranchPhase => {
    if (phase !== 'calling' && phase !== 'ringing') return phase;
    effects.push({ kind: 'cancel', branch, cause }, ...stopTimers(state, branch));
    return 'cancelled';
  });
  return [{ ...state, branches }, effects];
}

function startTimers<R>(policy: ProxyPolicy, branch: number): ProxyEffect<R>[] {
  const delays = [
    ['provisional', policy.provisionalTimeoutMs],
    ['final', policy.finalTimeoutMs],
  ] as const;
  return delays.flatMap(([timer, delayMs]) =>
    delayMs === undefined ? [] : [{ kind: 'startTimer', branch, timer, delayMs }],
  );
}

function stopTimer<R>({ policy }: ProxyState<R>, branch: number, timer: BranchTimer): ProxyEffect<R>[] {
  const delayMs = timer === 'final' ? policy.finalTimeoutMs : policy.provisionalTimeoutMs;
  return delayMs === undefined ? [] : [{ kind: 'stopTimer', branch, timer }];
}

function stopTimers<R>(state: ProxyState<R>, branch: number): ProxyEffect<R>[] {
  const phase = state.branches[branch];
  if (phase !== 'calling' && phase !== 'ringing') return [];
  const early = phase === 'calling' ? stopTimer(state, branch, 'provisional') : [];
  return [...early, ...stopTimer(state, branch, 'final')];
}
