/** The document of options and file -> EngineConfig, field by field, with the defaults of docs/sip-engine.md. */
import { DIGEST_ALGORITHMS, isDigestAlgorithm } from '../digest/digest-response.js';
import type { SipUri } from '../message/sip-uri.js';
import { DEFAULT_TRANSACTION_SETTINGS } from '../transaction/transaction-step.js';
import { findHostPort, findSipUri } from './address-texts.js';
import {
  asHandlerUrl,
  asHeaderText,
  asDigestAlgorithm,
  asMethod,
  asNetwork,
  asRealm,
  asSecret,
  readKeyPair,
  whereGiven,
} from './config-fields.js';
import type { ConfigSection } from './config-section.js';
import {
  LOG_LEVELS,
  type ContinuityConfig,
  type DigestConfig,
  type EngineConfig,
  type EngineLimits,
  type EngineTimers,
  type HostPort,
  type RequestHandlerConfig,
  type SipTls,
} from './engine-config.js';
import { readControls, readListens, readServiceAddresses } from './read-addresses.js';

/** RFC 4028 5: an interval below is refused by everybody. */
const MIN_SE_LEAST = 90;
const COUNT_MAX = 10_000_000;
/** What UDP over IPv4 carries. */
const DATAGRAM_BYTES_MAX = 65_507;

function readHostPort(section: ConfigSection, name: string): HostPort | undefined {
  const text = section.optionalText(name);
  if (text === undefined) return undefined;
  const at = findHostPort(text);
  if (at === undefined)
    section.problems.add(
      section.pathOf(name),
      'it is no address with a port',
      'Write HOST:PORT or [IPv6]:PORT.',
    );
  return at;
}

function needHostPort(section: ConfigSection, name: string): HostPort {
  const before = section.problems.count;
  const at = readHostPort(section, name);
  if (at === undefined && section.problems.count === before)
    section.problems.add(section.pathOf(name), 'it is missing', 'Write HOST:PORT.');
  return at ?? { host: '', port: 0 };
}

function readTls(section: ConfigSection): SipTls {
  return {
    ...readKeyPair(section),
    ...whereGiven('caFile', section.optionalText('caFile')),
    ...whereGiven('ticketKeysFile', section.optionalText('ticketKeysFile')),
    rejectUnauthorized: section.boolean('rejectUnauthorized', true),
  };
}

function readTimers(section: ConfigSection): EngineTimers {
  const { t1Ms, t2Ms, t4Ms, timerDMs, timerCMs } = DEFAULT_TRANSACTION_SETTINGS;
  return {
    t1Ms: section.milliseconds('t1Ms', t1Ms),
    t2Ms: section.milliseconds('t2Ms', t2Ms),
    t4Ms: section.milliseconds('t4Ms', t4Ms),
    timerDMs: section.milliseconds('timerDMs', timerDMs),
    timerCMs: section.milliseconds('timerCMs', timerCMs),
  };
}

function readLimits(section: ConfigSection): EngineLimits {
  const count = (name: string, fallback: number, unit: string, min = 1): number =>
    section.integer(name, fallback, { min, max: COUNT_MAX, unit });
  return {
    transactionsMax: count('transactionsMax', 100_000, 'transactions'),
    dialogsMax: count('dialogsMax', 50_000, 'dialogs'),
    connectionsMax: count('connectionsMax', 10_000, 'connections'),
    connectionsPerSource: count('connectionsPerSource', 100, 'connections'),
    datagramsPerSecondPerSource: count('datagramsPerSecondPerSource', 10_000, 'datagrams a second', 0),
    trustedSources: section.texts('trustedSources', asNetwork),
  };
}

function readDigest(section: ConfigSection): DigestConfig {
  const methods = section.texts('methods', asMethod);
  const algorithms = section.texts('algorithms', asDigestAlgorithm).filter(isDigestAlgorithm);
  return {
    realm: section.text('realm', asRealm),
    keyFile: section.text('keyFile'),
    credentialsFile: section.text('credentialsFile'),
    algorithms: algorithms.length === 0 ? DIGEST_ALGORITHMS : algorithms,
    methods: methods.length === 0 ? ['REGISTER'] : methods,
    exemptSources: section.texts('exemptSources', asNetwork),
  };
}

