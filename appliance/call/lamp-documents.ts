/** What phones are told that watch a seat. Pure. */
import type { Notice } from './signalling-port.js';

/** As RFC 4235 4.1.1 names the states of a dialog: nothing, ringing, in a call. */
export type LampState = 'terminated' | 'early' | 'confirmed';

/** @param extension digits: nothing of it has to be escaped @param version from 0, higher with each (RFC 4235 4.1) */
export function dialogInfo(extension: string, state: LampState, version: number): Notice {
  const entity = `sip:${extension}@localhost`;
  const dialog =
    state === 'terminated'
      ? ''
      : `<dialog id="${extension}" direction="recipient"><state>${state}</state></dialog>`;
  return {
    contentType: 'application/dialog-info+xml',
    body:
      '<?xml version="1.0"?>' +
      `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${String(version)}" state="full" entity="${entity}">` +
      `${dialog}</dialog-info>`,
  };
}

/** @param waiting who are to be called back (RFC 3842 3.5) */
export function messageSummary(waiting: number): Notice {
  return {
    contentType: 'application/simple-message-summary',
    body: `Messages-Waiting: ${waiting > 0 ? 'yes' : 'no'}\r\nVoice-Message: ${String(waiting)}/0\r\n`,
  };
}
