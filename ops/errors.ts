/** Operating errors of ops: what a person who starts or operates a box can meet, with the next step. */
import { defineErrors } from '../cluster/base/errors.js';

export const opsErrors = defineErrors({
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
  LAB_NO_OWNER: {
    message: 'the service address of node {home} has no settled owner after {seconds} s; last seen: {seen}',
    action: 'See the logs of the node services and of keepalived in the state folder of the box.',
    retryable: true,
  },
  LAB_NODE_ON: {
    message: 'node {node} is powered on already',
    action: 'Nothing: it is what you asked for.',
    retryable: false,
  },
});
