/**
 * Checks one routing document in a thread of its own: the checking library takes half a second of a core to load, and
 * the thread of the calls has none to spare. Posts `{ json }` or `{ error }` and ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isOperatingError } from '../cluster/base/errors.js';
import { checkRoutingChange } from '../firmware-config/check-routing-change.js';
import type { CheckAnswer, CheckQuestion } from './check-routing.js';

const { document, telephony, site } = workerData as CheckQuestion;

function check(): CheckAnswer {
  try {
    return { json: checkRoutingChange(document, telephony, site) };
  } catch (error) {
    if (!isOperatingError(error)) throw error;
    const { code, message, action, retryable } = error;
    return { error: { code, message, action, retryable } };
  }
}

parentPort?.postMessage(check());
