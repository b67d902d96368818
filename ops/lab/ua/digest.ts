/** The client's side of digest authentication (RFC 7616, RFC 8760): SHA-256 if it is offered, else MD5. Pure. */
import { createHash } from 'node:crypto';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: 'SHA-256' | 'MD5';
  readonly opaque: string | undefined;
  readonly hasQop: boolean;
  /** The nonce was too old, not the password wrong. */
  readonly isStale: boolean;
}

function parameter(value: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|[,\\s])${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^,\\s]+))`, 'i').exec(value);
  return match?.[1] ?? match?.[2];
}

function readChallenge(value: string): Challenge | undefined {
  if (!/^digest\s/i.test(value)) return undefined;
  const algorithm = (parameter(value, 'algorithm') ?? 'MD5').toUpperCase();
  if (algorithm !== 'MD5' && algorithm !== 'SHA-256') return undefined;
  return {
    realm: parameter(value, 'realm') ?? '',
    nonce: parameter(value, 'nonce') ?? '',
    algorithm,
    opaque: parameter(value, 'opaque'),
    hasQop: /(?:^|[,\s])auth(?:$|[,\s])/.test(parameter(value, 'qop') ?? ''),
    isStale: /^true$/i.test(parameter(value, 'stale') ?? ''),
  };
}

/** @param values of WWW-Authenticate or Proxy-Authenticate */
export function chooseChallenge(values: readonly string[]): Challenge | undefined {
  const known = values.flatMap((value) => readChallenge(value) ?? []);
  return known.find(({ algorithm }) => algorithm === 'SHA-256') ?? known[0];
}

/** @returns the value of Authorization */
export function answerChallenge(
  { realm, nonce, algorithm, opaque, hasQop }: Challenge,
  { username, password }: Credentials,
  method: string,
  uri: string,
  cnonce: string,
): string {
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const [ha1, ha2] = [hash(`${username}:${realm}:${password}`), hash(`${method}:${uri}`)];
  const count = '00000001';
  const response = hasQop
    ? hash(`${ha1}:${nonce}:${count}:${cnonce}:auth:${ha2}`)
    : hash(`${ha1}:${nonce}:${ha2}`);
  const parts = [
    `username="${username}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
    ...(hasQop ? ['qop=auth', `nc=${count}`, `cnonce="${cnonce}"`] : []),
  ];
  return `Digest ${parts.join(', ')}`;
}

/** @param value of Authorization @returns whether it answers the challenge with these credentials */
export function isRightAnswer(
  value: string,
  challenge: Challenge,
  credentials: Credentials,
  method: string,
): boolean {
  const [uri, cnonce, response] = ['uri', 'cnonce', 'response'].map((name) => parameter(value, name));
  if (uri === undefined || response === undefined || parameter(value, 'nonce') !== challenge.nonce)
    return false;
  const right = answerChallenge(challenge, credentials, method, uri, cnonce ?? '');
  return parameter(right, 'response') === response;
}
