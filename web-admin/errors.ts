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
});
