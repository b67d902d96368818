/**
 * The telephony document: seats, call-takers, queues, trunks. Unknown keys are refused. The `description` of a field
 * is the fix that is shown when the field is wrong. It holds the hashes of passwords and PINs: whoever reads it can
 * register as any seat.
 */
import Type, { type Static } from 'typebox';
import { TELEPHONY_DEFAULTS } from '../defaults/telephony-defaults.js';
import { count, id, milliseconds, names, path, port, strict, truth, version } from './fields.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const digits = (what: string, most: number, example: string) =>
  Type.String({
    pattern: `^\\d{1,${String(most)}}$`,
    description: `Give ${what} as 1 to ${String(most)} digits such as ${example}.`,
  });

const hex = (count: number, what: string) =>
  Type.String({
    pattern: `^[0-9a-f]{${String(count)}}$`,
    description: `Give ${what} of user:realm:password as ${String(count)} digits 0-9 and a-f.`,
  });

const number = (example: string) =>
  Type.String({
    pattern: '^(\\+\\d{3,15}|\\d{2,15})$',
    description: `Give a normalised number such as ${example}.`,
  });

const userName = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,64}$',
  description: 'Give a user name of letters, digits, ".", "_" and "-".',
});

const listOf = (what: string) =>
  Type.Array(id(`the ${what}`), {
    default: [],
    maxItems: 200,
    description: `List ids of ${what}s, at most 200.`,
  });

const media = Type.Enum(['rtp', 'srtp'], { default: 'rtp', description: 'Use "rtp" or "srtp".' });

export const SeatSchema = Type.Object(
  {
    id: id('the seat'),
    extension: digits('the number of the phone inside the house', 7, '8001'),
    /** By which the phone registers. */
    user: userName,
    ha1: Type.Object(
      { sha256: hex(64, 'the SHA-256'), md5: Type.Optional(hex(32, 'the MD5')) },
      { ...strict, description: 'Give {"sha256": ..., "md5": ...}.' },
    ),
    media,
    departments: listOf('department'),
    skills: listOf('skill'),
    takesEmergencies: truth(false),
    /** The node that alone offers calls to it (continuity rule 16); without it, call control chooses. */
    dispatchNode: Type.Optional(
      Type.String({
        pattern: '^[a-z][a-z0-9]{0,7}$',
        description: 'Give the id of a full node of the site.',
      }),
    ),
  },
  strict,
);

export const CallTakerSchema = Type.Object(
  {
    id: digits('what the call-taker dials to log in', 16, '1001'),
    name: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'Give a name of at most 64 characters.',
    }),
    pinHash: Type.String({
      pattern:
        '^scrypt\\$[1-9]\\d{0,6}\\$[1-9]\\d?\\$[1-9]\\d?\\$[A-Za-z0-9+/]{16,88}={0,2}\\$[A-Za-z0-9+/]{43}=$',
      description: 'Give scrypt$N$r$p$salt$hash, salt and 32 bytes of hash in base64; never the PIN itself.',
    }),
    departments: listOf('department'),
    skills: listOf('skill'),
    language: Type.Enum(['zh', 'en'], { default: 'zh', description: 'Use "zh" or "en".' }),
  },
  strict,
);

const featureCode = (defaultCode: string) =>
  Type.String({
    pattern: '^[*#]\\d{1,6}$',
    default: defaultCode,
    description: 'Give "*" or "#" and 1 to 6 digits, such as *11.',
  });

const FeatureCodesSchema = Type.Object(
  {
    login: featureCode(TELEPHONY_DEFAULTS.featureCodes.login),
    logout: featureCode(TELEPHONY_DEFAULTS.featureCodes.logout),
    ready: featureCode(TELEPHONY_DEFAULTS.featureCodes.ready),
    notReady: featureCode(TELEPHONY_DEFAULTS.featureCodes.notReady),
    disposition: featureCode(TELEPHONY_DEFAULTS.featureCodes.disposition),
    emergency: featureCode(TELEPHONY_DEFAULTS.featureCodes.emergency),
  },
  { ...strict, default: {} },
);

const reasons = (what: string) =>
  Type.Array(Type.Object({ code: digits(`what is dialled for ${what}`, 16, '1'), names }, strict), {
    default: [],
    maxItems: 100,
    description: 'List at most 100, each with its code and its names.',
  });

export const QueueSchema = Type.Object(
  {
    departmentId: id('the department'),
    strategy: Type.Enum(['longestIdle', 'fewestCalls', 'ringAll'], {
      default: TELEPHONY_DEFAULTS.queue.strategy,
      description: 'Use "longestIdle", "fewestCalls" or "ringAll".',
    }),
    ringMs: milliseconds(3000, 120_000, TELEPHONY_DEFAULTS.queue.ringMs),
    maxWaitMs: milliseconds(10_000, DAY_MS, TELEPHONY_DEFAULTS.queue.maxWaitMs),
    /** Without it, who has waited so long hears that nobody is free. */
    overflowTo: Type.Optional(id('the department')),
    callbackAfterMs: Type.Optional(milliseconds(0, DAY_MS)),
    announceEveryMs: Type.Optional(milliseconds(10_000, HOUR_MS)),
  },
  strict,
);

const DispatchSchema = Type.Object(
  {
    reserve: count(0, 50, TELEPHONY_DEFAULTS.dispatch.reserve),
    emergencyRingAllAfterMs: milliseconds(1000, 60_000, TELEPHONY_DEFAULTS.dispatch.emergencyRingAllAfterMs),
    emergencyOutsideAfterMs: milliseconds(2000, 120_000, TELEPHONY_DEFAULTS.dispatch.emergencyOutsideAfterMs),
    ageingMs: milliseconds(1000, HOUR_MS, TELEPHONY_DEFAULTS.dispatch.ageingMs),
    unansweredMax: count(1, 20, TELEPHONY_DEFAULTS.dispatch.unansweredMax),
  },
  { ...strict, default: {} },
);

