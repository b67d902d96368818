import {
  nextNonInviteServerState,
  startNonInviteServer,
  type NonInviteServerState,
} from '../../../../../appliance/sip-engine/transaction/non-invite-server-state.js';
import { DEFAULT_TRANSACTION_SETTINGS } from '../../../../../appliance/sip-engine/transaction/transaction-step.js';
import { assert, spec } from '../../../../support/spec.js';
import { effectsText, matrixText, withoutIdle } from './step-text.js';
import { SERVER_EVENTS } from './transaction-events.js';

const SETTINGS = DEFAULT_TRANSACTION_SETTINGS;
const TRYING: NonInviteServerState = { machine: 'nonInviteServer', name: 'Trying', isReliable: false };

const STATES: Readonly<Record<string, NonInviteServerState>> = {
  Trying: TRYING,
  'Trying, reliable': { ...TRYING, isReliable: true },
  Proceeding: { ...TRYING, name: 'Proceeding' },
  'Proceeding, reliable': { ...TRYING, name: 'Proceeding', isReliable: true },
  Completed: { ...TRYING, name: 'Completed' },
  Terminated: { ...TRYING, name: 'Terminated' },
};

/** What is not listed changes nothing and does nothing. */
const MATRIX: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Trying: {
    '100': 'Trying: refuse tryingTooEarly',
    '180': 'Trying: refuse provisionalToNonInvite',
    '200': 'Completed: -Trying, -GiveUp, send response, J=32000',
    '408': 'Trying: refuse timeoutToNonInvite',
    '486': 'Completed: -Trying, -GiveUp, send response, J=32000',
    'timer Trying': 'Proceeding: send trying',
    'timer GiveUp': 'Terminated: end, tell timeout',
    error: 'Trying: tell transport-error',
  },
  'Trying, reliable': {
    '100': 'Proceeding: -Trying, send response',
    '180': 'Trying: refuse provisionalToNonInvite',
    '200': 'Terminated: send response, end',
    '408': 'Trying: refuse timeoutToNonInvite',
    '486': 'Terminated: send response, end',
    'timer Trying': 'Proceeding: send trying',
    'timer GiveUp': 'Terminated: end, tell timeout',
    error: 'Trying: tell transport-error',
  },
  Proceeding: {
    '100': 'Proceeding: send response',
    '180': 'Proceeding: refuse provisionalToNonInvite',
    '200': 'Completed: -GiveUp, send response, J=32000',
    '408': 'Proceeding: refuse timeoutToNonInvite',
    '486': 'Completed: -GiveUp, send response, J=32000',
    request: 'Proceeding: send response',
    'timer GiveUp': 'Terminated: end, tell timeout',
    error: 'Proceeding: tell transport-error',
  },
  'Proceeding, reliable': {
    '100': 'Proceeding: send response',
    '180': 'Proceeding: refuse provisionalToNonInvite',
    '200': 'Terminated: send response, end',
    '408': 'Proceeding: refuse timeoutToNonInvite',
    '486': 'Terminated: send response, end',
    request: 'Proceeding: send response',
    'timer GiveUp': 'Terminated: end, tell timeout',
    error: 'Proceeding: tell transport-error',
  },
  Completed: {
    '100': 'Completed: refuse finished',
    '180': 'Completed: refuse finished',
    '200': 'Completed: refuse finished',
    '408': 'Completed: refuse finished',
    '486': 'Completed: refuse finished',
    request: 'Completed: send response',
    'timer J': 'Terminated: end',
    error: 'Completed: tell transport-error',
  },
  Terminated: {
    '100': 'Terminated: refuse finished',
    '180': 'Terminated: refuse finished',
    '200': 'Terminated: refuse finished',
    '408': 'Terminated: refuse finished',
    '486': 'Terminated: refuse finished',
    error: 'Terminated: tell transport-error',
  },
};

spec('non-invite-server-state', (it) => {
  it('the full matrix of states and events is as written', () => {
    const matrix = matrixText(STATES, SERVER_EVENTS, (state, event) =>
      nextNonInviteServerState(state, event, SETTINGS),
    );
    for (const row of Object.values(matrix))
      assert.is(Object.keys(row).length, Object.keys(SERVER_EVENTS).length);
    assert.equal(withoutIdle(matrix), MATRIX);
  });

  it('whatever is told to the user comes last, so that the user meets the new state', () => {
    for (const state of Object.values(STATES)) {
      for (const event of Object.values(SERVER_EVENTS)) {
        const { effects } = nextNonInviteServerState(state, event, SETTINGS);
        assert.ok(effects.slice(0, -1).every(({ kind }) => kind !== 'deliver'));
      }
    }
  });

  it('starts with the user, silent for as long as timer E of the client needs to reach T2', () => {
    const { effects } = startNonInviteServer({ isReliable: false }, SETTINGS);
    assert.is(effectsText(effects), 'Trying=3500, GiveUp=32000, tell request');
  });
});
