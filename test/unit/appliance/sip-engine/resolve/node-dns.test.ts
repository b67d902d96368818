import { RealClock } from '../../../../../cluster/base/clock.js';
import { DnsResolver } from '../../../../../appliance/sip-engine/resolve/dns-resolver.js';
import { nodeDns } from '../../../../../appliance/sip-engine/resolve/node-dns.js';
import { assert, spec } from '../../../../support/spec.js';

spec('questions that Node asks', (it) => {
  it('are answered by the hosts file, too', async (t) => {
    const resolver = new DnsResolver({ clock: new RealClock(), rng: t.rng, dns: nodeDns() });
    const found = await resolver.resolve({ kind: 'host', protocol: 'udp', host: 'localhost', port: 5070 });
    assert.ok(
      found.some(({ address }) => address === '127.0.0.1' || address === '::1'),
      JSON.stringify(found),
    );
    assert.ok(found.every(({ protocol, port }) => protocol === 'udp' && port === 5070));
  });
});
