/**
 * The life of one supervised process, as systemd would have it (Restart=always, RestartSec, StartLimit*).
 *
 *                 start                 ready
 *     Stopped ───────────► Starting ───────────► Up
 *        ▲                    │ exited             │ exited
 *        │ exited             ▼                    ▼
 *     Stopping ◄──────── Waiting ◄─────────────────┘
 *        ▲        stop      │  │ more exits than restartsMax within the window
 *        │                  │  └────────────► Failed
 *        └── stop ── Up     └── restartDelayMs over ──► Starting
 *
 * - Stopped: no process, none wanted.
 * - Starting: a process runs and has not said READY=1 yet (or, without notification, has just been started).
 * - Up: it counts as working.
 * - Waiting: it ended and will be started again after restartDelayMs.
 * - Failed: it ended too often; nobody restarts it until `start` is asked again.
 * - Stopping: it was told to end.
 *
 * Pure: the supervisor carries out the effects.
 */
export type ServiceStateName = 'Stopped' | 'Starting' | 'Up' | 'Waiting' | 'Failed' | 'Stopping';

export interface ServiceState {
  readonly name: ServiceStateName;
  /** Monotonic ms of the last change of `name`. */
  readonly sinceMs: number;
  /** Monotonic times of the unasked-for ends that still count towards the limit. */
  readonly endsMs: readonly number[];
  /** Restarts since the machine was powered on. */
  readonly restarts: number;
  /** Why it last ended, for people: "exit status 1", "signal SIGKILL", "no READY=1 within 10000 ms". */
  readonly lastEnd?: string;
}

export type ServiceEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'ready' }
  | { readonly type: 'exited'; readonly how: string }
  | { readonly type: 'restartDue' }
  /** No READY=1 in time, or the watchdog was not fed. */
  | { readonly type: 'overdue'; readonly how: string };

export type ServiceEffect =
  | { readonly type: 'spawn' }
  | { readonly type: 'terminate' }
  | { readonly type: 'abort' }
  | { readonly type: 'startRestartTimer'; readonly delayMs: number }
  | { readonly type: 'cancelRestartTimer' }
  | { readonly type: 'report'; readonly what: 'up' | 'crashed' | 'gaveUp' | 'overdue' };

export interface RestartLimits {
  readonly restartDelayMs: number;
  readonly restartsMax: number;
  readonly restartsWindowSeconds: number;
}

export interface ServiceStep {
  readonly state: ServiceState;
  readonly effects: readonly ServiceEffect[];
}

export const SERVICE_STOPPED: ServiceState = { name: 'Stopped', sinceMs: 0, endsMs: [], restarts: 0 };

function to(
  state: ServiceState,
  name: ServiceStateName,
  nowMs: number,
  effects: ServiceEffect[],
): ServiceStep {
  return { state: { ...state, name, sinceMs: nowMs }, effects };
}

function ignore(state: ServiceState): ServiceStep {
  return { state, effects: [] };
}

function afterUnwantedEnd(
  state: ServiceState,
  how: string,
  limits: RestartLimits,
  nowMs: number,
): ServiceStep {
  const windowStartMs = nowMs - limits.restartsWindowSeconds * 1000;
  const endsMs = [...state.endsMs.filter((ms) => ms > windowStartMs), nowMs];
  const ended = { ...state, endsMs, lastEnd: how };
  if (endsMs.length > limits.restartsMax) {
    return to(ended, 'Failed', nowMs, [{ type: 'report', what: 'gaveUp' }]);
  }
  return to(ended, 'Waiting', nowMs, [
    { type: 'report', what: 'crashed' },
    { type: 'startRestartTimer', delayMs: limits.restartDelayMs },
  ]);
}

function onStart(state: ServiceState, nowMs: number): ServiceStep {
  if (state.name !== 'Stopped' && state.name !== 'Failed') return ignore(state);
  return to({ ...state, endsMs: [] }, 'Starting', nowMs, [{ type: 'spawn' }]);
}

function onStop(state: ServiceState, nowMs: number): ServiceStep {
  switch (state.name) {
    case 'Starting':
    case 'Up':
      return to(state, 'Stopping', nowMs, [{ type: 'terminate' }]);
    case 'Waiting':
      return to(state, 'Stopped', nowMs, [{ type: 'cancelRestartTimer' }]);
    case 'Failed':
      return to(state, 'Stopped', nowMs, []);
    case 'Stopped':
    case 'Stopping':
      return ignore(state);
  }
}

function onExited(state: ServiceState, how: string, limits: RestartLimits, nowMs: number): ServiceStep {
  switch (state.name) {
    case 'Stopping':
      return to({ ...state, lastEnd: how }, 'Stopped', nowMs, []);
    case 'Starting':
    case 'Up':
      return afterUnwantedEnd(state, how, limits, nowMs);
    case 'Stopped':
    case 'Waiting':
    case 'Failed':
      return ignore(state);
  }
}

/** @returns the next state and what to do about it; pairs that cannot happen or do not matter change nothing */
export function nextServiceState(
  state: ServiceState,
  event: ServiceEvent,
  limits: RestartLimits,
  nowMs: number,
): ServiceStep {
  switch (event.type) {
    case 'start':
      return onStart(state, nowMs);
    case 'stop':
      return onStop(state, nowMs);
    case 'ready':
      return state.name === 'Starting'
        ? to(state, 'Up', nowMs, [{ type: 'report', what: 'up' }])
        : ignore(state);
    case 'exited':
      return onExited(state, event.how, limits, nowMs);
    case 'restartDue':
      if (state.name !== 'Waiting') return ignore(state);
      return to({ ...state, restarts: state.restarts + 1 }, 'Starting', nowMs, [{ type: 'spawn' }]);
    case 'overdue':
      // The end follows as `exited`; only the reason is kept here.
      if (state.name !== 'Starting' && state.name !== 'Up') return ignore(state);
      return {
        state: { ...state, lastEnd: event.how },
        effects: [{ type: 'report', what: 'overdue' }, { type: 'abort' }],
      };
  }
}
