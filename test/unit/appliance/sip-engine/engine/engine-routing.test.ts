/** Where messages go, and what they say of where we are (RFC 3261 8, 12, 18; RFC 3581; facts 2.7). */
import { assert, spec } from '../../../../support/spec.js';
import { answered, calling, connected, forget, ringing, stage } from './bench-calls.js';
import { ADDRESS_A, ADDRESS_B, EngineBench, SDP, type Sent } from './engine-bench.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';

function lastSent(bench: EngineBench): Sent {
  const sent = bench.sent.at(-1);
  if (sent === undefined) throw new Error('nothing was sent');
  return sent;
}

function placeOf({ flow }: Sent): string {
  return `${flow.protocol} ${flow.remoteAddress}:${String(flow.remotePort)}`;
}

function values(message: SipMessage, name: string): string[] {
  return message.headerAll(name);
}

const P1 = '<sip:p1.example;lr>';
const P2 = '<sip:p2.example;lr>';

function withProxies(bench: EngineBench): void {
  bench.hosts.set('p1.example', [{ protocol: 'udp', address: '10.77.2.1', port: 5060 }]);
  bench.hosts.set('p2.example', [{ protocol: 'udp', address: '10.77.2.2', port: 5060 }]);
}

spec('the route of a dialog', (it) => {
  it('as UAS is the Record-Route in its order, which our responses repeat (12.1.1)', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, phone, dialogId } = answered(on, { headers: { 'Record-Route': [P1, P2] } });
    assert.equal(values(phone.last('200 INVITE'), 'Record-Route'), [P1, P2]);
    app.requestInDialog(dialogId, 'INFO');
    const sent = lastSent(bench);
    assert.equal(values(sent.message, 'Route'), [P1, P2]);
    assert.is(sent.message.requestUri, 'sip:alice@10.77.1.50:5060');
    assert.is(placeOf(sent), 'udp 10.77.2.1:5060');
  });

  it('as UAC is the Record-Route of the 2xx in reverse (12.1.2)', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, invite, call } = calling(on);
    call.respond(invite, 200, { headers: { 'Record-Route': [P1, P2] }, body: SDP });
    const { dialogId } = app.last('200 INVITE');
    app.requestInDialog(dialogId, 'ACK');
    const ack = lastSent(bench);
    assert.equal(values(ack.message, 'Route'), [P2, P1]);
    assert.is(placeOf(ack), 'udp 10.77.2.2:5060');
    app.requestInDialog(dialogId, 'BYE');
    assert.equal(values(lastSent(bench).message, 'Route'), [P2, P1]);
  });

  it('keeps several addresses of one header line apart', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, dialogId } = answered(on, { headers: { 'Record-Route': `${P1}, ${P2}` } });
    app.requestInDialog(dialogId, 'INFO');
    assert.equal(lastSent(bench).message.headerList('Route'), [P1, P2]);
  });

  it('through a strict router puts that into the Request-URI and the target last (12.2.1.1)', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, dialogId } = answered(on, { headers: { 'Record-Route': ['<sip:p1.example>', P2] } });
    app.requestInDialog(dialogId, 'INFO');
    const sent = lastSent(bench);
    assert.is(sent.message.requestUri, 'sip:p1.example');
    assert.equal(values(sent.message, 'Route'), [P2, '<sip:alice@10.77.1.50:5060>']);
    assert.is(placeOf(sent), 'udp 10.77.2.1:5060');
  });

  it('is that of the 2xx, not that of the 180 (13.2.2.4)', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, invite, call } = calling(on);
    call.respond(invite, 180, { headers: { 'Record-Route': P1 } });
    call.respond(invite, 200, { headers: { 'Record-Route': P2 }, body: SDP });
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK');
    assert.equal(values(lastSent(bench).message, 'Route'), [P2]);
  });

  it('of an early dialog is that of the response that made it (12.1.2)', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, invite, call } = calling(on);
    call.respond(invite, 183, { headers: { 'Record-Route': P1, Require: '100rel', RSeq: '1' } });
    call.respond(invite, 180);
    const { dialogId } = app.last('183 INVITE');
    app.requestInDialog(dialogId, 'PRACK', { RAck: `1 ${String(invite.cseq.number)} INVITE` });
    assert.equal(values(lastSent(bench).message, 'Route'), [P1]);
  });

  it('does not change with a re-INVITE, the target does (12.2.2)', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, phone, call, dialogId } = answered(on, { headers: { 'Record-Route': P1 } });
    const contact = '<sip:alice@10.77.1.99:5062>';
    call.request('INVITE', { body: SDP, contact, headers: { 'Record-Route': P2 } });
    app.answer('INVITE', 200, {}, SDP);
    call.ack(phone.last('200 INVITE'));
    app.requestInDialog(dialogId, 'INFO');
    const sent = lastSent(bench);
    assert.equal(values(sent.message, 'Route'), [P1]);
    assert.is(sent.message.requestUri, 'sip:alice@10.77.1.99:5062');
  });

  it('asks for a name once, and sends when the answer is there', async () => {
    const { bench, app, call, dialogId } = answered();
    bench.hosts.set('desk.example', Promise.resolve([{ protocol: 'udp', address: '10.77.3.3', port: 5070 }]));
    call.request('UPDATE', { contact: '<sip:alice@desk.example;transport=udp>' });
    app.answer('UPDATE', 200);
    app.requestInDialog(dialogId, 'INFO');
    await bench.settle();
    assert.is(placeOf(lastSent(bench)), 'udp 10.77.3.3:5070');
    bench.hosts.clear();
    app.requestInDialog(dialogId, 'INFO');
    assert.is(placeOf(lastSent(bench)), 'udp 10.77.3.3:5070');
  });

  it('that leads nowhere is told, and the dialog stays', () => {
    const on = stage();
    const { bench, app, dialogId } = answered(on, {
      headers: { 'Record-Route': '<sip:nowhere.example;lr>' },
    });
    app.requestInDialog(dialogId, 'INFO');
    assert.is(app.take(), 'NOK requested protocol/transport not available');
    assert.is(bench.engine.counts().dialogs.uas, 1);
  });

  it('that leads nowhere does not keep the engine from telling the end of a call', async () => {
    const on = stage();
    const timer = { Supported: 'timer', 'Session-Expires': '200;refresher=uac' };
    const headers = { 'Record-Route': '<sip:nowhere.example;lr>', ...timer };
    const { bench, app } = answered(on, { headers });
    await bench.advance(200_000);
    assert.is(app.take(), 'unsolicited BYE');
    assert.is(bench.engine.counts().dialogs.uas, 0);
  });
});

