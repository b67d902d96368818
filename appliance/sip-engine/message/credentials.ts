/**
 * The outer form of Authorization, WWW-Authenticate and their like (RFC 3261 25.1: a scheme and auth-params). What
 * the parameters say is for whoever checks the digest.
 */
import { isBlank } from './sip-characters.js';
import { SipSyntaxError } from './sip-syntax-error.js';
import { ValueScanner } from './value-scanner.js';

const COMMA = 0x2c;
const EQUALS = 0x3d;
const QUOTE = 0x22;

/** Phones write `uri=sip:a@b` and `nc=00000001`: anything printable that neither a comma nor a quote ends. */
function isBareValueCharacter(code: number): boolean {
  return code > 0x20 && code < 0x7f && code !== COMMA && code !== QUOTE;
}

function skipAuthParam(scanner: ValueScanner): void {
  scanner.token('a parameter');
  if (!scanner.takeSeparator(EQUALS)) throw scanner.error('expected an equals sign');
  if (scanner.code === QUOTE) {
    scanner.quotedString();
    return;
  }
  const start = scanner.pos;
  while (isBareValueCharacter(scanner.code)) scanner.pos += 1;
  if (scanner.pos === start) throw scanner.error('expected a value of the parameter');
}

function skipAuthParams(scanner: ValueScanner): void {
  do skipAuthParam(scanner);
  while (scanner.takeSeparator(COMMA));
  scanner.end();
}

/** @throws SipSyntaxError unless it is one scheme with at least one parameter */
export function assertCredentials(value: string): void {
  const scanner = new ValueScanner(value, 'credentials');
  scanner.skipBlanks();
  scanner.token('a scheme');
  if (!isBlank(scanner.code)) throw new SipSyntaxError('credentials: without parameters');
  scanner.skipBlanks();
  skipAuthParams(scanner);
}

/** @throws SipSyntaxError unless it is a list of parameters (RFC 3261 20.6) */
export function assertAuthenticationInfo(value: string): void {
  const scanner = new ValueScanner(value, 'Authentication-Info');
  scanner.skipBlanks();
  skipAuthParams(scanner);
}
