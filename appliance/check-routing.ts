import { Worker } from 'node:worker_threads';
import { OperatingError, type OperatingErrorFields } from '../cluster/base/errors.js';
import type { Telephony } from '../firmware-config/schema/telephony.js';
import type { Site } from '../firmware-config/site-nodes.js';

export interface CheckQuestion {
  /** As a person wrote it. */
  readonly document: unknown;
  readonly telephony: Telephony;
  readonly site: Site;
}

export type CheckAnswer = { readonly json: string } | { readonly error: OperatingErrorFields };

/** Far more than any document needs. */
const HEAP_MB_MAX = 128;

/** @returns text of the sealed document @throws CONFIG_INVALID */
export async function checkInWorker(question: CheckQuestion): Promise<string> {
  const worker = new Worker(new URL('./check-routing-main.js', import.meta.url), {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  const answer = await new Promise<CheckAnswer>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      reject(new Error('the check of a routing document ended without an answer'));
    });
  });
  if ('error' in answer) throw new OperatingError(answer.error);
  return answer.json;
}