spec('a phone behind NAT', (it) => {
  const NATED = '<sip:alice@192.168.1.7:5062>';

  it('is reached where its INVITE came from (facts 2.7)', () => {
    const { bench, app, dialogId } = answered(stage(), { contact: NATED });
    app.requestInDialog(dialogId, 'INFO');
    assert.is(placeOf(lastSent(bench)), 'udp 10.77.1.50:5060');
    assert.is(lastSent(bench).message.requestUri, 'sip:alice@192.168.1.7:5062');
  });

  it('with a Record-Route is reached through that', () => {
    const on = stage();
    withProxies(on.bench);
    const { bench, app, dialogId } = answered(on, { contact: NATED, headers: { 'Record-Route': P1 } });
    app.requestInDialog(dialogId, 'INFO');
    assert.is(placeOf(lastSent(bench)), 'udp 10.77.2.1:5060');
  });

  it('is believed its Contact where the detection is off', () => {
    const { bench, app, dialogId } = answered(stage({ settings: { natDetection: false } }), {
      contact: NATED,
    });
    app.requestInDialog(dialogId, 'INFO');
    assert.is(placeOf(lastSent(bench)), 'udp 192.168.1.7:5062');
  });

  it('that answers a call of ours is reached where its 200 came from', () => {
    const { bench, app, invite, call } = calling();
    call.respond(invite, 200, { contact: NATED, body: SDP });
    const { dialogId } = app.last('200 INVITE');
    app.requestInDialog(dialogId, 'ACK');
    assert.is(placeOf(lastSent(bench)), 'udp 10.77.1.50:5060');
  });
});

