import { createSocket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { once } from 'node:events';
import { answerDnsQuery } from '../../../support/drachtio-suite/dns-answer.js';
import { assert, assertRejects, spec, type TestContext } from '../../../support/spec.js';

const addresses = new Map([['sipp-uas', '172.29.0.13']]);

/** Node's own resolver is the judge of what we answer. */
async function openResolver(t: TestContext): Promise<dns.Resolver> {
  const socket = createSocket('udp4', (query, { port, address }) => {
    const answer = answerDnsQuery(query, addresses);
    if (answer !== undefined) socket.send(answer, port, address);
  });
  t.defer(() => once(socket.close(), 'close'));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new dns.Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${String(socket.address().port)}`]);
  return resolver;
}

spec('the name server of the suite', (it) => {
  it('a known name has its address, in whatever case it is asked for', async (t) => {
    const resolver = await openResolver(t);
    assert.equal(await resolver.resolve4('sipp-uas'), ['172.29.0.13']);
    assert.equal(await resolver.resolve4('SIPP-uas'), ['172.29.0.13']);
  });

  it('NAPTR and SRV have an empty answer, so that a client goes on to the address', async (t) => {
    const resolver = await openResolver(t);
    await assertRejects(resolver.resolveNaptr('sipp-uas'), /ENODATA/);
    await assertRejects(resolver.resolveSrv('_sip._udp.sipp-uas'), /ENODATA/);
    await assertRejects(resolver.resolve6('sipp-uas'), /ENODATA/);
  });

  it('a name that is not known does not exist', async (t) => {
    const resolver = await openResolver(t);
    await assertRejects(resolver.resolve4('nobody'), /ENOTFOUND/);
    await assertRejects(resolver.resolveSrv('_sip._udp.nobody'), /ENOTFOUND/);
  });

  it('what is cut off or compressed gets no answer', () => {
    const name = Buffer.from([...Buffer.alloc(12), 1, 97, 0, 0, 1, 0, 1]);
    assert.ok(answerDnsQuery(name, addresses));
    for (let bytes = 0; bytes < name.length; bytes += 1) {
      assert.is(answerDnsQuery(name.subarray(0, bytes), addresses), undefined);
    }
    name[12] = 0xc0;
    assert.is(answerDnsQuery(name, addresses), undefined);
  });
});
