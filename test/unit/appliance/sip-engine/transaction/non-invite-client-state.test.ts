import {
  nextNonInviteClientState,
  startNonInviteClient,
  type NonInviteClientState,
} from '../../../../../appliance/sip-engine/transaction/non-invite-client-state.js';
import { DEFAULT_TRANSACTION_SETTINGS } from '../../../../../appliance/sip-engine/transaction/transaction-step.js';
import { assert, spec } from '../../../../support/spec.js';
import { effectsText, matrixText, withoutIdle } from './step-text.js';
import { CLIENT_EVENTS } from './transaction-events.js';

const SETTINGS = DEFAULT_TRANSACTION_SETTINGS;
const TRYING: NonInviteClientState = {
  machine: 'nonInviteClient',
  name: 'Trying',
  isReliable: false,
  resendMs: 1000,
};

const STATES: Readonly<Record<string, NonInviteClientState>> = {
  Trying: TRYING,
  'Trying, at T2': { ...TRYING, resendMs: 4000 },
  'Trying, reliable': { ...TRYING, isReliable: true },
  Proceeding: { ...TRYING, name: 'Proceeding' },
  'Proceeding, reliable': { ...TRYING, name: 'Proceeding', isReliable: true },
  Completed: { ...TRYING, name: 'Completed' },
  Terminated: { ...TRYING, name: 'Terminated' },
};

/** What is not listed changes nothing and does nothing. */
const MATRIX: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Trying: {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Completed: -E, -F, K=5000, tell response',
    '486': 'Completed: -E, -F, K=5000, tell response',
    'timer E': 'Trying resendMs=2000: send request, E=2000',
    'timer F': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  'Trying, at T2': {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Completed: -E, -F, K=5000, tell response',
    '486': 'Completed: -E, -F, K=5000, tell response',
    'timer E': 'Trying: send request, E=4000',
    'timer F': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  'Trying, reliable': {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Terminated: end, tell response',
    '486': 'Terminated: end, tell response',
    'timer E': 'Trying resendMs=2000: send request, E=2000',
    'timer F': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  Proceeding: {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Completed: -E, -F, K=5000, tell response',
    '486': 'Completed: -E, -F, K=5000, tell response',
    'timer E': 'Proceeding resendMs=4000: send request, E=4000',
    'timer F': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  'Proceeding, reliable': {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Terminated: end, tell response',
    '486': 'Terminated: end, tell response',
    'timer E': 'Proceeding resendMs=4000: send request, E=4000',
    'timer F': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  Completed: { 'timer K': 'Terminated: end' },
  Terminated: {},
};

spec('non-invite-client-state', (it) => {
  it('the full matrix of states and events is as written', () => {
    const matrix = matrixText(STATES, CLIENT_EVENTS, (state, event) =>
      nextNonInviteClientState(state, event, SETTINGS),
    );
    for (const row of Object.values(matrix))
      assert.is(Object.keys(row).length, Object.keys(CLIENT_EVENTS).length);
    assert.equal(withoutIdle(matrix), MATRIX);
  });

  it('whatever is told to the user comes last, so that the user meets the new state', () => {
    for (const state of Object.values(STATES)) {
      for (const event of Object.values(CLIENT_EVENTS)) {
        const { effects } = nextNonInviteClientState(state, event, SETTINGS);
        assert.ok(effects.slice(0, -1).every(({ kind }) => kind !== 'deliver'));
      }
    }
  });

  it('starts by sending, with E over UDP only', () => {
    const started = (isReliable: boolean) =>
      effectsText(startNonInviteClient({ isReliable }, SETTINGS).effects);
    assert.is(started(false), 'send request, E=500, F=32000');
    assert.is(started(true), 'send request, F=32000');
  });
});
