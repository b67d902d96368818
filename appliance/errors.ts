/** Operating errors of call control, as whoever gives it orders meets them. */
import { defineErrors } from '../cluster/base/errors.js';

export const applianceErrors = defineErrors({
  CALLS_BAD_ORDER: {
    message: 'field "{field}": {problem}',
    action: '{fix}',
    retryable: false,
  },
  CALLS_TEST_RUNS: {
    message: 'another test call is under way',
    action: 'Ask again in ten seconds.',
    retryable: true,
  },
  CALLS_NO_SUCH_CALL: {
    message: 'there is no call {callId} on this node',
    action: 'Look at the list of calls again: it has ended, or it is on the other node.',
    retryable: false,
  },
});
