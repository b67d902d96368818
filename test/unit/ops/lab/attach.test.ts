import { exampleSite } from '../../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../../firmware-config/parse-site.js';
import { planAttach } from '../../../../ops/lab/attach.js';
import { planBox } from '../../../../ops/lab/box-plan.js';
import { assert, spec } from '../../../support/spec.js';

const site = parseSite(exampleSite());
const box = planBox('t1', site);

spec('a box attached to an interface of the host', (it) => {
  it('borrows one macvlan and does the rest inside its hub', () => {
    const { batches } = planAttach(box, site, { interface: 'eth0' });
    const onHost = batches.filter(({ namespace }) => namespace === undefined).flatMap(({ lines }) => lines);
    assert.equal(onHost, ['link add link eth0 name att0 netns wl-t1-hub type macvlan mode bridge']);
    assert.equal([...new Set(batches.map(({ namespace }) => namespace))], [undefined, 'wl-t1-hub']);
  });

  it('lets nothing but the service addresses through', () => {
    const { filter } = planAttach(box, site, { interface: 'eth0' });
    assert.match(filter, /iifname "att0" ip daddr != \{ 10\.77\.0\.11, 10\.77\.0\.12, 10\.78\.0\.11 \} drop/);
    assert.match(filter, /oifname "att0" ip saddr != .* drop/);
  });

  it('answers for the service addresses of its own LAN only', () => {
    const lines = planAttach(box, site, { interface: 'eth0' }).batches.flatMap((batch) => batch.lines);
    assert.equal(
      lines.filter((line) => line.startsWith('neigh')),
      ['neigh add proxy 10.77.0.11 dev att0', 'neigh add proxy 10.77.0.12 dev att0'],
    );
  });

  it('has an address there only when it is given one, and then says which route a phone needs', () => {
    const without = planAttach(box, site, { interface: 'eth0' });
    assert.not.match(JSON.stringify(without), /address add|a route to/);
    const given = planAttach(box, site, { interface: 'eth0', address: '192.0.2.9/24' });
    assert.match(JSON.stringify(given.batches), /address add 192\.0\.2\.9\/24 dev att0/);
    assert.match(given.sentences.join('\n'), /a route to 10\.77\.0\.0\/24 via 192\.0\.2\.9/);
  });
});