export const TrunkSchema = Type.Object(
  {
    id: id('the trunk'),
    kind: Type.Enum(['static', 'registering'], { description: 'Use "static" or "registering".' }),
    host: Type.String({
      pattern: '^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$',
      description: "Give the carrier's address or host name.",
    }),
    port: port(TELEPHONY_DEFAULTS.trunk.port),
    transport: Type.Enum(['udp', 'tcp', 'tls'], {
      default: 'udp',
      description: 'Use "udp", "tcp" or "tls".',
    }),
    /** Whatever comes from there is believed to be the carrier and is not asked for a password. */
    allowedSources: Type.Array(
      Type.String({
        pattern:
          '^(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}(/(8|9|[12]\\d|3[0-2]))?$',
        description: 'Give an address or a network of at most 2^24 addresses, such as 203.0.113.0/28.',
      }),
      { minItems: 1, maxItems: 64, description: 'List where calls of the carrier come from, at least one.' },
    ),
    user: Type.Optional(userName),
    passwordFile: Type.Optional(path()),
    callsMax: count(1, 10_000),
    optionsEverySeconds: count(5, 3600, TELEPHONY_DEFAULTS.trunk.optionsEverySeconds),
    isEmergencyTrunk: truth(false),
    /** The trunk whose calls it takes when that one is down or full. */
    backupFor: Type.Optional(id('the trunk')),
    /** What the called see. */
    callerId: number('+861065129000'),
    /** Where emergencies are rung outside over this trunk, when that differs from emergencyOutside.number. */
    emergencyOutsideNumber: Type.Optional(number('120')),
    media,
    /** How its calls come to the DR site after a promotion (continuity rule 24). */
    drWay: Type.Enum(['registers', 'overflow', 'manual'], {
      description: 'Use "registers", "overflow" (the carrier does it) or "manual".',
    }),
  },
  strict,
);

const EmergencyOutsideSchema = Type.Object(
  {
    trunkIds: Type.Array(id('the trunk'), {
      minItems: 1,
      maxItems: 8,
      description: 'List the trunks in the order in which they are tried.',
    }),
    number: number('120'),
  },
  { ...strict, description: 'Say where emergencies go that nobody here answers: {"trunkIds", "number"}.' },
);

const PinRulesSchema = Type.Object(
  {
    free: count(1, 20, TELEPHONY_DEFAULTS.pinRules.free),
    lockMs: milliseconds(1000, HOUR_MS, TELEPHONY_DEFAULTS.pinRules.lockMs),
    lockMsMax: milliseconds(1000, DAY_MS, TELEPHONY_DEFAULTS.pinRules.lockMsMax),
    forgetMs: milliseconds(1000, 7 * DAY_MS, TELEPHONY_DEFAULTS.pinRules.forgetMs),
  },
  { ...strict, default: {} },
);

const PromptsSchema = Type.Object(
  {
    /** Announcements are played in this order. */
    languageOrder: Type.Array(Type.Enum(['zh', 'en'], { description: 'Use "zh" or "en".' }), {
      minItems: 1,
      maxItems: 2,
      uniqueItems: true,
      default: [...TELEPHONY_DEFAULTS.languageOrder],
      description: 'List "zh" and "en" in the order of the announcements, or one of them.',
    }),
  },
  { ...strict, default: {} },
);

export const TelephonyDocumentSchema = Type.Object(
  {
    version,
    realm: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$',
      description: 'Give the realm of the phones, such as ward.example; every ha1 is made with it.',
    }),
    digestAlgorithms: Type.Array(Type.Enum(['SHA-256', 'MD5'], { description: 'Use "SHA-256" or "MD5".' }), {
      ...{ minItems: 1, maxItems: 2, uniqueItems: true },
      default: [...TELEPHONY_DEFAULTS.digestAlgorithms],
      description: 'List "MD5", "SHA-256", or both in the order in which phones are offered them.',
    }),
    seats: Type.Array(SeatSchema, {
      minItems: 1,
      maxItems: 2000,
      description: 'List the seats, at least one.',
    }),
    callTakers: Type.Array(CallTakerSchema, {
      default: [],
      maxItems: 5000,
      description: 'List at most 5000 call-takers.',
    }),
    featureCodes: FeatureCodesSchema,
    notReadyReasons: reasons('the reason'),
    dispositions: reasons('the disposition'),
    queues: Type.Array(QueueSchema, {
      default: [],
      maxItems: 200,
      description: 'List queues that differ from the defaults, one for a department.',
    }),
    dispatch: DispatchSchema,
    trunks: Type.Array(TrunkSchema, {
      minItems: 1,
      maxItems: 64,
      description: 'List the trunks, at least one.',
    }),
    emergencyOutside: EmergencyOutsideSchema,
    wrapUpMs: milliseconds(0, HOUR_MS, TELEPHONY_DEFAULTS.wrapUpMs),
    /** How often each way of an emergency is tried, from outside; 0: never. */
    testCallsEverySeconds: count(0, 86_400, TELEPHONY_DEFAULTS.testCallsEverySeconds),
    pinRules: PinRulesSchema,
    prompts: PromptsSchema,
  },
  strict,
);

export type Telephony = Static<typeof TelephonyDocumentSchema>;
export type TelephonySeat = Telephony['seats'][number];
export type TelephonyCallTaker = Telephony['callTakers'][number];
export type TelephonyQueue = Telephony['queues'][number];
export type TelephonyTrunk = Telephony['trunks'][number];