spec('where a response goes', (it) => {
  const options = (via: string): string => {
    const bench = new EngineBench();
    const phone = bench.phone('alice', 50, { remotePort: 40_000 });
    phone.call().request('OPTIONS', { via });
    return placeOf(lastSent(bench));
  };

  it('with rport to the port it came from (RFC 3581 4)', () => {
    assert.is(options('SIP/2.0/UDP 10.77.1.50:5060;branch=z9hG4bKx;rport'), 'udp 10.77.1.50:40000');
  });

  it('without rport to the port of the Via (18.2.2)', () => {
    assert.is(options('SIP/2.0/UDP 10.77.1.50:5066;branch=z9hG4bKx'), 'udp 10.77.1.50:5066');
    assert.is(options('SIP/2.0/UDP 10.77.1.50;branch=z9hG4bKx'), 'udp 10.77.1.50:5060');
  });

  it('to the address it came from, not to the one that the Via claims (18.2.1)', () => {
    assert.is(options('SIP/2.0/UDP 198.51.100.9:5066;branch=z9hG4bKx'), 'udp 10.77.1.50:5066');
    assert.is(
      options('SIP/2.0/UDP host.example:5066;branch=z9hG4bKx;received=198.51.100.9'),
      'udp 10.77.1.50:5066',
    );
  });

  it('to maddr when the Via has one (18.2.2)', () => {
    assert.is(options('SIP/2.0/UDP 10.77.1.50:5066;branch=z9hG4bKx;maddr=10.77.1.70'), 'udp 10.77.1.70:5066');
  });

  it('says received and rport in its Via', () => {
    const bench = new EngineBench();
    const phone = bench.phone('alice', 50, { remotePort: 40_000 });
    phone.call().request('OPTIONS', { via: 'SIP/2.0/UDP 192.168.1.7:5062;branch=z9hG4bKx;rport' });
    const { via } = lastSent(bench).message;
    assert.is(via.host, '192.168.1.7');
    assert.is(via.received, '10.77.1.50');
    assert.is(via.rport, 40_000);
  });

  it('over TCP goes on the connection it came by', () => {
    const bench = new EngineBench();
    const phone = bench.phone('alice', 50, { protocol: 'tcp', connectionId: 7, remotePort: 41_234 });
    phone.call().request('OPTIONS');
    assert.is(lastSent(bench).flow.connectionId, 7);
  });

  it('to what is malformed is 400, to a response or an ACK nothing', () => {
    const bench = new EngineBench();
    const phone = bench.phone('alice', 50);
    const call = phone.call();
    call.request('OPTIONS', { headers: { 'Max-Forwards': 'many' } });
    assert.is(phone.take(), '400 OPTIONS');
    call.request('ACK', { headers: { Expires: 'never' } });
    phone.send('SIP/2.0 200 OK\r\nrubbish\r\n\r\n');
    phone.send('\r\n\r\n');
    assert.is(phone.take(), '');
  });
});

spec('a request over a connection that closes', (it) => {
  const on = () => {
    const bench = new EngineBench();
    const app = bench.application();
    const flow = { protocol: 'tcp', connectionId: 7, remotePort: 41_234 } as const;
    const phone = bench.phone('alice', 50, flow);
    const call = phone.call();
    call.invite();
    app.answer('INVITE', 200, {}, SDP);
    call.ack(phone.last('200 INVITE'));
    const { dialogId } = app.last('ACK');
    phone.take();
    app.take();
    const close = (): void => {
      bench.connections.delete(7);
      bench.engine.onConnectionClosed(phone.flow);
    };
    return { bench, app, phone, call, dialogId, close };
  };

  it('goes again to the Contact, as one request for its application', async () => {
    const { bench, app, phone, call, dialogId, close } = on();
    app.requestInDialog(dialogId, 'BYE');
    const first = lastSent(bench);
    assert.is(first.flow.connectionId, 7);
    close();
    const again = lastSent(bench);
    assert.is(again.flow.connectionId, undefined);
    assert.is(again.message.cseq.number, first.message.cseq.number);
    assert.is.not(again.message.via.branch, first.message.via.branch);
    phone.flow = again.flow;
    call.respond(again.message, 200);
    await bench.advance(40_000);
    assert.is(app.take(), 'sent BYE, 200 BYE');
    assert.is(bench.engine.counts().transactions.transactions, 0);
  });

  it('is waited for from its second sending on', async () => {
    const { bench, app, dialogId, close } = on();
    app.requestInDialog(dialogId, 'BYE');
    await bench.advance(2000);
    close();
    await bench.advance(31_000);
    assert.is(app.take(), 'sent BYE');
    await bench.advance(2000);
    assert.is(app.take(), '408 BYE');
  });

  it('does not go again when something was heard of it', () => {
    const { bench, app, call, dialogId, close } = on();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.respond(lastSent(bench).message, 100, { toTag: '' });
    const count = bench.sent.length;
    close();
    assert.is(bench.sent.length, count);
  });
});

