import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseComposeFile } from '../../../support/drachtio-suite/compose-file.js';
import { projectRoot } from '../../../support/project-files.js';
import { assert, spec } from '../../../support/spec.js';

const service = (name: string, command: string, address = '    ipv4_address: 10.0.0.1'): string =>
  `version: '2'\nservices:\n\n  ${name}:\n    command: ${command}\n    networks:\n  ${address}\n`;

spec('the compose file of the suite', (it) => {
  it('a sipp has an address and a scenario, an engine only an address', () => {
    const text = `${service('a', 'sipp -sf /tmp/uas.xml')}${service('b', 'drachtio --x').split('services:')[1] ?? ''}`;
    assert.equal(parseComposeFile(text), [
      { name: 'a', address: '10.0.0.1', scenario: 'uas.xml' },
      { name: 'b', address: '10.0.0.1' },
    ]);
  });

  it('a host that would be left out is refused', () => {
    assert.throws(() => parseComposeFile(service('a', 'freeswitch')), /the suite's host a is unknown/);
    assert.throws(() => parseComposeFile(service('a', 'drachtio', '')), /the suite's host a has no address/);
  });

  it('the installed suite has two engines and seventeen that answer', () => {
    const path = join(projectRoot, 'node_modules/drachtio-srf/test/docker-compose-testbed.yaml');
    const hosts = parseComposeFile(readFileSync(path, 'utf8'));
    const engines = hosts.filter(({ scenario }) => scenario === undefined).map(({ name }) => name);
    assert.equal(engines, ['drachtio-sut', 'drachtio-uas']);
    assert.is(new Set(hosts.map(({ address }) => address)).size, 19);
  });
});
