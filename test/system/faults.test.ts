/** Faults of single parts: who is not concerned is not disturbed, and what cannot be healed is named in one sentence. */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { Box } from '../../ops/lab/box.js';
import { getSpace } from '../../ops/lab/box-plan.js';
import { diesWithParent, inNamespace } from '../../ops/lab/shell.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { PingWatch, longestSilenceMs } from '../support/box/ping-watch.js';
import { StoreWriter } from '../support/box/store-writer.js';
import {
  clock,
  findLeader,
  isEverythingInSync,
  makeTestBox,
  NODE_ADDRESSES,
  SERVICE_ADDRESSES,
} from '../support/box/test-box.js';
import { projectRoot } from '../support/project-files.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const { box, said } = makeTestBox();

/** Lines about trouble that a partner's death must leave in a survivor's log, each with its reason. */
const EXPECTED: readonly RegExp[] = [
  // Whatever the store says about the address of the peer that died: connections reset, refused, timed out.
  /^rqlited\.log: .*\b10\.77\.0\.1:\d/,
  // The store misses its peer, elects, and says so; its peer's connections break.
  /^rqlited\.log: \[raft\] .*\[(WARN|ERROR)\] +(failed to (contact|heartbeat to|appendEntries to|make requestVote RPC|pipeline appendEntries|get previous log)|appendEntries rejected)/,
  /^rqlited\.log: \[raft\] .*\[ERROR\] +.*(peer|target)=/,
  /^rqlited\.log: \[cluster-(join|bootstrap)\] .* failed to (join via node at|join cluster at|notify all targets)/,
  // Two peers hear of the last one at the same moment and both found the cluster: the second is told that it exists.
  /^rqlited\.log: \[store\] .*cluster bootstrap failed: bootstrap only works on new clusters$/,
  // The replica tries its master again and again; the master loses its follower.
  /^redis-(own|partner)\.log: .*(SYNC|MASTER|Connection with (master|replica)|overcommit)/,
  // The engine says when the partner does not acknowledge its records any more, and when it does again.
  /^sip-engine\.log: .*"msg":"(the way to the partner has changed|the partner does not hold the records in time)/,
  // socat does not answer systemd-notify's barrier (docs/adr/0004); the message has arrived.
  /Failed to invoke barrier|systemd-notify WATCHDOG=1 ended with 1/,
  // The panel asks the panel of each node, and the one that died does not answer.
  /^admin\.log: .*"PANEL_NODE_AWAY"/,
  // Call control's link to its partner is cut, and comes back.
  /^calls\.log: .*"msg":"(node link is down|its seats are dispatched by)"/,
  // Two cores start a whole node: what is asked meanwhile is answered late, and asked again with the next beat.
  /"LIVE_STATE_AWAY".* within 500 ms/,
];
const TROUBLE = /\berror\b|\bERR\b|\bfail|panic|fatal|exception|"level":"(warn|error|fatal)"/i;

async function findTrouble(nodeId: string): Promise<string[]> {
  const folder = `${box.stateFolder}/${nodeId}/log`;
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(`${folder}/${file}`, 'utf8')));
  return files
    .flatMap((file, index) =>
      (texts[index] ?? '').split('\n').map((line) => `${file}: ${line.slice(0, 300)}`),
    )
    .filter((line) => TROUBLE.test(line) && !EXPECTED.some((pattern) => pattern.test(line)));
}

