/** Operating errors of web-admin: what a person meets who starts the panel or asks it for something. */
import { defineErrors } from '../cluster/base/errors.js';

export const panelErrors = defineErrors({
  PANEL_CANNOT_LISTEN: {
    message: 'the panel cannot listen on port {port}: {problem}',
    action:
      'End the program that uses the port, or give the site document another ports.panel, on every node.',
    retryable: true,
  },
  PANEL_BAD_REQUEST: {
    message: 'the request is not one that the panel understands: {problem}',
    action: 'Correct the request; nothing has been changed by it.',
    retryable: false,
  },
  PANEL_NO_SUCH_PAGE: {
    message: 'the panel has nothing at {method} {path}',
    action: 'Open / in a browser, or ask /api/status for the state of the node.',
    retryable: false,
  },
  PANEL_INTERNAL: {
    message: 'the panel failed while it answered (reference {reference})',
    action: 'Look for the reference in the log of the panel on this node; calls are not affected.',
    retryable: true,
  },
  PANEL_NOT_LOGGED_IN: {
    message: 'nobody is logged in here, or the session is over',
    action: 'Log in and do it again; nothing has been changed.',
    retryable: false,
  },
  PANEL_NOT_ALLOWED: {
    message: 'none of the roles of this account may do that; it takes one of: {roles}',
    action: 'Ask somebody who has such a role, or the security administrator for one.',
    retryable: false,
  },
  PANEL_WRONG_LOGIN: {
    message: 'the name or the password is wrong, or the account is disabled',
    action:
      'Try again; after a few wrong ones you have to wait. The security administrator can set a new one.',
    retryable: false,
  },
  PANEL_WRONG_CODE: {
    message: 'the code is wrong, was used already, or is over',
    action: 'Wait for the next code of the authenticator, look at its clock, and try again.',
    retryable: false,
  },
  PANEL_LOCKED: {
    message: 'too many wrong attempts: locked on this node for {seconds} s more',
    action: 'Wait until the time is over, then try again with the right one.',
    retryable: true,
  },
  PANEL_TOO_MANY_REQUESTS: {
    message: 'too many requests from this address; the next one is taken in {seconds} s',
    action: 'Ask more slowly.',
    retryable: true,
  },
  PANEL_FOREIGN_REQUEST: {
    message: 'the request comes from another site, or without the header x-wardline',
    action:
      'Use the pages of the panel; a program of yours sends the header x-wardline: 1 and its own token.',
    retryable: false,
  },
  PANEL_NOT_FIRST: {
    message: 'there is an account already, so the one-time code is worth nothing',
    action: 'Log in, or ask the security administrator for an account.',
    retryable: false,
  },
  PANEL_ROLES_SEPARATED: {
    message: 'no account may have more than one of these roles: {roles}',
    action: 'Give them to different people, each with an account of their own.',
    retryable: false,
  },
  PANEL_LAST_ADMINISTRATOR: {
    message: 'nobody would be left who gives rights',
    action: 'Make another security administrator first.',
    retryable: false,
  },
  PANEL_NAME_TAKEN: {
    message: 'there is an account "{name}" already',
    action: 'Choose another name.',
    retryable: false,
  },
  PANEL_CHANGED_MEANWHILE: {
    message: 'somebody else has changed {what} meanwhile',
    action: 'Look at it as it is now and do your change again.',
    retryable: false,
  },
  PANEL_NOT_FOUND: {
    message: 'there is no {what} "{id}", or not one that this account may see',
    action: 'Choose another one from the list.',
    retryable: false,
  },
  PANEL_APPROVAL_REFUSED: {
    message: 'the request cannot be decided like that: {problem}',
    action: 'Read its state in the list; somebody else may have decided it, or has to.',
    retryable: false,
  },
  PANEL_NODE_AWAY: {
    message: 'the panel of node {node} does not answer: {problem}',
    action: 'Look at the node under Nodes; its calls may go on all the same. Try again when it is back.',
    retryable: true,
  },
});

/** HTTP status by code; what is not here is 400, or 503 when it may succeed later. */
export const HTTP_STATUS: Readonly<Record<string, number>> = {
  PANEL_NO_SUCH_PAGE: 404,
  PANEL_NOT_FOUND: 404,
  PANEL_INTERNAL: 500,
  PANEL_NOT_LOGGED_IN: 401,
  PANEL_WRONG_LOGIN: 401,
  PANEL_WRONG_CODE: 401,
  PANEL_NOT_ALLOWED: 403,
  PANEL_FOREIGN_REQUEST: 403,
  PANEL_LOCKED: 429,
  PANEL_TOO_MANY_REQUESTS: 429,
  PANEL_NOT_FIRST: 409,
  PANEL_NAME_TAKEN: 409,
  PANEL_CHANGED_MEANWHILE: 409,
  PANEL_APPROVAL_REFUSED: 409,
};
