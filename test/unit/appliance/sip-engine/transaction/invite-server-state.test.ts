import {
  nextInviteServerState,
  resumeAnsweredInviteServer,
  resumeInviteServer,
  startInviteServer,
  type InviteServerState,
} from '../../../../../appliance/sip-engine/transaction/invite-server-state.js';
import { DEFAULT_TRANSACTION_SETTINGS } from '../../../../../appliance/sip-engine/transaction/transaction-step.js';
import { assert, spec } from '../../../../support/spec.js';
import { effectsText, matrixText, withoutIdle } from './step-text.js';
import { SERVER_EVENTS } from './transaction-events.js';

const SETTINGS = DEFAULT_TRANSACTION_SETTINGS;
const PROCEEDING: InviteServerState = {
  machine: 'inviteServer',
  name: 'Proceeding',
  isReliable: false,
  hasResponse: false,
  resendMs: 500,
};

const STATES: Readonly<Record<string, InviteServerState>> = {
  Proceeding: PROCEEDING,
  'Proceeding, reliable': { ...PROCEEDING, isReliable: true },
  'Proceeding, 1xx sent': { ...PROCEEDING, hasResponse: true },
  Completed: { ...PROCEEDING, name: 'Completed', hasResponse: true },
  'Completed, at T2': { ...PROCEEDING, name: 'Completed', hasResponse: true, resendMs: 4000 },
  'Completed, reliable': { ...PROCEEDING, name: 'Completed', hasResponse: true, isReliable: true },
  Confirmed: { ...PROCEEDING, name: 'Confirmed', hasResponse: true },
  Accepted: { ...PROCEEDING, name: 'Accepted', hasResponse: true },
  Terminated: { ...PROCEEDING, name: 'Terminated', hasResponse: true },
};

/** What is not listed changes nothing and does nothing. */
const MATRIX: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Proceeding: {
    '100': 'Proceeding hasResponse=true: -Trying, send response',
    '180': 'Proceeding hasResponse=true: -Trying, send response',
    '200': 'Accepted hasResponse=true: -Trying, send response, L=32000',
    '408': 'Completed hasResponse=true: -Trying, send response, G=500, H=32000',
    '486': 'Completed hasResponse=true: -Trying, send response, G=500, H=32000',
    'timer Trying': 'Proceeding hasResponse=true: send trying',
    error: 'Proceeding: tell transport-error',
  },
  'Proceeding, reliable': {
    '100': 'Proceeding hasResponse=true: -Trying, send response',
    '180': 'Proceeding hasResponse=true: -Trying, send response',
    '200': 'Accepted hasResponse=true: -Trying, send response, L=32000',
    '408': 'Completed hasResponse=true: -Trying, send response, H=32000',
    '486': 'Completed hasResponse=true: -Trying, send response, H=32000',
    'timer Trying': 'Proceeding hasResponse=true: send trying',
    error: 'Proceeding: tell transport-error',
  },
  'Proceeding, 1xx sent': {
    '100': 'Proceeding: send response',
    '180': 'Proceeding: send response',
    '200': 'Accepted: send response, L=32000',
    '408': 'Completed: send response, G=500, H=32000',
    '486': 'Completed: send response, G=500, H=32000',
    request: 'Proceeding: send response',
    error: 'Proceeding: tell transport-error',
  },
  Completed: {
    '100': 'Completed: refuse finished',
    '180': 'Completed: refuse finished',
    '200': 'Completed: refuse finished',
    '408': 'Completed: refuse finished',
    '486': 'Completed: refuse finished',
    request: 'Completed: send response',
    ack: 'Confirmed: -G, -H, I=5000',
    'timer G': 'Completed resendMs=1000: send response, G=1000',
    'timer H': 'Terminated: end, tell timeout',
    error: 'Completed: tell transport-error',
  },
  'Completed, at T2': {
    '100': 'Completed: refuse finished',
    '180': 'Completed: refuse finished',
    '200': 'Completed: refuse finished',
    '408': 'Completed: refuse finished',
    '486': 'Completed: refuse finished',
    request: 'Completed: send response',
    ack: 'Confirmed: -G, -H, I=5000',
    'timer G': 'Completed: send response, G=4000',
    'timer H': 'Terminated: end, tell timeout',
    error: 'Completed: tell transport-error',
  },
  'Completed, reliable': {
    '100': 'Completed: refuse finished',
    '180': 'Completed: refuse finished',
    '200': 'Completed: refuse finished',
    '408': 'Completed: refuse finished',
    '486': 'Completed: refuse finished',
    request: 'Completed: send response',
    ack: 'Terminated: end',
    'timer G': 'Completed resendMs=1000: send response, G=1000',
    'timer H': 'Terminated: end, tell timeout',
    error: 'Completed: tell transport-error',
  },
  Confirmed: {
    '100': 'Confirmed: refuse finished',
    '180': 'Confirmed: refuse finished',
    '200': 'Confirmed: refuse finished',
    '408': 'Confirmed: refuse finished',
    '486': 'Confirmed: refuse finished',
    'timer I': 'Terminated: end',
  },
  Accepted: {
    '100': 'Accepted: refuse finished',
    '180': 'Accepted: refuse finished',
    '200': 'Accepted: send response',
    '408': 'Accepted: refuse finished',
    '486': 'Accepted: refuse finished',
    ack: 'Accepted: tell ack',
    'timer L': 'Terminated: end',
    error: 'Accepted: tell transport-error',
  },
  Terminated: {
    '100': 'Terminated: refuse finished',
    '180': 'Terminated: refuse finished',
    '200': 'Terminated: refuse finished',
    '408': 'Terminated: refuse finished',
    '486': 'Terminated: refuse finished',
  },
};

spec('invite-server-state', (it) => {
  it('the full matrix of states and events is as written', () => {
    const matrix = matrixText(STATES, SERVER_EVENTS, (state, event) =>
      nextInviteServerState(state, event, SETTINGS),
    );
    for (const row of Object.values(matrix))
      assert.is(Object.keys(row).length, Object.keys(SERVER_EVENTS).length);
    assert.equal(withoutIdle(matrix), MATRIX);
  });

  it('whatever is told to the user comes last, so that the user meets the new state', () => {
    for (const state of Object.values(STATES)) {
      for (const event of Object.values(SERVER_EVENTS)) {
        const { effects } = nextInviteServerState(state, event, SETTINGS);
        assert.ok(effects.slice(0, -1).every(({ kind }) => kind !== 'deliver'));
      }
    }
  });

  it('starts with the user, and with a 100 after 200 ms unless the user sends that itself', () => {
    const started = (tryingMs: number | undefined) =>
      effectsText(startInviteServer({ isReliable: false }, { ...SETTINGS, tryingMs }).effects);
    assert.is(started(200), 'Trying=200, tell request');
    assert.is(started(undefined), 'tell request');
  });

  it('goes on after a takeover without sending anything at once', () => {
    const pending = (hasResponse: boolean) =>
      effectsText(resumeInviteServer({ isReliable: false, hasResponse }, SETTINGS).effects);
    assert.is(pending(false), 'Trying=200');
    assert.is(pending(true), '');
    const answered = (isReliable: boolean, status: number) => {
      const options = { isReliable, status, remainingMs: 7000 };
      const { state, effects } = resumeAnsweredInviteServer(options, SETTINGS);
      return `${state.name}: ${effectsText(effects)}`;
    };
    assert.is(answered(false, 200), 'Accepted: L=7000');
    assert.is(answered(false, 486), 'Completed: G=500, H=7000');
    assert.is(answered(true, 486), 'Completed: H=7000');
  });
});
