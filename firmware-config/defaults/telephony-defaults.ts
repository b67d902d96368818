/**
 * What a telephony document need not say. Feature codes, dispatch and PIN rules are those of the appliance, which this
 * folder may not import: a test holds the two together.
 */
export const TELEPHONY_DEFAULTS = {
  featureCodes: {
    login: '*11',
    logout: '*12',
    ready: '*13',
    notReady: '*14',
    disposition: '*15',
    emergency: '*99',
  },
  /** One seat is enough: the first that becomes free anywhere fills the reserve again (measured in simulation). */
  dispatch: {
    reserve: 1,
    emergencyRingAllAfterMs: 5000,
    emergencyOutsideAfterMs: 15_000,
    ageingMs: 60_000,
    unansweredMax: 2,
  },
  /** Three mistakes cost nothing; then 30 s, doubled with each further one: 10 000 PINs take three months. */
  pinRules: { free: 3, lockMs: 30_000, lockMsMax: 900_000, forgetMs: 3_600_000 },
  /** Of a department that the document does not name. */
  queue: { strategy: 'longestIdle', ringMs: 15_000, maxWaitMs: 600_000 },
  /** Many phones give up when they are offered anything else as well (ADR 18). */
  digestAlgorithms: ['MD5'],
  wrapUpMs: 30_000,
  testCallsEverySeconds: 300,
  trunk: { port: 5060, optionsEverySeconds: 30 },
  /** The product speaks Chinese first. */
  languageOrder: ['zh', 'en'],
} as const;
