/**
 * The messages of RFC 4475 and RFC 5118 at the door of a running engine, over UDP and TCP. No application is there: what
 * is accepted is answered 503 (or 481 within a dialog), so that a 400 tells it from what is refused.
 */
import { EngineProcess } from '../support/sip/engine-process.js';
import { RawDialog } from '../support/sip/raw-dialog.js';
import { RawSipPeer, type PeerProtocol } from '../support/sip/raw-sip-peer.js';
import type { CorpusMessage } from '../support/sip-corpus/corpus-message.js';
import { RFC4475 } from '../support/sip-corpus/rfc4475.js';
import { RFC5118 } from '../support/sip-corpus/rfc5118.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

/** Where a response goes that names no port in its Via (RFC 3261 18.2.2). */
const SIP_PORT = 5060;
/** Responses and what is dropped: time in which an answer would have come. */
const SILENCE_MS = 300;
/** Their Via names a port of its own: over UDP the answer goes there. */
const ANSWERED_ELSEWHERE = new Set(['quotbal', 'mpart01', 'mult-ip-in-header', 'ipv4-mapped-ipv6']);

let engine: EngineProcess;

/** What may come back: statuses, or the empty set for silence; undefined where the RFC leaves it open. */
function allowedStatuses({
  prescribed,
  bytes,
}: CorpusMessage): ReadonlySet<number> | 'anything' | 'accepted' {
  const isResponse = bytes.subarray(0, 7).toString('latin1') === 'SIP/2.0';
  if (isResponse || prescribed === 'discard') return new Set();
  if (prescribed.startsWith('accept;') || prescribed === 'accept') return 'accepted';
  const isOpen = / or (accept|ignore|infer)|^accept,|may be accepted/.test(prescribed);
  return isOpen ? 'anything' : new Set([...prescribed.matchAll(/\d{3}/g)].map(([digits]) => Number(digits)));
}

/** The body is as long as it says, or it says nothing: only then does a stream know where it ends. */
function isWholeOnStream({ bytes }: CorpusMessage): boolean {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const stated = /^(?:content-length|l)[ \t]*:[ \t]*(\d+)/im.exec(text.slice(0, end))?.[1];
  return stated !== undefined && end + 4 + Number(stated) === bytes.length;
}

/**
 * Many of them have one branch, some of these one host besides: to a server they are retransmissions of one another,
 * over whichever transport they come.
 */
function withOwnBranch(bytes: Buffer, suffix: string): Buffer {
  const text = bytes.toString('latin1').replaceAll(/branch=z9hG4bK(kdjuw|as3-111)/g, `$&${suffix}`);
  return Buffer.from(text, 'latin1');
}

async function send(t: TestContext, message: CorpusMessage, index: number, protocol: PeerProtocol) {
  // One source for each, so that no message is taken for another one's retransmission, and answers are told apart.
  const address = `127.0.${protocol === 'udp' ? '1' : '2'}.${String(index + 1)}`;
  const peer = await RawSipPeer.open({
    protocol,
    address,
    ...(protocol === 'udp' ? { port: SIP_PORT } : {}),
  });
  t.defer(() => peer.close());
  peer.send(withOwnBranch(message.bytes, `${protocol}${String(index)}`), engine.at(protocol));
  return peer;
}

/** @returns a sentence when it was not answered as it should be */
async function judge(message: CorpusMessage, peer: RawSipPeer): Promise<string | undefined> {
  const allowed = allowedStatuses(message);
  if (allowed === 'anything') return undefined;
  const isSilent = allowed !== 'accepted' && allowed.size === 0;
  if (isSilent) {
    const first = peer.received[0];
    return first === undefined ? undefined : `${message.name}: ${first.startLine} instead of silence`;
  }
  const final = await waitFor(
    `${message.name} is answered`,
    () =>
      peer.received.find(({ status }) => status >= 200) ?? notYet(peer.received.map((one) => one.startLine)),
  );
  const isRight = allowed === 'accepted' ? ![400, 505].includes(final.status) : allowed.has(final.status);
  return isRight ? undefined : `${message.name} (${message.prescribed}): ${final.startLine}`;
}

async function startEngine(t: TestContext): Promise<void> {
  engine = await EngineProcess.start({ listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] });
  t.defer(() => engine.kill());
}

async function assertAlive(t: TestContext, protocol: PeerProtocol): Promise<void> {
  const peer = await RawSipPeer.open({ protocol });
  t.defer(() => peer.close());
  await RawDialog.calling({ peer, engine: engine.at(protocol) }).exchange('OPTIONS', 503);
  assert.is(engine.exit, undefined);
}

async function torment(
  t: TestContext,
  messages: readonly CorpusMessage[],
  protocol: PeerProtocol,
): Promise<void> {
  const peers = await Promise.all(messages.map((message, index) => send(t, message, index, protocol)));
  await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  const judged = messages.map((message, index) => ({ message, peer: peers[index]! }));
  const answerable = judged.filter(({ message }) =>
    protocol === 'udp' ? !ANSWERED_ELSEWHERE.has(message.name) : isWholeOnStream(message),
  );
  const results = await Promise.allSettled(answerable.map(({ message, peer }) => judge(message, peer)));
  const wrong = results.map((one) => (one.status === 'rejected' ? String(one.reason) : one.value));
  assert.equal(
    wrong.filter((sentence) => sentence !== undefined),
    [],
  );
  await assertAlive(t, protocol);
}

for (const protocol of ['udp', 'tcp'] as const) {
  // An engine of its own: a request that comes over both is a retransmission.
  spec(`torture messages over ${protocol}`, { deadlineMs: 20_000 }, (it, before) => {
    before((t) => startEngine(t));
    it('of RFC 4475 are answered as it says', (t) => torment(t, RFC4475, protocol));
    it('of RFC 5118 are answered as it says', (t) => torment(t, RFC5118, protocol));
  });
}

spec('torture messages in pieces', { deadlineMs: 20_000 }, (it, before) => {
  before((t) => startEngine(t));

  it('sent in pieces of one byte over TCP are answered the same', async (t) => {
    const message = RFC4475.find(({ name }) => name === 'longreq')!;
    const peer = await RawSipPeer.open({ protocol: 'tcp' });
    t.defer(() => peer.close());
    for (const byte of message.bytes) peer.send(Buffer.of(byte), engine.at('tcp'));
    assert.is(await judge(message, peer), undefined);
  });

  it('cut off at every length are survived over UDP', async (t) => {
    const peer = await RawSipPeer.open();
    t.defer(() => peer.close());
    const message = RFC4475.find(({ name }) => name === 'wsinv')!;
    for (let length = 1; length < message.bytes.length; length += 3) {
      peer.send(message.bytes.subarray(0, length), engine.at());
    }
    await assertAlive(t, 'udp');
  });
});
