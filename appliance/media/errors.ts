/** Operating errors of the media relay, as call control meets them. */
import { defineErrors } from '../../cluster/base/errors.js';

export const mediaErrors = defineErrors({
  MEDIA_UNREACHABLE: {
    message: 'rtpengine cannot be reached for "{command}"',
    action: 'See the state of rtpengine on this node; new calls go to the partner meanwhile.',
    retryable: true,
  },
  MEDIA_NO_ANSWER: {
    message: 'rtpengine did not answer "{command}" within {deadlineMs} ms',
    action: 'rtpengine hangs, or its Redis does: see both; new calls go to the partner meanwhile.',
    retryable: true,
  },
  MEDIA_REFUSED: {
    message: 'rtpengine refused "{command}": {reason}',
    action: 'See the log of rtpengine for the call of this moment.',
    retryable: false,
  },
  MEDIA_NO_CODEC: {
    message: 'no audio codec in common: {offered} was offered',
    action: 'Allow PCMA, PCMU, G.722 or Opus at the peer.',
    retryable: false,
  },
});
