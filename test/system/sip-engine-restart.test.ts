/**
 * The application dies, the engine lives: calls go on under the application that comes after it, and a caller who was
 * ringing is not left in silence. drachtio-server answers 481 to every one of these requests.
 */
import { ApplicationProcess } from '../support/sip/application-process.js';
import { EngineProcess } from '../support/sip/engine-process.js';
import { inGroups } from '../support/sip/in-groups.js';
import { RawDialog } from '../support/sip/raw-dialog.js';
import { RawSipPeer } from '../support/sip/raw-sip-peer.js';
import { sdp } from '../support/sip/sip-text.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { waitFor } from '../support/wait.js';

const CALLS = 200;
const AT_ONCE = 10;
const TAG = 'wards';

let engine: EngineProcess;

async function startHolder(t: TestContext, options: object = {}): Promise<ApplicationProcess> {
  const holder = await ApplicationProcess.start('holder', engine, { tags: [TAG], ...options });
  t.defer(() => holder.stop());
  return holder;
}

/** With all the dialogs of the one that was killed. */
async function startSuccessor(t: TestContext): Promise<ApplicationProcess> {
  const successor = await startHolder(t, { adopt: true });
  const { adopted } = await successor.expect('the dialogs are adopted', 'adopted');
  assert.is(adopted, CALLS);
  return successor;
}

async function openPeer(t: TestContext): Promise<RawSipPeer> {
  const peer = await RawSipPeer.open();
  t.defer(() => peer.close());
  return peer;
}

function startCall(peer: RawSipPeer): RawDialog {
  return RawDialog.calling({ peer, engine: engine.at() });
}

async function establish(peer: RawSipPeer): Promise<RawDialog[]> {
  const calls = Array.from({ length: CALLS }, () => startCall(peer));
  const { failures } = await inGroups(calls, AT_ONCE, (call) => call.establish());
  assert.equal(failures, []);
  return calls;
}

async function reinvite(call: RawDialog): Promise<void> {
  const invite = call.invite({ body: sdp(40_100, 'sendrecv', 2) });
  const ok = await call.response(invite, 200);
  call.ack(invite);
  if (!ok.body.startsWith('v=0')) throw new Error('the answer has no SDP');
}

spec('calls of an application that was killed', { deadlineMs: 40_000 }, (it, before) => {
  before(async (t) => {
    engine = await EngineProcess.start({ config: { limits: { trustedSources: ['127.0.0.0/8'] } } });
    t.defer(() => engine.stop());
  });

  it('its successor answers OPTIONS, re-INVITE and BYE of the phones, in 200 of 200 calls', async (t) => {
    const first = await startHolder(t);
    const peer = await openPeer(t);
    const calls = await establish(peer);
    await first.kill();
    await startSuccessor(t);
    const options = await inGroups(calls, AT_ONCE, (call) => call.exchange('OPTIONS', 200));
    const invites = await inGroups(calls, AT_ONCE, reinvite);
    const byes = await inGroups(calls, AT_ONCE, (call) => call.exchange('BYE', 200));
    assert.equal([options.done, invites.done, byes.done], [CALLS, CALLS, CALLS], options.failures[0]);
  });

  it('its successor sends OPTIONS, re-INVITE and BYE to the phones, in 200 of 200 calls', async (t) => {
    const first = await startHolder(t);
    const peer = await openPeer(t);
    const calls = await establish(peer);
    await first.kill();
    const successor = await startSuccessor(t);
    const answered = { INVITE: 0, OPTIONS: 0, BYE: 0 };
    for (const [what, method] of [
      ['options', 'OPTIONS'],
      ['modify', 'INVITE'],
      ['destroy', 'BYE'],
    ] as const) {
      const command = successor.begin('each', { what });
      const { failures } = await inGroups(calls, calls.length, async (call) => {
        call.answer(await call.incoming(method, 10_000), 200, method === 'INVITE' ? { body: sdp() } : {});
        answered[method] += 1;
      });
      const result = await successor.result(command, 10_000);
      assert.equal([result['done'], result['failures'], failures], [CALLS, [], []]);
    }
    assert.equal(answered, { INVITE: CALLS, OPTIONS: CALLS, BYE: CALLS });
  });

  it('a BYE that finds no application at all is answered 200, and nothing is left to adopt', async (t) => {
    const first = await startHolder(t);
    const peer = await openPeer(t);
    const call = startCall(peer);
    await call.establish();
    await first.kill();
    await call.exchange('BYE', 200);
    const successor = await startHolder(t, { adopt: true });
    const { adopted } = await successor.expect('it has asked for dialogs', 'adopted');
    assert.is(adopted, 0);
  });
});

spec('a caller whose application is killed while it rings', { deadlineMs: 15_000 }, (it, before) => {
  before(async (t) => {
    engine = await EngineProcess.start();
    t.defer(() => engine.stop());
  });

  async function ring(t: TestContext, options: object) {
    const first = await startHolder(t, { options });
    const peer = await openPeer(t);
    const call = startCall(peer);
    const invite = call.invite();
    await first.expect('the application has the INVITE', 'invite');
    if ('ring' in options) await call.response(invite, 180);
    return { first, call, invite };
  }

  it('is answered by the application that is there beside it', async (t) => {
    for (const how of [{ ring: true }, { silent: true }]) {
      const { first, call, invite } = await ring(t, how);
      const second = await startHolder(t);
      await first.kill();
      call.learn(await call.response(invite, 200));
      call.ack(invite);
      await call.exchange('BYE', 200);
      await second.kill();
    }
  });

  it('is answered by the application that comes a second later', async (t) => {
    const { first, call, invite } = await ring(t, { ring: true });
    await first.kill();
    const second = await startHolder(t);
    call.learn(await call.response(invite, 200));
    call.ack(invite);
    await call.exchange('BYE', 200);
    await second.kill();
  });

  it('gets a final answer within about two seconds when none comes', async (t) => {
    const { first, call, invite } = await ring(t, { ring: true });
    await first.kill();
    const killedMs = performance.now();
    const final = await waitFor('a final answer arrives', () =>
      call.peer.received.find(({ status }) => status >= 300),
    );
    call.ackFailure(invite, final);
    assert.ok(final.atMs - killedMs < 3_500, `after ${String(Math.round(final.atMs - killedMs))} ms`);
    assert.ok([480, 500, 503].includes(final.status), final.startLine);
  });
});

/** One more call; when it is answered after all, it is ended at once. */
async function isRefused(peer: RawSipPeer): Promise<boolean> {
  const call = startCall(peer);
  const invite = call.invite();
  const final = await peer.expect('it is answered', ({ status }) => status >= 200, 2_000, call.callId);
  if (final.status >= 300) {
    call.ackFailure(invite, final);
    return final.status === 503;
  }
  call.learn(final);
  call.ack(invite);
  await call.exchange('BYE', 200);
  return false;
}

spec('an engine that is told to end', { deadlineMs: 15_000 }, (it) => {
  it('refuses new calls with 503, keeps those that stand, and ends with the last one', async (t) => {
    engine = await EngineProcess.start();
    t.defer(() => engine.stop());
    await startHolder(t);
    const peer = await openPeer(t);
    const call = startCall(peer);
    await call.establish();
    engine.signal('SIGTERM');
    await waitFor('a new call is refused', () => isRefused(peer));
    await reinvite(call);
    await call.exchange('BYE', 200);
    assert.is(await engine.ended(), '0');
  });
});
