import {
  findRoutingDecision,
  type RoutingDecision,
} from '../../../../../appliance/sip-engine/control/request-handler-decision.js';
import { assert, spec } from '../../../../support/spec.js';

function find(action: string, data: unknown): RoutingDecision | undefined {
  return findRoutingDecision(JSON.stringify({ action, data }));
}

spec('the answer of a request handler', (it) => {
  it('rejects with a final status and a reason', () => {
    assert.equal(find('reject', { status: 486 }), { kind: 'reject', status: 486 });
    assert.equal(find('reject', { status: 603, reason: 'Nein, dänke' }), {
      kind: 'reject',
      status: 603,
      reason: 'Nein, d\u00c3\u00a4nke',
    });
    for (const status of [undefined, '486', 200, 100, 299, 700, 486.5, null])
      assert.is(find('reject', { status }), undefined, String(status));
    assert.is(find('reject', { status: 486, reason: 'Busy\r\nContact: sip:evil' }), undefined);
  });

  it('redirects to one contact or several', () => {
    assert.equal(find('redirect', { contact: 'sip:a@b' }), { kind: 'redirect', contacts: ['sip:a@b'] });
    const two = ['<sip:a@b;transport=tcp>;q=0.5', '"B" <sip:b@b>'];
    assert.equal(find('redirect', { contact: two }), { kind: 'redirect', contacts: two });
    for (const contact of [
      undefined,
      [],
      5,
      ['sip:a', 5],
      '<sip:a@b>\r\nX: y',
      'no uri',
      Array(40).fill('sip:a@b'),
    ])
      assert.is(find('redirect', { contact }), undefined, JSON.stringify(contact));
  });

  it('proxies with the defaults of drachtio-server, and takes its times in seconds and milliseconds', () => {
    assert.equal(find('proxy', { destination: 'sip:192.0.2.1' }), {
      kind: 'proxy',
      destinations: ['sip:192.0.2.1'],
      recordRoute: false,
      followRedirects: true,
      simultaneous: false,
      provisionalTimeoutMs: 5000,
      finalTimeoutMs: 60_000,
    });
    const given = {
      destination: ['192.0.2.1:5070', 'sips:b.example'],
      ...{ recordRoute: true, followRedirects: false, simultaneous: true },
      ...{ provisionalTimeout: '1500ms', finalTimeout: '18s' },
    };
    assert.equal(find('proxy', given), {
      kind: 'proxy',
      destinations: ['sip:192.0.2.1:5070', 'sips:b.example'],
      ...{ recordRoute: true, followRedirects: false, simultaneous: true },
      ...{ provisionalTimeoutMs: 1500, finalTimeoutMs: 18_000 },
    });
    const odd = find('proxy', { destination: 'sip:a', finalTimeout: '1e3s', provisionalTimeout: '0s' });
    assert.ok(odd?.kind === 'proxy' && odd.finalTimeoutMs === 60_000 && odd.provisionalTimeoutMs === 5000);
    for (const destination of [undefined, [], 'sip:', 'sip:a b', {}])
      assert.is(find('proxy', { destination }), undefined, JSON.stringify(destination));
  });

  it('routes to an application that listens, by uri or url, or to one with a tag', () => {
    const connect = (host: string, port: number, isTls = false): RoutingDecision => ({
      kind: 'connect',
      host,
      port,
      isTls,
    });
    assert.equal(find('route', { uri: '192.0.2.1:3000' }), connect('192.0.2.1', 3000));
    assert.equal(
      find('route', { url: 'app.example:3001;transport=tls' }),
      connect('app.example', 3001, true),
    );
    assert.equal(find('route', { uri: '[::1]:3000;transport=tcp' }), connect('::1', 3000));
    assert.equal(find('route', { uri: 'app.example' }), connect('app.example', 9021));
    assert.equal(find('route', { tag: 'night' }), { kind: 'tag', tag: 'night' });
    for (const data of [
      {},
      { uri: '' },
      { uri: 'a:0' },
      { uri: 'a:99999' },
      { uri: 'a;transport=udp' },
      { tag: '' },
    ])
      assert.is(find('route', data), undefined, JSON.stringify(data));
  });

  it('is none when it is anything else', () => {
    const texts = [
      '',
      'null',
      '[]',
      '{"action":"reject"}',
      '{"action":5,"data":{}}',
      '<html>',
      '{"action":"reject","data":[]}',
    ];
    for (const text of [...texts, '{"action":"toString","data":{}}', '{"action":"hang","data":{}}'])
      assert.is(findRoutingDecision(text), undefined, text);
  });
});
