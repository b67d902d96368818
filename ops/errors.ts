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
});
