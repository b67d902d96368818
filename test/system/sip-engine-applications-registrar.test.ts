/** A registrar as users of drachtio-srf write it by hand, on the engine: challenge, binding, calls to the contact. */
import { createHash } from 'node:crypto';
import { RawDialog } from '../support/sip/raw-dialog.js';
import { RawSipPeer } from '../support/sip/raw-sip-peer.js';
import { SipBench } from '../support/sip/sip-bench.js';
import { headerOf, sdp, token, writeSipText, type SipText } from '../support/sip/sip-text.js';
import { assert, spec } from '../support/spec.js';
import { waitFor } from '../support/wait.js';

let bench: SipBench;

spec('registration by an application', (it, before) => {
  before(async (t) => {
    const listen = ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'];
    bench = await SipBench.start(t, { name: 'registrar', engine: { listen } });
  });

  it('a phone is challenged, registers with its digest, and is called at its contact', async (t) => {
    const call = await bench.startCall(t, 'registrar');
    const sender = new Registration(call);
    await sender.register('phone1');
    const { user, protocol, port } = await bench.application.expect('it is registered', 'registered');
    assert.equal({ user, protocol, port }, { user: 'phone1', protocol: 'udp', port: call.peer.port });
    bench.application.begin('call', { user: 'phone1' });
    const invite = await call.peer.expectRequest('INVITE');
    assert.is(invite.uri, call.peer.uri('phone1'));
    bench.called(call.peer, invite).answer(invite, 200, { body: sdp() });
    await bench.application.expect('the phone has answered', 'called', { user: 'phone1' });
  });

  it('a wrong password is challenged again', async (t) => {
    const call = await bench.startCall(t, 'registrar');
    const sender = new Registration(call);
    const again = await sender.send('phone2', 'wrong');
    assert.is(again.status, 401);
  });

  it('a phone behind TCP is called over the connection it registered by', async (t) => {
    const peer = await RawSipPeer.open({ protocol: 'tcp' });
    t.defer(() => peer.close());
    const call = RawDialog.calling({ peer, engine: bench.engine.at('tcp'), user: 'registrar' });
    const closedPort = 'sip:phone3@127.0.0.1:9;transport=tcp';
    await new Registration(call).register('phone3', closedPort);
    await bench.application.expect('it is registered', 'registered', { user: 'phone3' });
    bench.application.begin('call', { user: 'phone3' });
    const invite = await peer.expectRequest('INVITE');
    assert.is(invite.uri, closedPort);
    bench.called(call.peer, invite).answer(invite, 200, { body: sdp() });
    await bench.application.expect('the phone has answered', 'called', { user: 'phone3' });
  });
});

/** A phone that registers as RFC 3261 10.2 says, with MD5 (RFC 2617 without qop). */
class Registration {
  readonly #call: RawDialog;

  constructor(call: RawDialog) {
    this.#call = call;
  }

  async register(user: string, contact = this.#call.peer.uri(user)): Promise<void> {
    const answer = await this.send(user, 'secret', contact);
    assert.is(answer.status, 200);
  }

  async send(user: string, password: string, contact = this.#call.peer.uri(user)): Promise<SipText> {
    const { text: first } = await this.#exchange(user, contact, []);
    const nonce = /nonce="([^"]*)"/.exec(first)?.[1] ?? '';
    const uri = this.#call.remoteTarget;
    const md5 = (...parts: string[]): string => createHash('md5').update(parts.join(':')).digest('hex');
    const response = md5(md5(user, 'hospital', password), nonce, md5('REGISTER', uri));
    const digest = `Digest username="${user}", realm="hospital", nonce="${nonce}", uri="${uri}", response="${response}"`;
    return this.#exchange(user, contact, [['Authorization', digest]]);
  }

  async #exchange(user: string, contact: string, more: [string, string][]): Promise<SipText> {
    const { peer, engine } = this.#call;
    const headers: [string, string][] = [
      ['Via', peer.via()],
      ['Max-Forwards', '70'],
      ['From', `<sip:${user}@hospital>;tag=${token()}`],
      ['To', `<sip:${user}@hospital>`],
      ['Call-ID', token()],
      ['CSeq', '1 REGISTER'],
      ['Contact', `<${contact}>`],
      ['Expires', '300'],
      ...more,
    ];
    peer.send(writeSipText(`REGISTER ${this.#call.remoteTarget} SIP/2.0`, headers), engine);
    const callId = headers[4]?.[1];
    return waitFor('the registration is answered', () =>
      peer.received.find((one) => one.status >= 200 && headerOf(one, 'Call-ID') === callId),
    );
  }
}
