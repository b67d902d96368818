import {
  nextInviteClientState,
  resumeInviteClient,
  startInviteClient,
  type InviteClientState,
} from '../../../../../appliance/sip-engine/transaction/invite-client-state.js';
import { DEFAULT_TRANSACTION_SETTINGS } from '../../../../../appliance/sip-engine/transaction/transaction-step.js';
import { assert, spec } from '../../../../support/spec.js';
import { effectsText, matrixText, withoutIdle } from './step-text.js';
import { CLIENT_EVENTS } from './transaction-events.js';

const SETTINGS = DEFAULT_TRANSACTION_SETTINGS;
const CALLING: InviteClientState = {
  machine: 'inviteClient',
  name: 'Calling',
  isReliable: false,
  isProxied: false,
  resendMs: 1000,
  cancel: 'none',
};

const STATES: Readonly<Record<string, InviteClientState>> = {
  Calling: CALLING,
  'Calling, reliable': { ...CALLING, isReliable: true },
  'Calling, proxied': { ...CALLING, isProxied: true },
  'Calling, cancel wanted': { ...CALLING, isProxied: true, cancel: 'wanted' },
  Proceeding: { ...CALLING, name: 'Proceeding' },
  'Proceeding, reliable': { ...CALLING, name: 'Proceeding', isReliable: true },
  'Proceeding, proxied': { ...CALLING, name: 'Proceeding', isProxied: true },
  'Proceeding, cancelled': { ...CALLING, name: 'Proceeding', isProxied: true, cancel: 'sent' },
  Completed: { ...CALLING, name: 'Completed' },
  Accepted: { ...CALLING, name: 'Accepted' },
  Terminated: { ...CALLING, name: 'Terminated' },
};

