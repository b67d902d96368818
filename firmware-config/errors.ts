/** Operating errors of firmware-config. */
import { defineErrors } from '../cluster/base/errors.js';

export const configErrors = defineErrors({
  CONFIG_INVALID: {
    message: 'the {document} document has {count} problem(s):\n{list}',
    action: 'Correct the fields named; each line says how. Nothing of the document has been applied.',
    retryable: false,
  },
  CONFIG_BAD_ARGUMENT: {
    message: 'the program was started with wrong arguments: {problem}',
    action:
      'Start it with: --site <site document> --node <node document>; call control: --telephony and --routing, too',
    retryable: false,
  },
  CONFIG_UNREADABLE: {
    message: 'the {document} document at {path} cannot be read: {problem}',
    action: 'Put a JSON document there; "npm start" writes working examples for its box.',
    retryable: false,
  },
});
