import {
  nextServiceState,
  SERVICE_STOPPED,
  type ServiceEvent,
  type ServiceState,
  type ServiceStateName,
} from '../../../../ops/lab/machine/service-state.js';
import { assert, spec } from '../../../support/spec.js';

const LIMITS = { restartDelayMs: 100, restartsMax: 2, restartsWindowSeconds: 10 };
const NAMES: readonly ServiceStateName[] = ['Stopped', 'Starting', 'Up', 'Waiting', 'Failed', 'Stopping'];
const EVENTS: readonly ServiceEvent[] = [
  { type: 'start' },
  { type: 'stop' },
  { type: 'ready' },
  { type: 'exited', how: 'signal SIGKILL' },
  { type: 'restartDue' },
  { type: 'overdue', how: 'no READY=1' },
];

/** The full matrix: for each state the next state per event, in the order of EVENTS. */
const MATRIX: Readonly<Record<ServiceStateName, readonly ServiceStateName[]>> = {
  Stopped: ['Starting', 'Stopped', 'Stopped', 'Stopped', 'Stopped', 'Stopped'],
  Starting: ['Starting', 'Stopping', 'Up', 'Waiting', 'Starting', 'Starting'],
  Up: ['Up', 'Stopping', 'Up', 'Waiting', 'Up', 'Up'],
  Waiting: ['Waiting', 'Stopped', 'Waiting', 'Waiting', 'Starting', 'Waiting'],
  Failed: ['Starting', 'Stopped', 'Failed', 'Failed', 'Failed', 'Failed'],
  Stopping: ['Stopping', 'Stopping', 'Stopping', 'Stopped', 'Stopping', 'Stopping'],
};

function inState(name: ServiceStateName): ServiceState {
  return { ...SERVICE_STOPPED, name };
}

spec('service-state', (it) => {
  it('the full matrix of states and events is as drawn', () => {
    for (const name of NAMES) {
      const reached = EVENTS.map((event) => nextServiceState(inState(name), event, LIMITS, 1000).state.name);
      assert.equal(reached, MATRIX[name], name);
    }
  });

  it('an event that changes nothing has no effect', () => {
    for (const name of NAMES) {
      for (const event of EVENTS) {
        const step = nextServiceState(inState(name), event, LIMITS, 1000);
        if (step.state.name === name && event.type !== 'overdue')
          assert.equal(step.effects, [], `${name} ${event.type}`);
      }
    }
    assert.ok(true);
  });

  it('a crash is reported and healed after the restart delay', () => {
    const step = nextServiceState(inState('Up'), { type: 'exited', how: 'exit status 1' }, LIMITS, 1000);
    assert.is(step.state.lastEnd, 'exit status 1');
    assert.equal(step.effects, [
      { type: 'report', what: 'crashed' },
      { type: 'startRestartTimer', delayMs: 100 },
    ]);
    const again = nextServiceState(step.state, { type: 'restartDue' }, LIMITS, 1100);
    assert.is(again.state.restarts, 1);
    assert.equal(again.effects, [{ type: 'spawn' }]);
  });

  it('a process that ends too often within the window is given up, and one that ends rarely is not', () => {
    const endAt = (state: ServiceState, nowMs: number): ServiceState =>
      nextServiceState({ ...state, name: 'Up' }, { type: 'exited', how: 'x' }, LIMITS, nowMs).state;
    const often = [1000, 2000, 3000].reduce(endAt, inState('Up'));
    assert.is(often.name, 'Failed');
    const rarely = [1000, 12_000, 23_000, 34_000].reduce(endAt, inState('Up'));
    assert.is(rarely.name, 'Waiting');
  });

  it('an overdue process is ended, and its end then counts as a crash', () => {
    const step = nextServiceState(inState('Starting'), { type: 'overdue', how: 'no READY=1' }, LIMITS, 1000);
    assert.equal(step.effects, [{ type: 'report', what: 'overdue' }, { type: 'abort' }]);
    const ended = nextServiceState(step.state, { type: 'exited', how: 'signal SIGABRT' }, LIMITS, 1001);
    assert.is(ended.state.name, 'Waiting');
  });
});
