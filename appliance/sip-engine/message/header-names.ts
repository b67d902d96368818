/**
 * The headers that this engine knows by name. An entry is met again by identity, so that the index of a message is
 * compared without touching a character. All other headers pass through under the name they came with.
 */

/** How a value is built: what an application gets of it (canonical-text.ts) and what is checked depend on it. */
export type HeaderForm = 'text' | 'via' | 'address' | 'addresses' | 'credentials' | 'authenticationInfo';

export interface HeaderName {
  /** The long form in its usual spelling. */
  readonly name: string;
  /** RFC 3261 7.3.3 and the RFCs that defined more; one letter. */
  readonly compact?: string;
  readonly form: HeaderForm;
  /** It decides something and must not appear twice: two readers would decide differently (RFC 3261 7.3.1). */
  readonly isSingle: boolean;
}

const known = new Map<string, HeaderName>();

function define(name: string, options: Partial<Omit<HeaderName, 'name'>> = {}): HeaderName {
  const entry = Object.freeze({ name, form: 'text' as const, isSingle: false, ...options });
  for (const spelling of [name, name.toLowerCase()]) known.set(spelling, entry);
  for (const letter of entry.compact === undefined ? [] : [entry.compact, entry.compact.toUpperCase()]) {
    known.set(letter, entry);
  }
  return entry;
}

export const HEADER = Object.freeze({
  via: define('Via', { compact: 'v', form: 'via' }),
  from: define('From', { compact: 'f', form: 'address', isSingle: true }),
  to: define('To', { compact: 't', form: 'address', isSingle: true }),
  callId: define('Call-ID', { compact: 'i', isSingle: true }),
  cseq: define('CSeq', { isSingle: true }),
  maxForwards: define('Max-Forwards', { isSingle: true }),
  contact: define('Contact', { compact: 'm', form: 'addresses' }),
  route: define('Route', { form: 'addresses' }),
  recordRoute: define('Record-Route', { form: 'addresses' }),
  path: define('Path', { form: 'addresses' }),
  serviceRoute: define('Service-Route', { form: 'addresses' }),
  contentLength: define('Content-Length', { compact: 'l', isSingle: true }),
  contentType: define('Content-Type', { compact: 'c', isSingle: true }),
  contentEncoding: define('Content-Encoding', { compact: 'e' }),
  contentDisposition: define('Content-Disposition', { isSingle: true }),
  expires: define('Expires', { isSingle: true }),
  minExpires: define('Min-Expires', { isSingle: true }),
  require: define('Require'),
  proxyRequire: define('Proxy-Require'),
  supported: define('Supported', { compact: 'k' }),
  unsupported: define('Unsupported'),
  allow: define('Allow'),
  rack: define('RAck', { isSingle: true }),
  rseq: define('RSeq', { isSingle: true }),
  sessionExpires: define('Session-Expires', { compact: 'x', isSingle: true }),
  minSe: define('Min-SE', { isSingle: true }),
  replaces: define('Replaces', { isSingle: true }),
  join: define('Join', { isSingle: true }),
  referTo: define('Refer-To', { compact: 'r', form: 'address', isSingle: true }),
  referredBy: define('Referred-By', { compact: 'b', form: 'address', isSingle: true }),
  event: define('Event', { compact: 'o', isSingle: true }),
  allowEvents: define('Allow-Events', { compact: 'u' }),
  subscriptionState: define('Subscription-State', { isSingle: true }),
  retryAfter: define('Retry-After', { isSingle: true }),
  date: define('Date', { isSingle: true }),
  reason: define('Reason'),
  subject: define('Subject', { compact: 's' }),
  acceptContact: define('Accept-Contact', { compact: 'a' }),
  rejectContact: define('Reject-Contact', { compact: 'j' }),
  requestDisposition: define('Request-Disposition', { compact: 'd' }),
  identity: define('Identity', { compact: 'y' }),
  identityInfo: define('Identity-Info', { compact: 'n' }),
  pAssertedIdentity: define('P-Asserted-Identity', { form: 'addresses' }),
  remotePartyId: define('Remote-Party-ID', { form: 'addresses' }),
  authorization: define('Authorization', { form: 'credentials' }),
  proxyAuthorization: define('Proxy-Authorization', { form: 'credentials' }),
  wwwAuthenticate: define('WWW-Authenticate', { form: 'credentials' }),
  proxyAuthenticate: define('Proxy-Authenticate', { form: 'credentials' }),
  authenticationInfo: define('Authentication-Info', { form: 'authenticationInfo', isSingle: true }),
});

/** Spelled like this by people; the engine needs nothing of them but the name (canonical text writes it so). */
for (const name of [
  ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Alert-Info', 'Call-Info'],
  ...['Content-Language', 'Diversion', 'Error-Info', 'History-Info', 'In-Reply-To', 'MIME-Version'],
  ...['Organization', 'Priority', 'Privacy', 'Reply-To', 'Server', 'SIP-ETag', 'SIP-If-Match', 'Timestamp'],
  ...['User-Agent', 'Warning', 'P-Preferred-Identity', 'Resource-Priority', 'Geolocation', 'User-to-User'],
]) {
  define(name);
}

/** @param name in any case, long or compact */
export function findHeaderName(name: string): HeaderName | undefined {
  return known.get(name) ?? known.get(name.toLowerCase());
}
