/** Keys that both nodes share, each in a file of its own. */
import { readFileSync } from 'node:fs';
import { sipErrors } from '../errors.js';

/**
 * @param field of the configuration, for the sentence
 * @throws SIP_BAD_KEY
 */
export function readKeyFile(file: string, field: string, bytesMin: number): Buffer {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (error) {
    throw sipErrors.SIP_BAD_KEY({ field, file, reason: (error as Error).message });
  }
  if (key.length >= bytesMin) return key;
  const reason = `it has ${String(key.length)} bytes, ${String(bytesMin)} are needed`;
  throw sipErrors.SIP_BAD_KEY({ field, file, reason });
}
