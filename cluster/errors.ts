/** Operating errors of cluster: what a node service, its live state and its store can meet. */
import { defineErrors } from './base/errors.js';

export const clusterErrors = defineErrors({
  NODE_BAD_ORDER: {
    message: '{field}: {problem}',
    action: 'Correct the field and ask again; nothing has been changed.',
    retryable: false,
  },
  NODE_UNKNOWN_ADDRESS: {
    message: 'no service address of this pair has its home at "{home}"; there are {known}',
    action: 'Name one of these nodes.',
    retryable: false,
  },
  NODE_MOVE_NOT_POSSIBLE: {
    message: 'the service address {address} cannot be moved: {reason}',
    action: 'Look at the status of both nodes; try again when each address has one settled owner.',
    retryable: true,
  },
  NODE_MOVE_FAILED: {
    message: 'the service address {address} was not moved: {reason}',
    action: "See the partner's log for why it did not take the address; it is still served by this node.",
    retryable: true,
  },
  LIVE_STATE_AWAY: {
    message: 'the live state at {host}:{port} did not {what} within {deadlineMs} ms',
    action: 'Look at the Redis of this node; its supervisor restarts it within a second.',
    retryable: true,
  },
  STORE_AWAY: {
    message: 'the store at {host}:{port} did not answer: {problem}',
    action: 'Look at rqlited on that node; a node that has just started needs some seconds.',
    retryable: true,
  },
  STORE_NO_LEADER: {
    message: 'the store at {host}:{port} has no leader; whether a write was done is unknown',
    action: 'Wait for the election (about a second) and write again with the same id.',
    retryable: true,
  },
  STORE_NO_TABLES: {
    message: 'the store does not have the tables for {statement} yet: {problem}',
    action:
      'Wait some seconds: call control makes them when it starts. If it stays so, its log says what is in the way.',
    retryable: true,
  },
  STORE_REFUSED: {
    message: 'the store refused the statement {statement}: {problem}',
    action: 'Correct the statement: the same one will be refused again.',
    retryable: false,
  },
  STORE_NO_SUCH_DOCUMENT: {
    message: 'the store has no {kind} document of the version "{version}"',
    action: 'List the versions and name one of them.',
    retryable: false,
  },
});
