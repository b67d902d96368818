/** The keys of this node's panel, its journal, and what it knows of people: made at the first start, read at every other. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Clock } from '../cluster/base/clock.js';

export interface PanelKeys {
  readonly privateKey: KeyObject;
  /** SPKI, PEM. */
  readonly publicKey: string;
}

/** What sessions of this node are signed with; it never leaves the node. */
export async function openPanelKeys(path: string): Promise<PanelKeys> {
  const pem = await readFile(path, 'utf8').catch(() => undefined);
  const privateKey = pem === undefined ? generateKeyPairSync('ed25519').privateKey : createPrivateKey(pem);
  if (pem === undefined)
    await writeFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicKey };
}

const AGAIN_MS = 2000;

/** Until it has succeeded: the other panels know this one by what it puts into the store. */
export async function untilDone(work: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
      return;
    } catch {
      await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    }
  }
}
