/** Operating errors of the SIP engine. */
import { defineErrors } from '../../cluster/base/errors.js';

export const sipErrors = defineErrors({
  SIP_CONFIG_INVALID: {
    message: 'the engine was not started: {count} problem(s) with its options:\n{list}',
    action: 'Correct the options named; each line says how, and --help lists them all.',
    retryable: false,
  },
});
