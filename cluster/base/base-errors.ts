/** Operating errors of cluster/base. */
import { defineErrors } from './errors.js';

export const baseErrors = defineErrors({
  RETRY_DEADLINE_EXCEEDED: {
    message: '{what} did not succeed within {deadlineMs} ms ({attempts} attempts)',
    action: 'See the cause; the part it names is away or too slow.',
    retryable: true,
  },
  RETRY_ATTEMPTS_EXHAUSTED: {
    message: '{what} failed {attempts} times',
    action: 'See the cause; the part it names is away or refuses.',
    retryable: true,
  },
  QUEUE_FULL: {
    message: 'the queue "{queue}" holds its maximum of {capacity}',
    action: 'Find out why whoever empties it is slow; what was refused is named in the log.',
    retryable: true,
  },
  QUEUE_CLOSED: {
    message: 'the queue "{queue}" is closed',
    action: 'Nothing: its owner is being shut down.',
    retryable: false,
  },
  COMMAND_FAILED: {
    message: 'the command "{command}" ended with {status}: {output}',
    action: 'Run the command by hand to see more; check that you are root and that the program is installed.',
    retryable: false,
  },
  RPC_BAD_REQUEST: {
    message: 'not a request: {problem}',
    action: 'Send one JSON object per line: {example}',
    retryable: false,
  },
  RPC_UNKNOWN_METHOD: {
    message: 'there is no method "{method}"; known are: {known}',
    action: 'Use one of them; a newer command may be talking to an older process.',
    retryable: false,
  },
  RPC_UNREACHABLE: {
    message: 'nobody answers at {path}',
    action: 'Start the process that listens there, or see its log for why it ended.',
    retryable: true,
  },
  RPC_NO_ANSWER: {
    message: 'no answer to "{method}" from {path} within {deadlineMs} ms',
    action: 'The process is frozen or very busy: look at it with the status command, then try again.',
    retryable: true,
  },
});