spec('what is too long for a datagram', (it) => {
  const LONG = `v=0\r\n${'a=x:'.padEnd(1400, 'y')}\r\n`;
  const on = () => {
    const all = stage({ settings: { mtu: 1300 } });
    const tcp = all.bench.phone('alice', 50, { protocol: 'tcp' });
    return { ...all, tcp };
  };

  it('goes over TCP, and the Via says so (18.1.1)', () => {
    const { app, phone, tcp } = on();
    app.request('INVITE sip:alice@10.77.1.50', {}, LONG);
    assert.is(phone.take(), '');
    assert.is(tcp.take(), 'INVITE');
    assert.is(tcp.last('INVITE').via.transport, 'TCP');
  });

  it('goes on over UDP when TCP is refused, as one request for its application (18.1.1)', () => {
    const { bench, app, phone } = on();
    bench.isDown = ({ protocol }) => protocol === 'tcp';
    app.request('INVITE sip:alice@10.77.1.50', {}, LONG);
    assert.is(phone.take(), 'INVITE');
    assert.is(phone.last('INVITE').via.transport, 'UDP');
    assert.is(app.take(), 'sent INVITE');
    const invite = phone.last('INVITE');
    phone.call(invite).respond(invite, 486);
    assert.is(app.take(), '486 INVITE');
  });

  it('stays on UDP when the URI asks for it, or when it fits', () => {
    const { app, phone, tcp } = on();
    app.request('INVITE sip:alice@10.77.1.50;transport=udp', {}, LONG);
    app.request('INVITE sip:alice@10.77.1.50', {}, SDP);
    assert.is(phone.take(), 'INVITE, INVITE');
    assert.is(tcp.take(), '');
  });

  it('in a dialog goes over TCP as well', () => {
    const { bench, app, tcp, phone } = on();
    const { dialogId } = connected({ bench, app, phone });
    app.requestInDialog(dialogId, 'INVITE', {}, LONG);
    assert.is(tcp.take(), 'INVITE');
  });
});

spec('a phone that has registered over TCP', (it) => {
  const registered = (connectionId = 7) => {
    const bench = new EngineBench();
    const app = bench.application({ routes: ['register', 'invite'] });
    const phone = bench.phone('tina', 80, { protocol: 'tcp', connectionId, remotePort: 41_234 });
    const contact = '<sip:tina@10.77.1.80:5060;transport=tcp>';
    phone.call().request('REGISTER', { contact, headers: { Expires: '300' } });
    app.answer('REGISTER', 200, { Contact: `${contact};expires=300` });
    forget({ bench, app, phone });
    return { bench, app, phone, contact };
  };
  const URI = 'sip:tina@10.77.1.80:5060;transport=tcp';

  it('is called over that connection, whatever port its Contact names (facts 2.7)', () => {
    const { bench, app } = registered();
    app.request(`INVITE ${URI}`, {}, SDP);
    assert.is(lastSent(bench).flow.connectionId, 7);
    assert.is(lastSent(bench).flow.remotePort, 41_234);
  });

  it('is called at its Contact when the connection is gone', () => {
    const { bench, app, phone } = registered();
    bench.connections.delete(7);
    bench.engine.onConnectionClosed(phone.flow);
    assert.is(bench.engine.counts().bindings, 0);
    app.request(`INVITE ${URI}`, {}, SDP);
    assert.is(placeOf(lastSent(bench)), 'tcp 10.77.1.80:5060');
  });

  it('is not called over it after its registration has ended', async () => {
    const { bench, app } = registered();
    await bench.advance(301_000);
    app.request(`INVITE ${URI}`, {}, SDP);
    assert.is(lastSent(bench).flow.connectionId, undefined);
  });

  it('takes itself off by Expires 0', () => {
    const { bench, app, phone, contact } = registered();
    phone.call().request('REGISTER', { contact, headers: { Expires: '0' } });
    app.answer('REGISTER', 200);
    assert.is(bench.engine.counts().bindings, 0);
  });

  it('takes everything off by a Contact of * and Expires 0 (10.2.2)', () => {
    const { bench, app, phone } = registered();
    phone.call().request('REGISTER', { contact: '*', headers: { Expires: '0' } });
    app.answer('REGISTER', 200);
    assert.is(bench.engine.counts().bindings, 0);
  });

  it('is not known when the application refuses it', () => {
    const bench = new EngineBench();
    const app = bench.application({ routes: ['register'] });
    const phone = bench.phone('tina', 80, { protocol: 'tcp', connectionId: 7 });
    phone.call().request('REGISTER', { headers: { Expires: '300' } });
    app.answer('REGISTER', 403);
    assert.is(bench.engine.counts().bindings, 0);
  });

  it('in a call is reached over its new connection when the old one is gone', () => {
    const { bench, app, phone, contact } = registered();
    const call = phone.call();
    call.invite({ contact });
    app.answer('INVITE', 200, {}, SDP);
    call.ack(phone.last('200 INVITE'));
    const { dialogId } = app.last('ACK');
    app.requestInDialog(dialogId, 'INFO');
    assert.is(lastSent(bench).flow.connectionId, 7);
    bench.connections.delete(7);
    bench.engine.onConnectionClosed(phone.flow);
    const again = bench.phone('tina', 80, { protocol: 'tcp', connectionId: 8, remotePort: 42_000 });
    again.call().request('REGISTER', { contact, headers: { Expires: '300' } });
    app.answer('REGISTER', 200, { Contact: `${contact};expires=300` });
    app.requestInDialog(dialogId, 'INFO');
    assert.is(lastSent(bench).flow.connectionId, 8);
  });
});

