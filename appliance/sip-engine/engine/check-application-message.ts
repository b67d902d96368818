/** Whether what an application wants sent can be sent; the texts are those of drachtio-server. Pure. */
import { CONTROL_TEXTS, invalidHeaderText, invalidRequestUriText } from '../control/control-texts.js';
import { parseCallId } from '../message/header-values.js';
import { parseNameAddress } from '../message/name-address.js';
import { isAllOf, TOKEN, URI } from '../message/sip-characters.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { findUriScheme, parseSipUri } from '../message/sip-uri.js';
import { findApplicationHeader, type ApplicationMessage } from './application-message.js';
import { findContentType } from './header-rules.js';

/** A Request-URI that can stand in a start line; of a SIP URI also that it is a good one. */
function isRequestUri(uri: string): boolean {
  const scheme = findUriScheme(uri);
  if (scheme === undefined || !isAllOf(uri, URI)) return false;
  return (scheme !== 'sip' && scheme !== 'sips') || ignoringSyntax(() => parseSipUri(uri)) !== undefined;
}

/** The first of the headers that name a dialog which cannot be read: no answer to it would be recognised. */
function findUnreadableIdentity(message: ApplicationMessage): string | undefined {
  const readers = [
    ['From', (value: string) => parseNameAddress(value, 'From')],
    ['To', (value: string) => parseNameAddress(value, 'To')],
    ['Call-ID', parseCallId],
  ] as const;
  for (const [name, read] of readers) {
    const value = findApplicationHeader(message, name);
    if (value !== undefined && ignoringSyntax(() => read(value)) === undefined) return name;
  }
  return undefined;
}

/** Of a request outside of dialogs. @returns what to tell the application */
export function findNewProblem(message: ApplicationMessage): string | undefined {
  const isGood = isAllOf(message.method, TOKEN) && isRequestUri(message.uri);
  if (!isGood) return invalidRequestUriText(message.startLine);
  const header = findUnreadableIdentity(message);
  return header === undefined ? findBodyProblem(message) : invalidHeaderText(header);
}

/** Of a request in a dialog. */
export function findInDialogProblem(message: ApplicationMessage): string | undefined {
  return isAllOf(message.method, TOKEN) ? findBodyProblem(message) : invalidRequestUriText(message.startLine);
}

/** A body of which nobody can say what it is. */
export function findBodyProblem(message: ApplicationMessage): string | undefined {
  const { body, headers } = message;
  const isTyped = body.length === 0 || findContentType(headers, body) !== undefined;
  return isTyped ? undefined : CONTROL_TEXTS.missingContentType;
}
