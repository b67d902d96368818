/** drachtio-srf 5.0.29, unmodified, with phones that speak TCP or TLS: connections, their reuse and their loss. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerProtocol } from '../support/sip/raw-sip-peer.js';
import { SipBench } from '../support/sip/sip-bench.js';
import { headerOf, sdp } from '../support/sip/sip-text.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { waitFor } from '../support/wait.js';
import { selfSigned } from '../unit/appliance/sip-engine/control/self-signed.js';

let bench: SipBench;

/** An engine that speaks the protocol, with a certificate where it needs one, and believes every phone's. */
async function start(t: TestContext, protocol: PeerProtocol): Promise<SipBench> {
  const listen = ['udp:127.0.0.1:0', `${protocol}:127.0.0.1:0`];
  const application = { methods: ['invite', 'message'] };
  if (protocol !== 'tls') return SipBench.start(t, { protocol, engine: { listen }, application });
  const folder = mkdtempSync(join(tmpdir(), 'sip-tls-'));
  t.defer(() => rmSync(folder, { recursive: true, force: true }));
  const certificate = selfSigned();
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  writeFileSync(keyFile, certificate.key, { mode: 0o600 });
  writeFileSync(certFile, certificate.cert);
  const config = { tls: { keyFile, certFile, rejectUnauthorized: false } };
  return SipBench.start(t, { protocol, certificate, engine: { listen, config }, application });
}

for (const protocol of ['tcp', 'tls'] as const) {
  spec(`phones over ${protocol}`, (it, before) => {
    before(async (t) => {
      bench = await start(t, protocol);
    });

    it('a phone calls and hangs up; Via and Contact say the transport', async (t) => {
      const { call, dialog } = await bench.answeredCall(t);
      await call.exchange('BYE', 200);
      await bench.application.dialogEvent(dialog, 'destroy');
      const ok = call.peer.received.find(({ status }) => status === 200)!;
      assert.match(headerOf(ok, 'Contact'), protocol === 'tls' ? /transport=tls|sips:/i : /transport=tcp/i);
    });

    it('the application hangs up over the connection the call came by', async (t) => {
      const { call, dialog } = await bench.answeredCall(t);
      const before = call.peer.received[0]!.remotePort;
      const command = bench.application.begin('destroy', { dialog });
      const bye = await call.incoming('BYE');
      assert.is(bye.remotePort, before);
      assert.match(headerOf(bye, 'Via'), new RegExp(`^SIP/2.0/${protocol.toUpperCase()} `));
      call.answer(bye, 200);
      await bench.application.result(command);
    });

    it('the application calls a phone that listens', async (t) => {
      const { call, dialog } = await bench.madeCall(t);
      const command = bench.application.begin('modify', { dialog, sdp: sdp(45_100) });
      call.answer(await call.incoming('INVITE'), 200, { body: sdp() });
      await call.incoming('ACK');
      await bench.application.result(command);
      await call.exchange('BYE', 200);
    });

    it('a phone that has lost its connection gets the BYE at its Contact', async (t) => {
      const { call, dialog } = await bench.answeredCall(t);
      call.peer.closeConnections();
      const command = bench.application.begin('destroy', { dialog });
      const bye = await call.incoming('BYE');
      call.answer(bye, 200);
      await bench.application.result(command);
    });

    it('a phone that has come back by another connection hangs up', async (t) => {
      const { call, dialog } = await bench.answeredCall(t);
      call.peer.closeConnections();
      await call.exchange('BYE', 200);
      await bench.application.dialogEvent(dialog, 'destroy');
    });

    it('a response does not come twice, and no retransmission is sent', async (t) => {
      const call = await bench.startCall(t);
      const invite = call.invite();
      const { name } = await bench.application.request('INVITE');
      await bench.application.do('createUAS', { request: name, options: { localSdp: sdp() } });
      call.learn(await call.response(invite, 200));
      call.ack(invite);
      await call.exchange('BYE', 200);
      assert.is(
        call.peer.count(({ status, text }) => status === 200 && text.includes(' INVITE')),
        1,
      );
    });

    it('two requests in one segment, and one in two, are read as what they are', async (t) => {
      const call = await bench.startCall(t);
      const body = 'x'.repeat(20_000);
      const message = call.request('MESSAGE', { headers: [['Content-Type', 'text/plain']], body });
      const again = call.request('MESSAGE', { headers: [['Content-Type', 'text/plain']], body: 'short' });
      for (const request of [message, again]) {
        const { name, message: seen } = await bench.application.request('MESSAGE');
        assert.is(seen.body, request.body);
        await bench.application.do('respond', { request: name, status: 200 });
        await call.response(request, 200);
      }
    });

    it('a challenge over this transport is answered over it', async (t) => {
      const auth = { username: 'u', password: 'p' };
      const { peer, invite, callee, command } = await bench.receiveCall(t, { auth });
      callee.answer(invite, 401, { headers: [['WWW-Authenticate', 'Digest realm="r", nonce="n"']] });
      const again = await peer.expectRequest('INVITE');
      assert.ok(headerOf(again, 'Authorization').startsWith('Digest '));
      assert.is(again.remotePort, invite.remotePort);
      bench.called(peer, again).answer(again, 486);
      assert.is((await bench.failure(command)).status, 486);
    });
  });
}

spec('a phone that keeps its connection alive', (it, before) => {
  before(async (t) => {
    bench = await start(t, 'tcp');
  });

  it('gets CRLF for its CRLF CRLF (RFC 5626 4.4.1)', async (t) => {
    const { address, port } = bench.at;
    const socket = connect(port, address);
    t.defer(() => socket.destroy());
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.write('\r\n\r\n');
    await waitFor('the pong arrives', () => text === '\r\n');
  });
});