spec('who we are', (it) => {
  it('is the service address that was called: Via, Contact and source of all that follows', () => {
    const bench = new EngineBench();
    const app = bench.application();
    const phone = bench.phone('alice', 50, { localAddress: ADDRESS_B });
    const { dialogId } = answered({ bench, app, phone });
    assert.is(phone.last('200 INVITE').header('Contact'), `<sip:${ADDRESS_B}:5060>`);
    assert.ok((phone.last('200 INVITE').to.tag ?? '').startsWith('b-'));
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    const sent = lastSent(bench);
    assert.is(sent.flow.localAddress, ADDRESS_B);
    assert.is(sent.message.via.host, ADDRESS_B);
    assert.is(sent.message.header('Contact'), `<sip:${ADDRESS_B}:5060>`);
  });

  it('is the preferred address in new requests, whose names begin with its id', () => {
    const { bench, invite } = calling();
    assert.is(lastSent(bench).flow.localAddress, ADDRESS_A);
    assert.ok((invite.from.tag ?? '').startsWith('a-'));
    assert.ok((invite.via.branch ?? '').includes('a'));
    assert.ok(!invite.callId.includes(ADDRESS_A));
  });

  it('stands for localhost in From, To, Contact and P-Asserted-Identity, nowhere else (facts 2.7)', () => {
    const { app, phone } = stage();
    const headers = {
      From: '"Desk" <sip:100@localhost>',
      Contact: '<sip:100@localhost:9999>',
      'P-Asserted-Identity': '<sip:100@localhost>',
      'X-Where': 'sip:100@localhost',
    };
    app.request('INVITE sip:alice@10.77.1.50', headers, SDP);
    const invite = phone.last('INVITE');
    assert.ok((invite.header('From') ?? '').startsWith(`"Desk" <sip:100@${ADDRESS_A}:5060>;tag=`));
    assert.is(invite.header('Contact'), `<sip:100@${ADDRESS_A}:5060>`);
    assert.is(invite.header('P-Asserted-Identity'), `<sip:100@${ADDRESS_A}:5060>`);
    assert.is(invite.header('X-Where'), 'sip:100@localhost');
  });

  it('is the default From, Contact and To of a request that says nothing', () => {
    const { app, phone } = stage();
    app.request('INVITE sip:alice@10.77.1.50', {}, SDP);
    const invite = phone.last('INVITE');
    assert.ok((invite.header('From') ?? '').startsWith(`<sip:${ADDRESS_A}:5060>;tag=`));
    assert.is(invite.header('To'), '<sip:alice@10.77.1.50>');
    assert.is(invite.header('Contact'), `<sip:${ADDRESS_A}:5060>`);
    app.request('OPTIONS sip:alice@10.77.1.50');
    assert.is(phone.last('OPTIONS').header('Contact'), undefined);
  });

  it('is what the application says, where it says it: the Contact of a response, of a request, the To tag', () => {
    const { app, phone, call } = ringing();
    app.answer('INVITE', 180, { To: '<sip:100@10.77.0.11>;tag=chosen', Contact: '<sip:desk@10.77.0.11>' });
    assert.is(phone.last('180 INVITE').to.tag, 'chosen');
    assert.is(phone.last('180 INVITE').header('Contact'), '<sip:desk@10.77.0.11>');
    app.answer('INVITE', 200, { To: '<sip:100@10.77.0.11>;tag=other' }, SDP);
    assert.is(phone.last('200 INVITE').to.tag, 'chosen');
    call.ack(phone.last('200 INVITE'));
    assert.ok(app.take().endsWith('ACK'));
  });
});

