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
  LAB_NO_BOX: {
    message: 'no box is running{detail}',
    action: 'Start one with: npm start',
    retryable: false,
  },
  LAB_WHICH_BOX: {
    message: 'more than one box is running: {boxes}',
    action: 'Say which one: npm run lab -- <command> --box <id>',
    retryable: false,
  },
  LAB_BOX_RUNNING: {
    message: 'a box with the id "{boxId}" is running already (process {pid})',
    action: 'Stop it with Ctrl-C where it was started, or choose another id: npm start -- --box <id>',
    retryable: false,
  },
  LAB_UNKNOWN_NODE: {
    message: 'there is no node "{node}" in this box; it has {known}',
    action: 'Name one of them.',
    retryable: false,
  },
  LAB_NODE_OFF: {
    message: 'node {node} is powered off',
    action: 'Bring it back with: npm run lab -- power-on {node}',
    retryable: false,
  },
  LAB_NODE_ON: {
    message: 'node {node} is powered on already',
    action: 'See npm run lab -- status',
    retryable: false,
  },
  LAB_UNKNOWN_SERVICE: {
    message: 'node {node} has no service "{service}"; it has {known}',
    action: 'Name one of them.',
    retryable: false,
  },
  LAB_SERVICE_FAILED: {
    message: 'node {node}: {service} does not start: {reason}. The end of its log: {tail}',
    action: 'Put right what the log names, then power the node off and on.',
    retryable: false,
  },
  LAB_NOT_READY: {
    message: '{what} was not ready after {deadlineMs} ms; last seen: {seen}',
    action: 'Look at the logs in {logs}.',
    retryable: true,
  },
  LAB_INTERFACE: {
    message: 'the interface "{interface}" cannot be attached: {problem}',
    action: '{fix}',
    retryable: false,
  },
});
