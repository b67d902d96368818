/** Operating errors of ops: what a person who starts or operates a box can meet, with the next step. */
import { defineErrors } from '../cluster/base/errors.js';

export const opsErrors = defineErrors({
  LAB_COMMAND_FAILED: {
    message: 'the command "{command}" ended with {status}: {output}',
    action: 'Run the command by hand to see more; check that you are root and that the program is installed.',
    retryable: false,
  },
  LAB_BAD_ARGUMENT: {
    message: '{argument}: {problem}',
    action: '{fix}',
    retryable: false,
  },
  LAB_UNKNOWN_NODE: {
    message: 'there is no node "{node}" in this box; it has {known}',
    action: 'Name one of them.',
    retryable: false,
  },
  LAB_NODE_OFF: {
    message: 'node {node} is powered off',
    action: 'Power it on first.',
    retryable: false,
  },
  LAB_NODE_ON: {
    message: 'node {node} is powered on already',
    action: 'Nothing: it is what you asked for.',
    retryable: false,
  },
});