spec('faults of single parts', { deadlineMs: 90_000 }, (it, before) => {
  before(async (t) => {
    t.defer(() => box.stop());
    await box.start();
  });

  it("the survivor's logs have nothing unexpected after its partner has died and come back", async () => {
    await box.kill('a');
    await waitFor('b has taken over and the store has a leader again', async () => {
      const { serviceAddresses = [], raft } = await box.inspect('b');
      const isOwner = serviceAddresses.every(({ vrrp }) => vrrp === 'MASTER');
      return (isOwner && raft !== undefined && raft.leaderId !== '' && raft.leaderId !== 'a') || notYet(raft);
    });
    await box.powerOn('a');
    await waitFor('everything is in sync', () => isEverythingInSync(box), { deadlineMs: 20_000 });
    assert.equal(await findTrouble('b'), []);
    assert.equal(said, []);
  });

  it('a full disk on a stops nothing on b, and a is whole again once it has room', async (t) => {
    const ping = new PingWatch(box, SERVICE_ADDRESSES.b);
    t.defer(() => ping.stop());
    await waitFor('b answers', () => ping.replies > 0);
    const fromMs = clock.wallMs();
    await box.fillDisk('a');
    assert.is((await box.inspect('a')).disk?.usedPercent, 100);
    const writer = new StoreWriter(box, NODE_ADDRESSES['b'] ?? '');
    t.defer(() => {
      writer.stop();
    });
    await waitFor('b takes writes', () => writer.acksMs.length > 20 || notYet(writer.acksMs.length), {
      deadlineMs: 20_000,
    });
    const { services } = await box.status('b');
    assert.equal(
      services.filter(({ state, restarts }) => state !== 'Up' || restarts > 0),
      [],
    );
    const toMs = clock.wallMs();
    const report = await ping.stop();
    assert.ok(report.repliesMs.length > 100, String(report.repliesMs.length));
    assert.ok(longestSilenceMs(report, fromMs, toMs) < 150, 'the address of b was never silent');
    await box.freeDisk('a');
    // What was given up for want of room is not tried again by itself.
    const isGivenUp = (await box.status('a')).services.some(({ state }) => state === 'Failed');
    if (isGivenUp) {
      await box.kill('a');
      await box.powerOn('a');
    }
    // A leader whose entries were refused may never send any again (docs/adr/0009): another one does.
    const leader = await findLeader(box);
    if (leader !== undefined) await box.killService(leader.id, 'rqlited');
    await waitFor('everything is in sync', () => isEverythingInSync(box), { deadlineMs: 30_000 });
    said.length = 0;
  });

  it('a daemon whose port is taken is given up in one sentence, with the end of its log', async (t) => {
    const port = 2225;
    const squat =
      `const net = require('node:net'); const take = () => net.createServer()` +
      `.on('error', () => setTimeout(take, 5)).listen(${String(port)}, '127.0.0.1', () => console.log('taken')); take();`;
    const words = diesWithParent(
      inNamespace(getSpace(box.plan, 'a').namespace, [process.execPath, '-e', squat]),
    );
    const squatter = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
    const heard: unknown[] = [];
    squatter.stdout.on('data', (word) => heard.push(word));
    const isTaken = (): boolean => heard.length > 0;
    t.defer(() => {
      squatter.kill('SIGKILL');
    });
    await waitFor('it wants the port', async () => {
      const listening = await box.runIn('a', ['pgrep', '-f', 'const take = ']).catch(() => '');
      return listening !== '';
    });
    const taken = () => waitFor('the port is taken', () => isTaken() || notYet('free'), { deadlineMs: 3000 });
    // On a busy machine rtpengine may have the port again before the other program has had its turn.
    for (let tries = 0; tries < 4 && !isTaken(); tries += 1) {
      await box.killService('a', 'rtpengine');
      await taken().catch(() => undefined);
    }
    const sentence = await waitFor(
      'rtpengine is given up',
      () => said.find((text) => text.includes('given up')) ?? notYet(said),
      { deadlineMs: 30_000 },
    );
    assert.match(sentence, /^node a: rtpengine does not stay up and is given up: .*the end of its log: .*\S/);
    assert.match(sentence, /ort|bind|listen|ddress/);
    assert.not.match(sentence, /\n/);
    const { services } = await box.status('b');
    assert.ok(services.every(({ state }) => state === 'Up'));
  });
});

spec('a program that cannot be started', { deadlineMs: 60_000 }, (it) => {
  it('is named in one sentence, and the rest of the box comes up', async (t) => {
    const sentences: string[] = [];
    const broken = new Box({
      boxId: `t${String(t.rng.integer(0, 999_999))}`,
      site: parseSite(exampleSite()),
      clock,
      rqlited: '/nonexistent/rqlited',
      nodeProgram: process.execPath,
      projectRoot,
      say: (sentence) => sentences.push(sentence),
    });
    t.defer(() => broken.stop());
    await broken.start();
    const givenUp = sentences.filter((sentence) => sentence.includes('given up'));
    assert.is(givenUp.length, 3);
    assert.match(givenUp[0] ?? '', /^node [abd]: rqlited .*\/nonexistent\/rqlited/);
    const { services } = await broken.status('a');
    const down = services.filter(({ state }) => state !== 'Up').map(({ name }) => name);
    assert.equal(down, ['rqlited']);
    await broken.runIn('phones', ['ping', '-c', '1', '-W', '1', SERVICE_ADDRESSES.a]);
  });
});
