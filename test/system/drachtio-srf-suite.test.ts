/**
 * drachtio-srf's own integration suite against our engine: what the library expects of its server, checked by the
 * people who wrote the library. The real server passes all of it.
 */
import { spawnSync } from 'node:child_process';
import { startTestbed } from '../support/drachtio-suite/testbed.js';
import { assert, spec } from '../support/spec.js';

/** The suite's files in its own order, and how many assertions each makes. */
const FILES: Readonly<Record<string, number>> = {
  b2b: 19,
  'reinvite-tests': 1,
  uac: 19,
  uas: 8,
  proxy: 2,
  utils: 27,
  refer: 1,
};

const hasSipp = spawnSync('sipp', ['-v']).error === undefined;

spec('drachtio-srf on our SIP engine', { deadlineMs: 120_000 }, (it, before) => {
  before((t) => {
    if (process.getuid?.() !== 0) t.skip('namespaces need root');
    if (!hasSipp) t.skip('sipp is not installed (Debian package sip-tester)');
  });

  for (const [name, count] of Object.entries(FILES)) {
    it(`its ${name} tests pass`, async (t) => {
      // One each: an INVITE that one file left without an answer would be given to the application of the next.
      const testbed = await startTestbed(t);
      const result = await testbed.runFile(name, t.signal);
      const shown = `${result.output}\n${result.logs}`;
      assert.equal(result.failures, [], shown);
      assert.ok(result.isComplete, `it did not come to its end:\n${shown}`);
      assert.is(result.passed, count, shown);
      assert.is(result.exitCode, 0, shown);
    });
  }
});