function readHandler(section: ConfigSection): RequestHandlerConfig {
  return {
    method: section.optionalText('method', asMethod) ?? '*',
    url: section.text('url', asHandlerUrl),
    httpMethod: section.choice('httpMethod', ['GET', 'POST'], 'GET'),
    timeoutMs: section.milliseconds('timeoutMs', 3000),
  };
}

function readHandlers(section: ConfigSection): readonly RequestHandlerConfig[] {
  const seen = new Set<string>();
  return section.sections('requestHandlers', (item) => {
    const handler = readHandler(item);
    if (seen.has(handler.method))
      item.problems.add(
        item.pathOf('method'),
        `${handler.method} has a handler already`,
        'Leave one of them out.',
      );
    seen.add(handler.method);
    return handler;
  });
}

function readContinuity(section: ConfigSection): ContinuityConfig {
  const own = needHostPort(section, 'own');
  const partner = needHostPort(section, 'partner');
  if (own.host !== '' && own.host === partner.host && own.port === partner.port)
    section.problems.add(section.pathOf('partner'), 'it is the own store', "Name the partner's.");
  const tls = section.optionalSection('tls', (inner) => ({
    ...readKeyPair(inner),
    ...whereGiven('caFile', inner.optionalText('caFile')),
  }));
  const generation = section.optionalInteger('generation', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'ownerships',
  });
  return {
    own,
    partner,
    ...whereGiven('passwordFile', section.optionalText('passwordFile')),
    ...whereGiven('tls', tls),
    heldMs: section.milliseconds('heldMs', 30, 0),
    tryingHeldMs: section.milliseconds('tryingHeldMs', 150, 0),
    ...whereGiven('generation', generation),
  };
}

function readOutboundProxy(section: ConfigSection): SipUri | undefined {
  const text = section.optionalText('outboundProxy');
  const uri = text === undefined ? undefined : findSipUri(text);
  if (text !== undefined && uri === undefined)
    section.problems.add(
      section.pathOf('outboundProxy'),
      'it is no SIP URI',
      'Write sip:HOST:PORT;transport=tcp.',
    );
  return uri;
}

function readSecret(section: ConfigSection): string {
  const before = section.problems.count;
  const secret = section.optionalText('secret', asSecret);
  if (secret === undefined && section.problems.count === before) {
    const fix = 'Give --secret-file FILE, or the environment variable WARDLINE_SIP_SECRET.';
    section.problems.add(
      section.pathOf('secret'),
      'there is none, and everybody could command the engine',
      fix,
    );
  }
  return secret ?? '';
}

export function readEngineConfig(section: ConfigSection): EngineConfig {
  const tls = section.optionalSection('tls', readTls);
  const serviceAddresses = readServiceAddresses(section);
  return {
    control: readControls(section, tls),
    secret: readSecret(section),
    listen: readListens(section, serviceAddresses, tls),
    serviceAddresses,
    ...whereGiven('tls', tls),
    timers: section.section('timers', readTimers),
    mtu: section.integer('mtu', 1300, { min: 0, max: DATAGRAM_BYTES_MAX, unit: 'bytes' }),
    ...whereGiven('outboundProxy', readOutboundProxy(section)),
    natDetection: section.boolean('natDetection', true),
    sessionTimers: section.section('sessionTimers', (inner) => ({
      minSe: inner.integer('minSe', MIN_SE_LEAST, { min: MIN_SE_LEAST, max: 86_400, unit: 'seconds' }),
      defaultRefresher: inner.choice('defaultRefresher', ['none', 'uac', 'uas'], 'none'),
    })),
    cdrs: section.boolean('cdrs', true),
    limits: section.section('limits', readLimits),
    ...whereGiven('digest', section.optionalSection('digest', readDigest)),
    ...whereGiven('proxyKeyFile', section.optionalText('proxyKeyFile')),
    ...whereGiven('userAgent', section.optionalText('userAgent', asHeaderText)),
    ...whereGiven('server', section.optionalText('server', asHeaderText)),
    requestHandlers: readHandlers(section),
    ...whereGiven('continuity', section.optionalSection('continuity', readContinuity)),
    ...whereGiven('metrics', readHostPort(section, 'metrics')),
    ...whereGiven('admin', section.optionalText('admin')),
    log: section.section('log', (inner) => ({ level: inner.choice('level', LOG_LEVELS, 'info') })),
    pendingInviteMs: section.milliseconds('pendingInviteMs', 2000, 0),
  };
}
