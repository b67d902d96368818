/** What an application is told of a dialog it adopts: enough to make its own object of it again. */
import type { Dialog } from '../dialog/dialog.js';
import { fromWireText } from '../message/wire-text.js';

/** The answer to `adopt|<dialog id>`, as JSON. Texts are Unicode. */
export interface AdoptedDialog {
  readonly id: string;
  readonly kind: 'INVITE' | 'SUBSCRIBE';
  readonly role: 'uas' | 'uac';
  readonly state: string;
  readonly callId: string;
  readonly local: AdoptedParty;
  readonly remote: AdoptedParty;
  /** What the application stored with `payload|<dialog id>`. */
  readonly payload: string;
}

export interface AdoptedParty {
  /** Value of From or To without its tag. */
  readonly party: string;
  readonly tag: string;
  /** Value of Contact. */
  readonly contact: string;
  readonly sdp: string;
}

export function describeForAdoption(dialog: Dialog): AdoptedDialog {
  const { id, kind, role, state, callId, payload } = dialog;
  return {
    id,
    kind,
    role,
    state,
    callId: fromWireText(callId),
    payload,
    local: {
      party: fromWireText(dialog.localParty),
      tag: dialog.localTag,
      contact: fromWireText(dialog.localContact),
      sdp: fromWireText(dialog.localSdp?.body ?? ''),
    },
    remote: {
      party: fromWireText(dialog.remoteParty),
      tag: dialog.remoteTag,
      contact: `<${fromWireText(dialog.remoteTarget)}>`,
      sdp: fromWireText(dialog.remoteSdp?.body ?? ''),
    },
  };
}
