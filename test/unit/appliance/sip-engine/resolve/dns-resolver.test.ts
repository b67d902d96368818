import { FakeClock } from '../../../../../cluster/base/clock.js';
import { seededRng } from '../../../../../cluster/base/rng.js';
import {
  DnsResolver,
  type Address,
  type DnsLimits,
} from '../../../../../appliance/sip-engine/resolve/dns-resolver.js';
import type { ResolveTarget } from '../../../../../appliance/sip-engine/resolve/next-hop.js';
import { orderServers, type SrvRecord } from '../../../../../appliance/sip-engine/resolve/srv-order.js';
import { assert, spec } from '../../../../support/spec.js';

const numeric: ResolveTarget = { kind: 'address', protocol: 'udp', address: '192.0.2.1', port: 5060 };
const host = (name: string): ResolveTarget => ({ kind: 'host', protocol: 'tcp', host: name, port: 5070 });
const service = (name: string): ResolveTarget => ({
  kind: 'service',
  protocol: 'udp',
  service: `_sip._udp.${name}`,
  host: name,
  port: 5060,
});
const server = (name: string, priority = 0, weight = 0): SrvRecord => ({
  name,
  port: 5090,
  priority,
  weight,
});

/** Answers by table; a name that is not there fails as in DNS, one whose answer is 'never' hangs. */
class FakeDns {
  readonly asked: string[] = [];
  readonly srv: Record<string, readonly SrvRecord[] | 'never'> = {};
  readonly hosts: Record<string, readonly string[] | 'never'> = {};

  readonly #answer = <T>(
    table: Record<string, readonly T[] | 'never'>,
    name: string,
  ): Promise<readonly T[]> => {
    this.asked.push(name);
    const answer = table[name];
    if (answer === undefined) return Promise.reject(new Error(`ENOTFOUND ${name}`));
    return answer === 'never' ? new Promise(() => undefined) : Promise.resolve(answer);
  };

  readonly resolveSrv = (name: string): Promise<readonly SrvRecord[]> => this.#answer(this.srv, name);
  readonly lookup = (name: string): Promise<readonly string[]> => this.#answer(this.hosts, name);
}

function setUp(limits: Partial<DnsLimits> = {}): { clock: FakeClock; dns: FakeDns; resolver: DnsResolver } {
  const [clock, dns] = [new FakeClock(), new FakeDns()];
  return { clock, dns, resolver: new DnsResolver({ clock, dns, rng: seededRng('dns'), limits }) };
}

function resolveAll(
  resolver: DnsResolver,
  ...targets: readonly ResolveTarget[]
): Promise<readonly (readonly Address[])[]> {
  return Promise.all(targets.map(async (target) => resolver.resolve(target)));
}

function shown(addresses: readonly Address[]): string[] {
  return addresses.map(({ protocol, address, port }) => `${protocol} ${address} ${String(port)}`);
}

