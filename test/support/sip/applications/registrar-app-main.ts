/**
 * A registrar as users of drachtio-srf write it by hand: challenges with digest MD5 (RFC 7616), keeps one contact per
 * user, and calls it when asked (`{"do":"call","user":"..."}` on standard input).
 */
import { createHash, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { sdp } from '../sip-text.js';
import { connectSrf, errorFields, parseApplicationArguments, report } from './application-arguments.js';
import { onMethod, type SrfRequest, type SrfResponse } from './srf-objects.js';

const REALM = 'hospital';
const PASSWORD = 'secret';
const GRANTED_S = 300;

const args = parseApplicationArguments();
const srf = connectSrf(args);
const nonces = new Set<string>();
const contacts = new Map<string, string>();

function md5(...parts: readonly string[]): string {
  return createHash('md5').update(parts.join(':')).digest('hex');
}

function parseDigest(header: string): Record<string, string> {
  const pairs = [...header.matchAll(/(\w+)=(?:"([^"]*)"|([^,\s]*))/g)];
  return Object.fromEntries(pairs.map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
}

function isAuthorised(request: SrfRequest): boolean {
  if (!request.has('Authorization')) return false;
  const digest = parseDigest(request.get('Authorization'));
  const ha1 = md5(digest['username'] ?? '', REALM, PASSWORD);
  const ha2 = md5(request.method, digest['uri'] ?? '');
  return nonces.has(digest['nonce'] ?? '') && digest['response'] === md5(ha1, digest['nonce'] ?? '', ha2);
}

function challenge(response: SrfResponse): void {
  const nonce = randomBytes(12).toString('hex');
  nonces.add(nonce);
  const headers = { 'WWW-Authenticate': `Digest realm="${REALM}", nonce="${nonce}", algorithm=MD5` };
  response.send(401, undefined, { headers });
}

onMethod(srf, 'register', (request, response) => {
  if (!isAuthorised(request)) {
    challenge(response);
    return;
  }
  const user = /sip:([^@;>]+)@/.exec(request.get('To'))?.[1] ?? '';
  const contact = request.get('Contact');
  contacts.set(user, /<([^>]*)>/.exec(contact)?.[1] ?? contact);
  const headers = { Contact: `${contact};expires=${String(GRANTED_S)}`, Expires: String(GRANTED_S) };
  response.send(200, undefined, { headers });
  report('registered', { user, contact, protocol: request.protocol, port: request.source_port });
});

async function call(user: string): Promise<void> {
  try {
    await srf.createUAC(contacts.get(user) ?? '', { localSdp: sdp(51_000) });
    report('called', { user });
  } catch (error) {
    report('failed', errorFields(error));
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as { user: string };
  void call(command.user);
});