spec('headers of applications', (it) => {
  it('that are the engine’s alone are dropped (facts 2.7)', () => {
    const { app, phone } = stage();
    const forbidden = {
      Via: 'SIP/2.0/UDP evil.example',
      Route: '<sip:evil.example;lr>',
      'Record-Route': '<sip:evil.example;lr>',
      RSeq: '9',
      'Content-Length': '1',
      'X-Ours': 'stays',
    };
    app.request('INVITE sip:alice@10.77.1.50', forbidden, SDP);
    const invite = phone.last('INVITE');
    assert.is(invite.vias.length, 1);
    assert.is(invite.via.host, ADDRESS_A);
    for (const name of ['Route', 'Record-Route', 'RSeq']) assert.is(invite.header(name), undefined);
    assert.is(invite.body.toString(), SDP);
    assert.is(invite.header('X-Ours'), 'stays');
  });

  it('cannot make two headers of one by a line break of any kind', () => {
    const { app, phone } = stage();
    const headers = { Subject: 'a\rX-Evil: 1', 'X-Name': 'b\nX-Evil: 2', 'X-Nul': 'c\0d' };
    app.request('INVITE sip:alice@10.77.1.50', headers, SDP);
    const invite = phone.last('INVITE');
    assert.is(invite.header('X-Evil'), undefined);
    assert.is(invite.header('Subject'), 'a X-Evil: 1');
    assert.is(invite.header('X-Name'), 'b X-Evil: 2');
    assert.is(invite.header('X-Nul'), 'c d');
  });

  it('cannot end the status line early, nor the start line', () => {
    const { app, phone } = ringing();
    app.command(`sip|${app.last('INVITE').transactionId}|`, 'SIP/2.0 486 Busy\nX-Evil: 1\r\n');
    assert.is(phone.last('486 INVITE').header('X-Evil'), undefined);
    app.request('INVITE sip:alice@10.77.1.50\nX-Evil:1', {}, SDP);
    assert.ok(app.take().includes('NOK invalid request-uri'));
  });

  it('with names that are none are skipped', () => {
    const { app, phone } = stage();
    app.request('INVITE sip:alice@10.77.1.50', { 'Bad Name': 'x', 'X-Good': 'y' }, SDP);
    assert.is(phone.last('INVITE').header('X-Good'), 'y');
    assert.ok(!(phone.last('INVITE').header('Bad Name') ?? '').includes('x'));
  });

  it('in text that is not ASCII leave as UTF-8, and come so', () => {
    const { app, phone } = ringing(stage(), { headers: { Subject: 'Grüße' } });
    assert.ok(app.last('INVITE').sipText.includes(Buffer.from('Grüße').toString('latin1')));
    app.answer('INVITE', 486, { 'X-Name': 'Jürgen' });
    assert.is(phone.last('486 INVITE').header('X-Name'), Buffer.from('Jürgen').toString('latin1'));
  });
});

spec('the outbound proxy', (it) => {
  it('of a command gets the request, which names its target all the same', () => {
    const { bench, app } = stage();
    app.request('INVITE sip:alice@example.com', {}, SDP, 'sip:10.77.2.9');
    assert.is(placeOf(lastSent(bench)), 'udp 10.77.2.9:5060');
    assert.is(lastSent(bench).message.requestUri, 'sip:alice@example.com');
  });

  it('of the configuration gets every new request', () => {
    const { bench, app } = stage({ settings: { outboundProxy: 'sip:10.77.2.9' } });
    app.request('INVITE sip:alice@example.com', {}, SDP);
    assert.is(placeOf(lastSent(bench)), 'udp 10.77.2.9:5060');
  });
});
