/**
 * What an application wants sent: the SIP text of a control command, taken apart. The application has the secret and
 * is trusted, but it passes on what callers sent it, so no header of it may become two lines.
 */
import { codeAt } from '../message/code-at.js';
import { findHeaderName } from '../message/header-names.js';
import { isAllOf, TOKEN, trimBlanks } from '../message/sip-characters.js';
import { toWireText } from '../message/wire-text.js';

export interface ApplicationHeader {
  /** In its usual spelling. */
  readonly name: string;
  /** Wire text on one line. */
  readonly value: string;
}

export interface ApplicationMessage {
  readonly startLine: string;
  /** Empty in a response. */
  readonly method: string;
  readonly uri: string;
  /** 0 in a request. */
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly ApplicationHeader[];
  readonly body: Buffer;
}

/** drachtio-server drops these silently: the engine alone knows what belongs there. */
const OWNED_BY_ENGINE = new Set(['Via', 'Route', 'RSeq', 'Record-Route', 'Content-Length']);

/** `x-Custom-thing` stays as it is, `custom-thing` becomes `Custom-Thing`, as drachtio-server writes them. */
function usualSpelling(name: string): string {
  const known = findHeaderName(name);
  if (known !== undefined) return known.name;
  if (/^[XP]-/i.test(name)) return name;
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Line ends and other control characters would make further headers of one (header injection). */
function onOneLine(value: string): string {
  let clean = '';
  for (let index = 0; index < value.length; index += 1) {
    const code = codeAt(value, index);
    clean += code < 0x20 || code === 0x7f ? ' ' : value.charAt(index);
  }
  return trimBlanks(clean);
}

function needsCleaning(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = codeAt(value, index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function headerOf(line: string): ApplicationHeader | undefined {
  const colon = line.indexOf(':');
  const written = trimBlanks(line.slice(0, Math.max(colon, 0)));
  // A name that is none is skipped, as drachtio-server does: a typo in an application must not cost a call.
  if (!isAllOf(written, TOKEN)) return undefined;
  const name = usualSpelling(written);
  if (OWNED_BY_ENGINE.has(name)) return undefined;
  const value = trimBlanks(line.slice(colon + 1));
  return { name, value: toWireText(needsCleaning(value) ? onOneLine(value) : value) };
}

function startLineOf(line: string): Pick<ApplicationMessage, 'method' | 'uri' | 'status' | 'reason'> {
  const first = line.indexOf(' ');
  const head = line.slice(0, Math.max(first, 0));
  if (head === 'SIP/2.0') {
    const status = Number(line.slice(first + 1, first + 4));
    return { method: '', uri: '', status, reason: toWireText(onOneLine(line.slice(first + 5))) };
  }
  const last = line.lastIndexOf(' ');
  const uri = last > first ? trimBlanks(line.slice(first + 1, last)) : trimBlanks(line.slice(first + 1));
  return { method: head, uri: toWireText(uri), status: 0, reason: '' };
}

/**
 * Of a request outside of dialogs: the address of ours to send it from, so that all dialogs of a call are of one service
 * address and move with it. It is for the engine alone and goes no further.
 */
export const SEND_FROM = 'X-Send-From';

/** Never throws: what the start line is worth is for the caller to judge. */
export function parseApplicationMessage(text: string): ApplicationMessage {
  const bodyStart = text.indexOf('\r\n\r\n');
  const section = bodyStart < 0 ? text : text.slice(0, bodyStart);
  const lines = section.split('\r\n');
  const startLine = lines[0] ?? '';
  const headers: ApplicationHeader[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const header = headerOf(lines[index] ?? '');
    if (header !== undefined) headers.push(header);
  }
  const body = Buffer.from(bodyStart < 0 ? '' : text.slice(bodyStart + 4), 'utf8');
  return { startLine, ...startLineOf(startLine), headers, body };
}

/** The first value of a header, by its usual spelling. */
export function findApplicationHeader(
  message: Pick<ApplicationMessage, 'headers'>,
  name: string,
): string | undefined {
  return message.headers.find((header) => header.name === name)?.value;
}
