/** Operating errors of call control's way to SIP. */
import { defineErrors } from '../../cluster/base/errors.js';

export const signallingErrors = defineErrors({
  SIGNALLING_GONE: {
    message: 'the party of leg {leg} has hung up',
    action: 'Nothing: the call is over.',
    retryable: false,
  },
  SIGNALLING_REFUSED: {
    message: 'the phone of leg {leg} refused new media with status {status}',
    action: 'See the codecs and the encryption that the phone offers.',
    retryable: false,
  },
});
