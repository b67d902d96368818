import { DEFAULT_FEATURE_CODES } from '../../../appliance/call/feature-codes.js';
import { DEFAULT_PIN_RULES } from '../../../appliance/call/pin-attempts.js';
import { DEFAULT_DISPATCH, type DispatchSettings } from '../../../appliance/queue/dispatch-settings.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { exampleTelephony } from '../../../firmware-config/defaults/example-telephony.js';
import { TELEPHONY_DEFAULTS } from '../../../firmware-config/defaults/telephony-defaults.js';
import { dispatchSettingsOf } from '../../../firmware-config/dispatch-settings.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { parseTelephony } from '../../../firmware-config/parse-telephony.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, spec } from '../../support/spec.js';

const site = parseSite(exampleSite());
const { telephony, routing } = parseExampleCalls(site);

spec('what a telephony document need not say', (it) => {
  it('is what the appliance does by itself', () => {
    assert.equal(TELEPHONY_DEFAULTS.featureCodes, DEFAULT_FEATURE_CODES);
    assert.equal(TELEPHONY_DEFAULTS.dispatch, DEFAULT_DISPATCH);
    assert.equal(TELEPHONY_DEFAULTS.pinRules, DEFAULT_PIN_RULES);
  });

  it('is there when nothing of it is said', () => {
    const silent = exampleTelephony() as Record<string, unknown>;
    for (const key of ['queues', 'notReadyReasons', 'dispositions', 'callTakers'])
      Reflect.deleteProperty(silent, key);
    const parsed = parseTelephony(silent, { routing, site });
    assert.equal(parsed.featureCodes, DEFAULT_FEATURE_CODES);
    assert.equal(parsed.dispatch, DEFAULT_DISPATCH);
    assert.equal(parsed.pinRules, DEFAULT_PIN_RULES);
    assert.equal(parsed.queues, []);
  });
});

spec('settings of the queues', (it) => {
  it('are there for every department, as the appliance wants them', () => {
    const settings: DispatchSettings = dispatchSettingsOf(telephony, routing);
    assert.equal(
      Object.keys(settings.departments),
      routing.departments.map(({ id }) => id),
    );
    assert.equal(settings.departments['appointments'], {
      departmentId: 'appointments',
      strategy: 'fewestCalls',
      ringMs: 15_000,
      maxWaitMs: 300_000,
      overflowTo: 'reception',
      callbackAfterMs: 60_000,
      announceEveryMs: 30_000,
    });
    assert.is(settings.reserve, 1);
  });

  it('of a department that is not named are the defaults', () => {
    assert.equal(dispatchSettingsOf(telephony, routing).departments['complaints'], {
      departmentId: 'complaints',
      strategy: 'longestIdle',
      ringMs: 15_000,
      maxWaitMs: 600_000,
      overflowTo: undefined,
      callbackAfterMs: undefined,
      announceEveryMs: undefined,
    });
  });
});
