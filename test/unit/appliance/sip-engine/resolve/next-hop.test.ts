import { parseSipUri } from '../../../../../appliance/sip-engine/message/sip-uri.js';
import { decideNextHop, type NextHop } from '../../../../../appliance/sip-engine/resolve/next-hop.js';
import { assert, spec } from '../../../../support/spec.js';

function shown(hop: NextHop): string {
  if (hop.kind === 'noTransport') return `no ${hop.transport}`;
  const { target } = hop;
  const where =
    target.kind === 'address' ? target.address : target.kind === 'host' ? target.host : target.service;
  return `${target.kind} ${target.protocol} ${where} ${String(target.port)}`;
}

function decide(requestUri: string, routes: readonly string[] = [], outboundProxy?: string): string {
  return shown(
    decideNextHop({
      requestUri: parseSipUri(requestUri),
      routes: routes.map(parseSipUri),
      outboundProxy: outboundProxy === undefined ? undefined : parseSipUri(outboundProxy),
    }),
  );
}

spec('the next hop', (it) => {
  it('is an address at once when the host is one', () => {
    assert.is(decide('sip:a@192.0.2.1'), 'address udp 192.0.2.1 5060');
    assert.is(decide('sip:a@[2001:db8::1]:5080;transport=TCP'), 'address tcp 2001:db8::1 5080');
    assert.is(decide('sip:a@[::ffff:192.0.2.1]'), 'address udp 192.0.2.1 5060');
    assert.is(decide('sips:a@192.0.2.1'), 'address tls 192.0.2.1 5061');
    assert.is(decide('sip:a@192.0.2.1;transport=tls'), 'address tls 192.0.2.1 5061');
  });

  it('is a host when the port is given, else a service', () => {
    assert.is(decide('sip:a@phone.example:5070'), 'host udp phone.example 5070');
    assert.is(decide('sip:phone.example'), 'service udp _sip._udp.phone.example 5060');
    assert.is(decide('sip:phone.example;transport=tcp'), 'service tcp _sip._tcp.phone.example 5060');
    assert.is(decide('sips:phone.example'), 'service tls _sips._tcp.phone.example 5061');
  });

  it('is the maddr rather than the host', () => {
    assert.is(decide('sip:phone.example;maddr=192.0.2.7'), 'address udp 192.0.2.7 5060');
  });

  it('is the first route, else the outbound proxy, else the Request-URI', () => {
    const [uri, proxy] = ['sip:a@phone.example', 'sip:192.0.2.9;lr'];
    assert.is(decide(uri, ['sip:192.0.2.1;lr', 'sip:192.0.2.2;lr'], proxy), 'address udp 192.0.2.1 5060');
    assert.is(decide(uri, [], proxy), 'address udp 192.0.2.9 5060');
  });

  it('is the Request-URI in front of a strict router', () => {
    assert.is(decide('sip:192.0.2.1', ['sip:192.0.2.2']), 'address udp 192.0.2.1 5060');
  });

  it('is secure when the Request-URI is, and by TLS whatever the route says', () => {
    assert.is(decide('sips:a@phone.example', ['sip:192.0.2.1;lr']), 'address tls 192.0.2.1 5061');
    assert.is(decide('sips:192.0.2.1;transport=tcp'), 'address tls 192.0.2.1 5061');
    assert.is(decide('sip:a@phone.example', ['sips:192.0.2.1;lr']), 'address tls 192.0.2.1 5061');
    assert.is(decide('sips:192.0.2.1;transport=udp'), 'no udp');
  });

  it('has no transport that the engine has not', () => {
    assert.is(decide('sip:192.0.2.1;transport=ws'), 'no ws');
    assert.is(decide('sip:192.0.2.1;transport=sctp'), 'no sctp');
  });
});
