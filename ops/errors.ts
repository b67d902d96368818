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
  LAB_BOX_RUNNING: {
    message: 'box "{box}" is there already',
    action: 'Stop it with "npm run lab -- stop --box {box}", or give the new one another id with --box.',
    retryable: false,
  },
  LAB_NO_BOX: {
    message: 'no box is running',
    action: 'Start one with: npm start',
    retryable: false,
  },
  LAB_NOT_READY: {
    message: 'box "{box}" takes no commands: it is being started or taken down, or belongs to a test',
    action: 'Wait until its start has shown the status table, then try again.',
    retryable: true,
  },
  LAB_LOCKED: {
    message: 'another start of a box has held {path} for {seconds} s',
    action: 'Look for a start that hangs, end it, and try again.',
    retryable: true,
  },
  LAB_FAULT_FAILED: {
    message: '{what}: {problem}',
    action: 'See "npm run lab -- status" for how the box is now.',
    retryable: true,
  },
  PROMPT_BAD_WAV: {
    message: 'the recording cannot be played: {problem}',
    action: '{fix}',
    retryable: false,
  },
});