/** What is not listed changes nothing and does nothing. */
const MATRIX: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Calling: {
    '100': 'Proceeding: -A, -B, tell response',
    '180': 'Proceeding: -A, -B, tell response',
    '200': 'Accepted: -A, -B, M=32000, tell response',
    '486': 'Completed: -A, -B, send ack, D=32000, tell response',
    cancel: 'Calling cancel=wanted: ',
    'timer A': 'Calling resendMs=2000: send request, A=2000',
    'timer B': 'Terminated: end, tell timeout',
    'timer C': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  'Calling, reliable': {
    '100': 'Proceeding: -A, -B, tell response',
    '180': 'Proceeding: -A, -B, tell response',
    '200': 'Accepted: -A, -B, M=32000, tell response',
    '486': 'Terminated: send ack, end, tell response',
    cancel: 'Calling cancel=wanted: ',
    'timer A': 'Calling resendMs=2000: send request, A=2000',
    'timer B': 'Terminated: end, tell timeout',
    'timer C': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  'Calling, proxied': {
    '100': 'Proceeding: -A, -B, tell response',
    '180': 'Proceeding: -A, -B, C=185000, tell response',
    '200': 'Accepted: -A, -B, -C, M=32000, tell response',
    '486': 'Completed: -A, -B, -C, send ack, D=32000, tell response',
    cancel: 'Calling cancel=wanted: ',
    'timer A': 'Calling resendMs=2000: send request, A=2000',
    'timer B': 'Terminated: end, tell timeout',
    'timer C': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  'Calling, cancel wanted': {
    '100': 'Proceeding cancel=sent: -A, -B, -C, send cancel, Cancelled=32000, tell response',
    '180': 'Proceeding cancel=sent: -A, -B, -C, send cancel, Cancelled=32000, tell response',
    '200': 'Accepted: -A, -B, -C, M=32000, tell response',
    '486': 'Completed: -A, -B, -C, send ack, D=32000, tell response',
    'timer A': 'Calling resendMs=2000: send request, A=2000',
    'timer B': 'Terminated: end, tell timeout',
    'timer C': 'Terminated: end, tell timeout',
    error: 'Terminated: end, tell transport-error',
  },
  Proceeding: {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Accepted: M=32000, tell response',
    '486': 'Completed: send ack, D=32000, tell response',
    cancel: 'Proceeding cancel=sent: send cancel, Cancelled=32000',
    'timer C': 'Proceeding cancel=sent: send cancel, Cancelled=32000',
    'timer Cancelled': 'Terminated: end, tell timeout',
  },
  'Proceeding, reliable': {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Accepted: M=32000, tell response',
    '486': 'Terminated: send ack, end, tell response',
    cancel: 'Proceeding cancel=sent: send cancel, Cancelled=32000',
    'timer C': 'Proceeding cancel=sent: send cancel, Cancelled=32000',
    'timer Cancelled': 'Terminated: end, tell timeout',
  },
  'Proceeding, proxied': {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: C=185000, tell response',
    '200': 'Accepted: -C, M=32000, tell response',
    '486': 'Completed: -C, send ack, D=32000, tell response',
    cancel: 'Proceeding cancel=sent: -C, send cancel, Cancelled=32000',
    'timer C': 'Proceeding cancel=sent: -C, send cancel, Cancelled=32000',
    'timer Cancelled': 'Terminated: end, tell timeout',
  },
  'Proceeding, cancelled': {
    '100': 'Proceeding: tell response',
    '180': 'Proceeding: tell response',
    '200': 'Accepted: -Cancelled, M=32000, tell response',
    '486': 'Completed: -Cancelled, send ack, D=32000, tell response',
    'timer Cancelled': 'Terminated: end, tell timeout',
  },
  Completed: {
    '200': 'Completed: tell stray',
    '486': 'Completed: send ack',
    'timer D': 'Terminated: end',
    error: 'Terminated: end, tell transport-error',
  },
  Accepted: { '200': 'Accepted: tell response', 'timer M': 'Terminated: end' },
  Terminated: {},
};

spec('invite-client-state', (it) => {
  it('the full matrix of states and events is as written', () => {
    const matrix = matrixText(STATES, CLIENT_EVENTS, (state, event) =>
      nextInviteClientState(state, event, SETTINGS),
    );
    for (const row of Object.values(matrix))
      assert.is(Object.keys(row).length, Object.keys(CLIENT_EVENTS).length);
    assert.equal(withoutIdle(matrix), MATRIX);
  });

  it('whatever is told to the user comes last, so that the user meets the new state', () => {
    for (const state of Object.values(STATES)) {
      for (const event of Object.values(CLIENT_EVENTS)) {
        const { effects } = nextInviteClientState(state, event, SETTINGS);
        assert.ok(effects.slice(0, -1).every(({ kind }) => kind !== 'deliver'));
      }
    }
  });

  it('starts by sending, with A over UDP only and C for a proxy only', () => {
    const started = (isReliable: boolean, isProxied: boolean) =>
      effectsText(startInviteClient({ isReliable, isProxied }, SETTINGS).effects);
    assert.is(started(false, false), 'send request, A=500, B=32000');
    assert.is(started(true, false), 'send request, B=32000');
    assert.is(started(false, true), 'send request, A=500, B=32000, C=185000');
  });

  it('goes on after a takeover without sending over UDP, but with the CANCEL that was wanted', () => {
    const resumed = (isReliable: boolean, lastStatus: number, cancel: 'none' | 'wanted' | 'sent') => {
      const { state, effects } = resumeInviteClient(
        { isReliable, isProxied: true, lastStatus, cancel },
        SETTINGS,
      );
      return `${state.name} ${state.cancel}: ${effectsText(effects)}`;
    };
    assert.is(resumed(false, 0, 'none'), 'Calling none: A=500, B=32000, C=185000');
    assert.is(resumed(true, 0, 'none'), 'Calling none: send request, B=32000, C=185000');
    assert.is(resumed(false, 0, 'wanted'), 'Calling wanted: A=500, B=32000, C=185000');
    assert.is(resumed(false, 180, 'none'), 'Proceeding none: C=185000');
    assert.is(resumed(false, 180, 'sent'), 'Proceeding sent: -C, send cancel, Cancelled=32000');
  });
});
