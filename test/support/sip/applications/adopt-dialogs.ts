/** How a test application goes on with the dialogs of one that died: as call control does it. */
import {
  adoptDialogs as adopt,
  storePayload as store,
} from '../../../../appliance/signalling/adopted-dialog.js';
import type { SrfApi as OurApi } from '../../../../appliance/signalling/srf-types.js';
import type { SrfApi, SrfDialog } from './srf-objects.js';

/** Says that somebody will adopt the dialog: requests in it wait for that. */
export async function storePayload(srf: SrfApi, dialogId: string, text: string): Promise<void> {
  await store(srf as unknown as OurApi, dialogId, text);
}

/** Takes every dialog of the tag that has no owner. @throws the engine's refusal */
export async function adoptDialogs(srf: SrfApi, tag: string): Promise<SrfDialog[]> {
  const adopted: SrfDialog[] = [];
  await adopt(srf as unknown as OurApi, tag, ({ dialog }) => {
    adopted.push(dialog as unknown as SrfDialog);
  });
  return adopted;
}