spec('the resolver', (it) => {
  it('answers a numeric target at once, without a promise and without a question', () => {
    const { dns, resolver } = setUp();
    assert.equal(resolver.resolve(numeric), [{ protocol: 'udp', address: '192.0.2.1', port: 5060 }]);
    assert.equal(dns.asked, []);
  });

  it('asks for the addresses of a host with a port, both families in the order of the system', async () => {
    const { dns, resolver } = setUp();
    dns.hosts['a.example'] = ['2001:db8::1', '192.0.2.1'];
    assert.equal(shown(await resolver.resolve(host('a.example'))), [
      'tcp 2001:db8::1 5070',
      'tcp 192.0.2.1 5070',
    ]);
    assert.equal(dns.asked, ['a.example']);
  });

  it('asks for the service first, and takes its servers by priority with their ports', async () => {
    const { dns, resolver } = setUp();
    dns.srv['_sip._udp.a.example'] = [server('two', 20), server('one', 10)];
    dns.hosts['one'] = ['192.0.2.1', '192.0.2.11'];
    dns.hosts['two'] = ['192.0.2.2'];
    const found = shown(await resolver.resolve(service('a.example')));
    assert.equal(found, ['udp 192.0.2.1 5090', 'udp 192.0.2.11 5090', 'udp 192.0.2.2 5090']);
  });

  it('falls back to the host with the default port where there is no such service', async () => {
    const { dns, resolver } = setUp();
    dns.hosts['a.example'] = ['192.0.2.1'];
    assert.equal(shown(await resolver.resolve(service('a.example'))), ['udp 192.0.2.1 5060']);
  });

  it('leads nowhere where the service is denied, and leaves out servers that do not resolve', async () => {
    const { dns, resolver } = setUp();
    dns.srv['_sip._udp.no.example'] = [server('.')];
    dns.hosts['no.example'] = ['192.0.2.1'];
    assert.equal(await resolver.resolve(service('no.example')), []);
    dns.srv['_sip._udp.half.example'] = [server('gone'), server('there', 1)];
    dns.hosts['there'] = ['192.0.2.2'];
    assert.equal(shown(await resolver.resolve(service('half.example'))), ['udp 192.0.2.2 5090']);
  });

  it('knows an answer for 30 s, then without a promise, and the lack of one for 5 s', async () => {
    const { clock, dns, resolver } = setUp();
    dns.srv['_sip._udp.a.example'] = [server('one')];
    dns.hosts['one'] = ['192.0.2.1'];
    await resolver.resolve(service('a.example'));
    await clock.advance(29_999);
    const known = resolver.resolve(service('a.example'));
    assert.ok(Array.isArray(known), 'it is a promise');
    await clock.advance(1);
    await resolver.resolve(service('a.example'));
    assert.equal(dns.asked, ['_sip._udp.a.example', 'one', '_sip._udp.a.example', 'one']);

    assert.equal(await resolver.resolve(host('gone')), []);
    await clock.advance(4999);
    assert.equal(resolver.resolve(host('gone')), []);
    await clock.advance(1);
    dns.hosts['gone'] = ['192.0.2.3'];
    assert.equal(shown(await resolver.resolve(host('gone'))), ['tcp 192.0.2.3 5070']);
  });

  it('asks once for many who want to know the same', async () => {
    const { dns, resolver } = setUp();
    dns.hosts['a.example'] = ['192.0.2.1'];
    const found = await resolveAll(resolver, host('a.example'), host('a.example'), host('a.example'));
    assert.equal(
      found.map((one) => one.length),
      [1, 1, 1],
    );
    assert.equal(dns.asked, ['a.example']);
  });

  it('waits 3 s at most, however many questions there are, and leaves no timer behind', async () => {
    const { clock, dns, resolver } = setUp();
    dns.srv['_sip._udp.a.example'] = [server('slow')];
    dns.hosts['slow'] = 'never';
    dns.srv['_sip._udp.b.example'] = 'never';
    const both = resolveAll(resolver, service('a.example'), service('b.example'));
    await clock.advance(3000);
    assert.equal(await both, [[], []]);
    await clock.advance(10_000);
    assert.is(clock.pendingTimers, 0);
  });

  it('finds what the hosts file knows while DNS is away', async () => {
    const { clock, dns, resolver } = setUp();
    dns.srv['_sip._udp.a.example'] = 'never';
    dns.hosts['a.example'] = ['192.0.2.1'];
    const found = resolver.resolve(service('a.example'));
    await clock.advance(1500);
    assert.equal(shown(await found), ['udp 192.0.2.1 5060']);
  });

  it('keeps no more answers and asks no more questions at a time than it may', async () => {
    const { clock, dns, resolver } = setUp({ answersMax: 2, openMax: 3 });
    for (const name of ['a', 'b', 'c']) {
      dns.hosts[name] = ['192.0.2.1'];
      await resolver.resolve(host(name));
    }
    assert.equal(resolver.status(), { answers: 2, refused: 0 });
    await resolver.resolve(host('a'));
    assert.equal(dns.asked, ['a', 'b', 'c', 'a']);

    for (const name of ['d', 'e', 'f', 'g']) dns.hosts[name] = 'never';
    const four = resolveAll(resolver, ...['d', 'e', 'f', 'g'].map(host));
    await clock.advance(3000);
    await four;
    assert.is(resolver.status().refused, 1);
    assert.not.ok(dns.asked.includes('g'));
  });

  it('tries no more addresses than make sense', async () => {
    const { dns, resolver } = setUp({ addressesMax: 3 });
    dns.hosts['a'] = ['1', '2', '3', '4', '5'].map((last) => `192.0.2.${last}`);
    assert.is((await resolver.resolve(host('a'))).length, 3);
    dns.srv['_sip._udp.a'] = [server('a', 1), server('a', 2), server('b', 3), server('c', 4)];
    assert.is((await resolver.resolve(service('a'))).length, 3);
    assert.not.ok(dns.asked.includes('c'));
  });
});

spec('the order of servers', (it) => {
  const firsts = (records: readonly SrvRecord[]): Record<string, number> => {
    const rng = seededRng('order');
    const counts: Record<string, number> = {};
    for (let round = 0; round < 2000; round += 1) {
      const name = orderServers(records, rng)[0]?.name ?? '';
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };

  it('draws by weight within a priority, and never from a later one', () => {
    const counts = firsts([server('one', 1, 10), server('three', 1, 30), server('later', 2, 1000)]);
    assert.is(counts['later'], undefined);
    const share = (counts['three'] ?? 0) / 2000;
    assert.ok(
      share > 0.7 && share < 0.8,
      `${String(share)} of the draws are for three quarters of the weight`,
    );
  });

  it('tries a server of weight 0 seldom, but tries it', () => {
    const zero = firsts([server('heavy', 1, 100), server('zero', 1, 0)])['zero'] ?? 0;
    assert.ok(zero > 0 && zero < 100, String(zero));
  });

  it('takes each server once', () => {
    const records = [server('a', 1, 5), server('b', 1, 0), server('c', 1, 0), server('d', 0, 0)];
    const names = orderServers(records, seededRng('once')).map(({ name }) => name);
    assert.is(names[0], 'd');
    assert.equal([...names].sort(), ['a', 'b', 'c', 'd']);
  });
});
