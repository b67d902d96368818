/**
 * drachtio-srf looks for the type of each part of a multipart body with a regular expression that is quadratic in
 * the white space behind `Content-Type:` and in the length of a line that does not end with CR LF: 60 kB of spaces
 * take it seconds. A body whose part headers have the form of RFC 2045 3 costs it one pass.
 */
import { codeAt } from './code-at.js';
const NAME = 'Content-Type:';
/** More than one is unusual; each costs that parser a walk over the rest of the line. */
const BLANKS_MAX = 8;
/** UTF-8 of U+2028 and U+2029, at which the `.` of a regular expression stops. */
const LINE_SEPARATORS = ['\xe2\x80\xa8', '\xe2\x80\xa9'];

function isPrintable(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

/** @param line what stands between `Content-Type:` and CR LF, as latin1 */
function isOneValue(line: string): boolean {
  let blanks = 0;
  while (line.charAt(blanks) === ' ') blanks += 1;
  if (blanks > BLANKS_MAX || !isPrintable(codeAt(line, blanks))) return false;
  return ![NAME, '\n', '\r', ...LINE_SEPARATORS].some((bad) => line.includes(bad));
}

/** False for a body that must not be given to an application. One pass. */
export function hasReadablePartTypes(body: Buffer): boolean {
  for (let at = body.indexOf(NAME); at >= 0;) {
    const start = at + NAME.length;
    const end = body.indexOf('\r\n', start);
    if (end < 0 || !isOneValue(body.toString('latin1', start, end))) return false;
    at = body.indexOf(NAME, end);
  }
  return true;
}
