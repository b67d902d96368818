/** User agents of the laboratory by themselves: two processes that call each other with nothing in between. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import type { HostPort } from '../../ops/lab/ua/sip-wire.js';
import type { CallProgress, CallReport } from '../../ops/lab/ua/ua-call.js';
import { UaFarm } from '../../ops/lab/ua/ua-farm.js';
import type { AgentOrder, UaEvent } from '../../ops/lab/ua/ua-orders.js';
import { RawDialog } from '../support/sip/raw-dialog.js';
import { RawSipPeer, type ReceivedSip } from '../support/sip/raw-sip-peer.js';
import {
  cseqOf,
  headerOf,
  responseHeaders,
  sdp,
  writeSipText,
  type HeaderList,
} from '../support/sip/sip-text.js';
import { Sipp } from '../support/sip/sipp.js';
import { calleeScenario } from '../support/sip/sipp-scenarios.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const HOST = '127.0.0.1';
const ALICE_HZ = 700;
const BOB_HZ = 1300;
const CAROL_HZ = 1900;
const clock = new RealClock();

function makeCertificate(t: TestContext): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'wardline-test-'));
  t.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', [...request, '-subj', '/CN=phone', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

spec('user agents', { deadlineMs: 30_000 }, (it, before) => {
  let here: UaFarm;
  let there: UaFarm;
  let certificate: { key: string; cert: string };
  let names = 0;

  before(async (t) => {
    [here, there] = await Promise.all([UaFarm.start(undefined, clock), UaFarm.start(undefined, clock)]);
    t.defer(() => Promise.all([here.stop(), there.stop()]));
    certificate = makeCertificate(t);
  });

  /** An agent for this test only. */
  async function open(
    t: TestContext,
    farm: UaFarm,
    more: Partial<AgentOrder> = {},
  ): Promise<{ agent: string; place: HostPort }> {
    const agent = `agent-${String((names += 1))}`;
    const place = await farm.open({ agent, address: HOST, server: { address: HOST, port: 9 }, ...more });
    t.defer(() => farm.order({ do: 'close', agent }));
    return { agent, place };
  }

  async function until(
    farm: UaFarm,
    agent: string,
    sentence: string,
    fits: (call: CallReport) => boolean,
    id?: string,
  ): Promise<CallReport> {
    return waitFor(sentence, async () => {
      const calls = await farm.calls(agent);
      const call = id === undefined ? calls.at(-1) : calls.find((one) => one.id === id);
      return call !== undefined && fits(call) ? call : notYet(call ?? 'no call');
    });
  }

  const is =
    (progress: CallProgress) =>
    (call: CallReport): boolean =>
      call.progress === progress;

  async function hears(farm: UaFarm, agent: string, id: string, hz: number): Promise<CallReport> {
    await farm.order({ do: 'reset', call: id });
    return until(
      farm,
      agent,
      `${agent} hears ${String(hz)} Hz`,
      ({ audio }) => audio.heard.length >= 3 && audio.heard.every((one) => one.hz === hz),
      id,
    );
  }

  async function hearsNothing(farm: UaFarm, agent: string, id: string): Promise<void> {
    await until(farm, agent, `${agent} hears nothing`, ({ audio }) => (audio.quietMs ?? 0) > 300, id);
  }

  interface Talk {
    readonly alice: string;
    readonly bob: string;
    /** Ids of the call at either end. */
    readonly ours: string;
    readonly theirs: string;
    readonly bobAt: HostPort;
  }

  /** Alice, here, calls Bob, there, who answers. */
  async function talk(
    t: TestContext,
    alices: Partial<AgentOrder> = {},
    bobs: Partial<AgentOrder> = {},
  ): Promise<Talk> {
    const policy = { kind: 'answer', afterMs: 100 } as const;
    const { agent: bob, place: bobAt } = await open(t, there, { hz: BOB_HZ, policy, ...bobs });
    const { agent: alice } = await open(t, here, { hz: ALICE_HZ, server: bobAt, ...alices });
    const ours = await here.call(alice, '8002', '13800138000');
    await until(here, alice, 'Bob has answered', is('up'), ours);
    const { id: theirs } = await until(there, bob, 'Bob is in the call', is('up'));
    return { alice, bob, ours, theirs, bobAt };
  }

  async function bothHear({ alice, bob, ours, theirs }: Talk): Promise<readonly CallReport[]> {
    return Promise.all([hears(here, alice, ours, BOB_HZ), hears(there, bob, theirs, ALICE_HZ)]);
  }

  for (const protocol of ['udp', 'tcp', 'tls'] as const) {
    it(`call each other over ${protocol.toUpperCase()}, hear each other, and lose nothing`, async (t) => {
      const more = protocol === 'tls' ? { protocol, certificate } : { protocol };
      const call = await talk(t, more, more);
      for (const { audio } of await bothHear(call)) {
        assert.equal([audio.lost, audio.refused, audio.sources, audio.payloadTypes], [0, 0, 1, [8]]);
        assert.ok(Math.abs(audio.sent - audio.received) < 20);
      }
      await here.order({ do: 'hangUp', call: call.ours });
      const { endedBy, caller, dialled } = await until(there, call.bob, 'Bob notices', is('over'));
      assert.equal([endedBy, caller, dialled], ['them', '13800138000', '8002']);
    });
  }

  it('times of the two processes are of one clock', async (t) => {
    const { alice, bob, ours, theirs } = await talk(t);
    const { times: sent } = await until(here, alice, 'up', is('up'), ours);
    const { times: came } = await until(there, bob, 'up', is('up'), theirs);
    const order = [sent.invite, came.invite, came.ringing, sent.ringing, came.up, sent.up];
    const known = order.filter((ms) => ms !== undefined);
    assert.is(known.length, 6);
    assert.equal(
      known,
      known.toSorted((one, other) => one - other),
    );
    assert.ok((sent.up ?? 0) - (sent.invite ?? 0) >= 100 && (sent.up ?? 0) - (sent.invite ?? 0) < 2000);
  });

  it('speak SRTP where it is offered, and keys and tones come through it', async (t) => {
    const call = await talk(t, { isSecure: true, codecs: ['PCMU'] });
    const [report] = await bothHear(call);
    assert.equal([report?.audio.refused, report?.audio.payloadTypes], [0, [0]]);
    await here.order({ do: 'press', call: call.ours, keys: '5#' });
    const heard = await until(there, call.bob, 'the keys arrive', ({ audio }) => audio.keys === '5#');
    assert.is(heard.audio.lost, 0);
  });

  it('with nothing in common there is no call, and the caller learns why', async (t) => {
    const { agent: bob, place: server } = await open(t, there, {
      codecs: ['PCMU'],
      policy: { kind: 'answer', afterMs: 0 },
    });
    const { agent: alice } = await open(t, here, { server, codecs: ['PCMA', 'opus'] });
    await here.call(alice, '8002');
    assert.is((await until(here, alice, 'refused', is('over'))).status, 488);
    assert.is((await until(there, bob, 'over', is('over'))).status, 488);
  });

  it('keys are heard one by one', async (t) => {
    const { theirs, ours } = await talk(t);
    const pressed: string[] = [];
    const stop = here.onEvent((event) => {
      if (event.event === 'key' && event.call === ours) pressed.push(event.key);
    });
    t.defer(stop);
    await there.order({ do: 'press', call: theirs, keys: '*11#' });
    await waitFor('Alice hears the keys', () => pressed.join('') === '*11#' || notYet(pressed));
  });

  for (const direction of ['sendonly', 'inactive'] as const) {
    it(`who is put on hold (${direction}) hears nothing, knows it, and loses nothing by it`, async (t) => {
      const call = await talk(t);
      await bothHear(call);
      assert.is(await here.order({ do: 'hold', call: call.ours, isHolding: true, direction }), 200);
      await hearsNothing(there, call.bob, call.theirs);
      await hearsNothing(here, call.alice, call.ours);
      assert.ok((await there.report(call.theirs)).isHeld);
      assert.is(await here.order({ do: 'hold', call: call.ours, isHolding: false }), 200);
      for (const { audio, isHeld } of await bothHear(call)) assert.equal([audio.lost, isHeld], [0, false]);
    });
  }

  it('a call that is given up before it is answered ends with a 487', async (t) => {
    const { agent: bob, place: server } = await open(t, there);
    const { agent: alice } = await open(t, here, { server });
    const id = await here.call(alice, '8002');
    await until(here, alice, 'it rings', is('ringing'), id);
    await here.order({ do: 'hangUp', call: id });
    const { status, endedBy } = await until(here, alice, 'it is over', is('over'), id);
    assert.equal([status, endedBy], [487, 'us']);
    assert.equal((await until(there, bob, 'Bob does not ring', is('over'))).endedBy, 'them');
  });

  it('refusals come as they are, each with its status', async (t) => {
    const { agent: bob, place: server } = await open(t, there);
    const { agent: alice } = await open(t, here, { server });
    for (const status of [486, 603, 404]) {
      await there.order({ do: 'policy', agent: bob, policy: { kind: 'refuse', status } });
      const id = await here.call(alice, '8002');
      assert.is((await until(here, alice, 'refused', is('over'), id)).status, status);
    }
    await there.order({ do: 'policy', agent: bob, policy: { kind: 'ring' } });
    const id = await here.call(alice, '8002');
    const { id: theirs } = await until(there, bob, 'it rings', is('ringing'));
    await there.order({ do: 'reject', call: theirs, status: 480 });
    assert.is((await until(here, alice, 'rejected', is('over'), id)).status, 480);
  });

  it('who vanishes says nothing any more, neither SIP nor sound', async (t) => {
    const call = await talk(t);
    await bothHear(call);
    await there.order({ do: 'policy', agent: call.bob, policy: { kind: 'vanish' } });
    await hearsNothing(here, call.alice, call.ours);
    await here.order({ do: 'hangUp', call: call.ours });
    assert.ok((await there.calls(call.bob)).every(({ progress }) => progress === 'up'));
  });

  it('a blind transfer calls the target, and whoever asked for it is told', async (t) => {
    const call = await talk(t);
    const policy = { kind: 'answer', afterMs: 50 } as const;
    const { agent: carol, place } = await open(t, here, { hz: CAROL_HZ, policy });
    const to = `sip:8003@${HOST}:${String(place.port)}`;
    assert.is(await here.order({ do: 'refer', call: call.ours, to }), 202);
    const { referred } = await until(
      here,
      call.alice,
      'the transfer is done',
      (one) => one.referred.at(-1) === 200,
      call.ours,
    );
    assert.equal(referred, [100, 180, 200]);
    await here.order({ do: 'hangUp', call: call.ours });
    const { id, dialled } = await until(here, carol, 'Carol talks', is('up'));
    assert.is(dialled, '8003');
    await hears(here, carol, id, BOB_HZ);
  });

  it('an attended transfer replaces the consultation', async (t) => {
    const policy = { kind: 'answer', afterMs: 0 } as const;
    const call = await talk(t);
    const { agent: carol, place } = await open(t, there, { hz: CAROL_HZ, policy });
    const to = `sip:8003@${HOST}:${String(place.port)}`;
    await here.order({ do: 'hold', call: call.ours, isHolding: true });
    const consultation = await here.call(call.alice, to);
    const { id: first } = await until(there, carol, 'Carol answers', is('up'));
    await hears(there, carol, first, ALICE_HZ);
    assert.is(await here.order({ do: 'refer', call: call.ours, to, replaced: consultation }), 202);
    const { endedBy } = await until(here, call.alice, 'the consultation is over', is('over'), consultation);
    assert.is(endedBy, 'them');
    const { id } = await until(
      there,
      carol,
      'Carol talks to Bob',
      (one) => one.progress === 'up' && one.id !== first,
    );
    await hears(there, carol, id, BOB_HZ);
    const { referred } = await until(here, call.alice, 'told', (one) => one.referred.length > 1, call.ours);
    assert.is(referred.at(-1), 200);
  });

  it('a call to replace something that is not there is refused', async (t) => {
    const { place: server } = await open(t, there, { policy: { kind: 'answer', afterMs: 0 } });
    const { agent: alice } = await open(t, here, { server });
    const headers = [['Replaces', 'nothing;to-tag=1;from-tag=2']] as const;
    await here.call(alice, '8002', undefined, { headers });
    assert.is((await until(here, alice, 'refused', is('over'))).status, 481);
  });

  it('the carrier takes any number, and shows what was sent to it', async (t) => {
    const { agent: trunk, place: server } = await open(t, there);
    const { agent: alice } = await open(t, here, { server });
    const headers = [['P-Asserted-Identity', '<sip:01065129000@hospital.example>']] as const;
    await here.call(alice, '13911112222', '8001', { headers });
    const { id, dialled } = await until(there, trunk, 'it rings', is('ringing'));
    assert.is(dialled, '13911112222');
    const invite = (await there.order({ do: 'invite', call: id })) as {
      uri: string;
      headers: Record<string, string[]>;
    };
    assert.is(invite.uri, `sip:13911112222@${HOST}:${String(server.port)}`);
    assert.equal(invite.headers['p-asserted-identity'], ['<sip:01065129000@hospital.example>']);
  });

  it('calls without sound, and with a little', async (t) => {
    const call = await talk(t, { rtpEvery: 0 }, { rtpEvery: 5 });
    const { audio } = await hears(here, call.alice, call.ours, BOB_HZ);
    assert.equal([audio.sent, audio.lost], [0, 0]);
    assert.is((await there.report(call.theirs)).audio.received, 0);
    assert.ok(audio.longestGapMs > 60 && audio.longestGapMs < 400, String(audio.longestGapMs));
    const { calls, received } = await here.totals();
    assert.ok(calls > 0 && received > 0);
  });

  it('ends what it was told to end after a time', async (t) => {
    const { place: server } = await open(t, there, { policy: { kind: 'answer', afterMs: 0 } });
    const { agent: alice } = await open(t, here, { server });
    await here.call(alice, '8002', undefined, { hangUpAfterMs: 200 });
    const { times, endedBy } = await until(here, alice, 'it ends', is('over'));
    assert.is(endedBy, 'us');
    assert.ok((times.over ?? 0) - (times.up ?? 0) >= 200);
    assert.is(times.ringing, undefined);
  });

  it('whatever arrives at their ports, they go on', async (t) => {
    const call = await talk(t);
    const socket = createSocket('udp4');
    t.defer(() => {
      socket.close();
    });
    socket.bind(0, HOST);
    await once(socket, 'listening');
    const faults: UaEvent[] = [];
    t.defer(there.onEvent((event) => event.event === 'fault' && faults.push(event)));
    const head = (method: string): string =>
      `${method} sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP ${HOST}:${String(socket.address().port)};branch=z9hG4bK${t.rng.fraction().toString(36)}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: ${t.rng.fraction().toString(36)}\r\nCSeq: 1 ${method}\r\n`;
    const sdp = `v=0\r\nc=IN IP4 no.such.host\r\nm=audio 99999 RTP/AVP 8\r\n`;
    const hostile = [
      `${head('INVITE')}Contact: <sip:@@@:99999>\r\n\r\n${sdp}`,
      `${head('INVITE')}Contact: \r\n\r\nv=0\r\nc=IN IP4 1.2.3\r\nm=audio 0 RTP/SAVP 8\r\na=crypto:1 x\r\n`,
      `${head('REFER')}Refer-To: <sip:%@x?Replaces=%>\r\n\r\n`,
      'INVITE',
      '\0'.repeat(60_000),
      'SIP/2.0 200 OK\r\n\r\n',
      'BYE sip:x SIP/2.0\r\n\r\n',
    ];
    for (const text of hostile) socket.send(text, call.bobAt.port, HOST);
    for (let round = 0; round < 200; round += 1)
      socket.send(Buffer.from(t.rng.bytes(t.rng.integer(0, 400))), call.bobAt.port, HOST);
    await waitFor('the broken calls are refused', async () => {
      const calls = await there.calls(call.bob);
      const others = calls.filter(({ id }) => id !== call.theirs);
      return (others.length === 2 && others.every(is('over'))) || notYet(calls.map(({ status }) => status));
    });
    await bothHear(call);
    assert.equal(faults, []);
  });

  it('an order that cannot be obeyed is answered with the reason', async (t) => {
    const { agent, place } = await open(t, here);
    await assertRejects(here.order({ do: 'answer', call: 'none' }), /there is no call "none"/);
    await assertRejects(here.order({ do: 'dance' } as never), /there is no order "dance"/);
    await assertRejects(here.calls('nobody'), /there is no agent "nobody"/);
    await assertRejects(here.open({ agent, address: HOST, server: place }), /already/);
    const taken = { agent: 'second', address: HOST, port: place.port, server: place };
    await assertRejects(here.open(taken), /EADDRINUSE/);
    assert.equal(await here.calls(agent), []);
  });

  const SECRET = { realm: 'hospital', password: 'a phone' } as const;

  function challenge(nonce: string, more = ''): HeaderList {
    const value = `Digest realm="${SECRET.realm}", nonce="${nonce}", algorithm=SHA-256, qop="auth"${more}`;
    return [['WWW-Authenticate', value]];
  }

  function reply(request: ReceivedSip, status: number, more: HeaderList = []): void {
    request.reply(
      writeSipText(`SIP/2.0 ${String(status)} So`, [...responseHeaders(request, 'registrar'), ...more]),
    );
  }

  /** As RFC 7616 3.4.1 has it, counted here once more. */
  function isProven(request: ReceivedSip, user: string): boolean {
    const value = headerOf(request, 'Authorization');
    const of = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(value)?.[1] ?? '';
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const ha1 = hash(`${user}:${SECRET.realm}:${SECRET.password}`);
    const ha2 = hash(`${request.method}:${of('uri')}`);
    const parts = [ha1, of('nonce'), of('nc'), of('cnonce'), of('qop'), ha2];
    return of('username') === user && of('response') === hash(parts.join(':'));
  }

  async function openPeer(t: TestContext): Promise<RawSipPeer> {
    const peer = await RawSipPeer.open({ address: HOST });
    t.defer(() => {
      peer.close();
    });
    return peer;
  }

  it('register with digest and as a flow of a device, and again when half of what was granted is over', async (t) => {
    const registrar = await openPeer(t);
    const instance = '00000000-0000-4000-8000-000000000001';
    const server = { address: HOST, port: registrar.port };
    const { agent } = await open(t, here, { server, instance, regId: 2, password: SECRET.password });
    const status = here.register(agent, 60);
    reply(await registrar.expectRequest('REGISTER'), 401, challenge('first'));
    const second = await registrar.expectRequest('REGISTER');
    assert.ok(isProven(second, agent));
    reply(second, 401, challenge('second', ', stale=true'));
    const third = await registrar.expectRequest('REGISTER');
    assert.ok(isProven(third, agent));
    assert.is(cseqOf(third).number, 3);
    const contact = headerOf(third, 'Contact');
    assert.ok(contact.endsWith(`;+sip.instance="<urn:uuid:${instance}>";reg-id=2`), contact);
    reply(third, 200, [['Contact', `<sip:other@x>;expires=60, ${contact};expires=1`]]);
    assert.is(await status, 200);
    const granted = performance.now();
    const refresh = await registrar.expectRequest('REGISTER');
    assert.ok(performance.now() - granted >= 450, 'not before half a second');
    assert.is(headerOf(refresh, 'Call-ID'), headerOf(third, 'Call-ID'));
  });

  it('a wrong password is tried once', async (t) => {
    const registrar = await openPeer(t);
    const server = { address: HOST, port: registrar.port };
    const { agent } = await open(t, here, { server, password: 'wrong' });
    const status = here.register(agent, 60);
    reply(await registrar.expectRequest('REGISTER'), 401, challenge('first'));
    reply(await registrar.expectRequest('REGISTER'), 401, challenge('second'));
    assert.is(await status, 401);
  });

  it('what was lost on the way is sent again: the acknowledgement, the answer, the refusal', async (t) => {
    const peer = await openPeer(t);
    const { agent, place } = await open(t, here, { server: { address: HOST, port: peer.port } });
    await here.call(agent, 'service');
    const invite = await peer.expectRequest('INVITE');
    const called = RawDialog.called({ peer, engine: { protocol: 'udp', ...place } }, invite);
    for (const round of ['first', 'second']) {
      called.answer(invite, 200, { body: sdp() });
      assert.is((await peer.expectRequest('ACK')).uri, peer.uri(), round);
    }
    for (const [kind, status] of [
      [{ kind: 'answer', afterMs: 0 }, 200],
      [{ kind: 'refuse', status: 486 }, 486],
    ] as const) {
      await here.order({ do: 'policy', agent, policy: kind });
      const calling = RawDialog.calling({ peer, engine: { protocol: 'udp', ...place } });
      const sent = calling.invite();
      calling.learn(await peer.expectResponse(status, 'INVITE'));
      const again = await peer.expectResponse(status, 'INVITE');
      if (status === 200) calling.ack(sent);
      else calling.ackFailure(sent, again);
    }
  });

  it('an INVITE without an offer is answered with one', async (t) => {
    const peer = await openPeer(t);
    const { agent, place } = await open(t, here, { policy: { kind: 'answer', afterMs: 0 } });
    const calling = RawDialog.calling({ peer, engine: { protocol: 'udp', ...place } });
    const invite = calling.request('INVITE', { headers: [calling.contact] });
    const ok = await peer.expectResponse(200, 'INVITE');
    assert.match(ok.body, 'RTP/AVP 8 0 101');
    calling.learn(ok);
    calling.ack(invite, { body: sdp() });
    await until(here, agent, 'it sends where the ACK says', ({ audio }) => audio.sent > 5);
    calling.request('BYE');
    await peer.expectResponse(200, 'BYE');
    await until(here, agent, 'it is over', is('over'));
  });

  it('answer OPTIONS, and refuse what they are required to do and cannot', async (t) => {
    const peer = await openPeer(t);
    const { place } = await open(t, here);
    RawDialog.calling({ peer, engine: { protocol: 'udp', ...place } }).request('OPTIONS');
    assert.match(headerOf(await peer.expectResponse(200, 'OPTIONS'), 'Allow'), 'REFER');
    const calling = RawDialog.calling({ peer, engine: { protocol: 'udp', ...place } });
    const invite = calling.invite({ headers: [['Require', '100rel, replaces']] });
    const refused = await peer.expectResponse(420, 'INVITE');
    assert.is(headerOf(refused, 'Unsupported'), '100rel');
    calling.ackFailure(invite, refused);
  });

  it("call SIPp's answering machine, which is another SIP stack", async (t) => {
    const port = t.rng.integer(20_000, 29_999);
    const sipp = new Sipp({ scenario: calleeScenario(), address: HOST, port, calls: 1 });
    const { agent: alice } = await open(t, here, { server: { address: HOST, port } });
    const id = await here.call(alice, 'service');
    await until(here, alice, 'SIPp has answered', is('up'), id);
    await here.order({ do: 'hangUp', call: id });
    const report = await sipp.report();
    assert.equal([report.exit, report.successful], ['0', 1], report.errors);
  });
});
