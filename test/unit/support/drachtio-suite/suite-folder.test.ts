import { pointAtHosts, spellScenario } from '../../../support/drachtio-suite/suite-folder.js';
import { assert, spec } from '../../../support/spec.js';

spec('the copy of the suite', (it) => {
  it('angle brackets in a pattern become entities, and nothing else changes', () => {
    const scenario = '<ereg regexp="<sip:(.*)>" header="Contact:"/> Contact: <sip:a>';
    assert.is(
      spellScenario(scenario),
      '<ereg regexp="&lt;sip:(.*)&gt;" header="Contact:"/> Contact: <sip:a>',
    );
  });

  it('servers that are in the testbed are reached there, with what else is configured', () => {
    const config = { 'drachtio-sut': { host: '127.0.0.1', port: 9061, enablePing: true }, logger: 'x' };
    assert.equal(pointAtHosts(config, [{ name: 'drachtio-sut', address: '172.29.0.10' }]), {
      'drachtio-sut': { host: '172.29.0.10', port: 9022, secret: 'cymru', enablePing: true },
      logger: 'x',
    });
  });
});
