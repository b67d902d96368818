/** The commands as a person uses them: the built programs, their output, their exit codes, what they leave. */
import { get } from 'node:https';
import { join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import { systemRng } from '../../cluster/base/rng.js';
import { run } from '../../ops/lab/shell.js';
import { BoxTraces } from '../support/box/box-traces.js';
import { openOffice } from '../support/box/office-lan.js';
import { projectRoot } from '../support/project-files.js';
import { type Ended, RunningProgram } from '../support/running-program.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const LAB = join(projectRoot, 'dist/ops/lab/lab-main.js');
const id = (letter: string): string => `t${letter}${String(systemRng().integer(0, 99_999))}`;
const [first, second, killed] = [id('a'), id('b'), id('k')];
const lan = `t${String(systemRng().integer(0, 99_999))}`;

const program = (...words: string[]): RunningProgram => new RunningProgram(process.execPath, [LAB, ...words]);

/** Starts a box that is taken down with the test, whatever happens. */
const start = (t: TestContext, ...words: string[]): RunningProgram =>
  program('start', ...words).endWith(t, 'SIGINT');

const lab = (...words: string[]): Promise<Ended> => program(...words).ended();

/** What a box has left on this machine. */
const traces = new Map([first, second, killed].map((boxId) => [boxId, new BoxTraces(boxId)]));
const leftOf = async (boxId: string): Promise<string> => ((await traces.get(boxId)?.find()) ?? []).join('\n');
const remember = async (boxId: string): Promise<void> => {
  assert.ok(((await traces.get(boxId)?.remember()) ?? 0) > 5, 'the box has namespaces');
};

function panelOf(program: RunningProgram): string {
  return /panel: (https:\S+)/.exec(program.output)?.[1] ?? '';
}

function askPanel(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, rejectUnauthorized: false };
    get(`${url}healthz`, options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve(`${String(response.statusCode)} ${body}`);
      });
    }).on('error', reject);
  });
}

async function untilStatus(sentence: string, box: string, pattern: RegExp): Promise<void> {
  await waitFor(
    sentence,
    async () => {
      const { output } = await lab('status', '--box', box);
      return pattern.test(output) || notYet(output);
    },
    { deadlineMs: 15_000, intervalMs: 100 },
  );
}

/** What of the host --attach could have changed. */
function hostNetwork(): Promise<string> {
  const settings = "sysctl -a 2>/dev/null | grep -E '^net.ipv[46].(conf|neigh|ip_forward)'";
  const look = `ip -json link; ip -json -4 addr; ip -json route; nft list ruleset; ${settings}`;
  return run(['sh', '-c', look], { clock });
}

const inOffice = (...words: string[]): Promise<string> =>
  run(['ip', 'netns', 'exec', lan, ...words], { clock }).then(
    () => 'answered',
    () => 'no answer',
  );

const REFUSED: readonly (readonly [words: readonly string[], said: RegExp])[] = [
  [['explode'], /^command: there is no command "explode"\. Use one of: status, kill/],
  [['kill', 'z'], /^there is no node "z" in this box; it has a, b, d\. Name one of them\.\n$/],
  [['kill'], /^NODE: it is missing\. Usage: /],
  [['partition', 'a', 'nobody'], /^there is no node "nobody" in this box; it has a, b, d, phones/],
  [['partition', 'a', 'a'], /^B: "a" stands on both sides\. Name another node\./],
  [['freeze', 'a', '--service', 'x'], /^--service: node a has no service "x"\. Name one of: redis-own/],
  [['kill-service', 'a', 'x'], /^SERVICE: node a has no service "x"\. Name one of: /],
  [['wan', '--place', 'moon', '--cut'], /^--place: there is no WAN to "moon"\. Name one of: dr\./],
  [['wan', '--loss', 'much'], /^--loss: "much" will not do\. Give percent from 0 to 100\./],
  [['power-on', 'a'], /^node a is powered on already\./],
];

spec('the laboratory as a person uses it', { deadlineMs: 60_000 }, (it) => {
  it('two boxes run side by side, take faults, and leave nothing after Ctrl-C', async (t) => {
    const [one, two] = [start(t, '--box', first), start(t, '--box', second)];
    await Promise.all([one, two].map((program) => program.shows(/Ctrl-C takes everything down/, 40_000)));

    for (const box of [first, second]) await remember(box);
    assert.match(one.output, /^ +\d+\.\d s {2}network: site 10\.77\.0\.0\/24/m);
    assert.match(one.output, /^ {2}node +a \(site\) +b \(site\) +d \(dr\)$/m);
    assert.match(one.output, /^ {2}rtpengine +up +up +up$/m);
    assert.is.not(panelOf(one), panelOf(two));
    assert.match(await askPanel(panelOf(one)), /^200 .*"a"/);
    assert.match(await askPanel(panelOf(two)), /^200 /);

    assert.match((await lab('status')).output, /several boxes are running: /);
    const again = await lab('start', '--box', first);
    assert.is(again.code, 1);
    assert.match(again.output, new RegExp(`^box "${first}" is there already\\. Stop it with `));
    two.child.kill('SIGTERM');
    assert.is((await two.ended()).code, 0);
    assert.is(await leftOf(second), '');

    const answers = await Promise.all(REFUSED.map(([words]) => lab(...words, '--box', first)));
    for (const [index, [, said]] of REFUSED.entries()) {
      assert.is(answers[index]?.code, 1);
      assert.match(answers[index]?.output ?? '', said);
    }

    const does = async (said: RegExp, ...words: string[]): Promise<void> => {
      const { code, output } = await lab(...words, '--box', first);
      assert.is(code, 0, output);
      assert.match(output, said);
    };
    await does(
      /^no vrrp traffic passes from a to b\nundo: .* heal/,
      'partition',
      'a',
      'b',
      '--only',
      'vrrp',
      '--one-way',
    );
    await does(/^wan to dr: 40 ms one way, 2 % loss\n/, 'wan', '--delay', '40', '--loss', '2');
    await does(/^wan to dr: cut\n/, 'wan', '--cut');
    await does(/^the cable of node d is pulled/, 'unplug', 'd');
    await does(/cuts: a to b \(vrrp only\)\n {2}unplugged: d/, 'status');
    await does(/^the cable of node d is plugged in/, 'plug', 'd');
    await does(/^cuts, cables and WANs are as they were/, 'heal');
    await does(/wan to dr: 15 ms one way, 0 % loss\n {2}cuts: none/, 'status');
    await does(/^the data disk of node d is full/, 'fill-disk', 'd');
    await does(/disk .* 100 % used$/m, 'status');
    await does(/^the data disk of node d is free again/, 'free-disk', 'd');
    await does(/^rtpengine of node b was killed/, 'kill-service', 'b', 'rtpengine');
    await untilStatus('rtpengine of b is back', first, /^ {2}rtpengine +up +up, 1 restart +up$/m);
    const frozen = lab('freeze', 'd', '--for', '3000', '--box', first);
    await untilStatus('d does not answer', first, /^ {2}power +on +on +no answer$/m);
    assert.match((await frozen).output, /^node d stood still for 3000 ms/);
    await does(/^redis-own of node d stood still/, 'freeze', 'd', '--service', 'redis-own', '--for', '50');

    await does(/^node a has lost its power.*\nundo: .* power-on a/, 'kill', 'a');
    await untilStatus('b has both addresses', first, /^ {4}10\.77\.0\.11 +MASTER/m);
    assert.match(await askPanel(panelOf(one)), /^200 .*"b"/);
    await does(/^node a is on again/, 'power-on', 'a');
    const json = JSON.parse((await lab('status', '--json', '--box', first)).output) as { box: string };
    assert.is(json.box, first);

    await remember(first);
    one.child.kill('SIGINT');
    one.child.kill('SIGINT');
    const { code, output } = await one.ended();
    assert.is(code, 0);
    assert.match(output, /box taken down\n$/);
    assert.is(await leftOf(first), '');
  });

  it('what a killed start has left is removed by the next one, which lends its addresses to a LAN', async (t) => {
    const victim = start(t, '--box', killed);
    // In the middle of the start: namespaces, folder and disks are there, machines are booting.
    await victim.shows(/disks of/);
    await remember(killed);
    victim.child.kill('SIGKILL');
    await victim.ended();
    await waitFor('the kernel has ended its processes', async () => {
      const processes = (await traces.get(killed)?.findProcesses()) ?? [];
      return processes.length === 0 || notYet(processes);
    });
    assert.match(await leftOf(killed), new RegExp(`wl-${killed}-hub`));

    await openOffice(t, clock, lan, ['10.77.0.130']);
    const before = await hostNetwork();
    const next = start(t, '--box', first, '--attach', lan);
    await next.shows(/Ctrl-C takes everything down/);
    assert.match(next.output, new RegExp(`^ +\\d+\\.\\d s {2}box "${first}"; removed .*${killed}`, 'm'));
    assert.equal(await traces.get(killed)?.findNamed(), []);

    assert.match(next.output, new RegExp(`attached to ${lan}:`));
    assert.is(await inOffice('ping', '-c', '1', '-W', '2', '10.77.0.11'), 'answered');
    const connect = "require('net').connect(8443, '10.77.0.12', () => process.exit(0))";
    assert.is(await inOffice(process.execPath, '-e', connect), 'answered');
    // Only the service addresses are lent.
    assert.is(await inOffice('ping', '-c', '1', '-W', '1', '10.77.0.1'), 'no answer');

    await remember(first);
    assert.match((await lab('stop', '--box', first)).output, new RegExp(`^box "${first}" is taken down`));
    assert.is((await next.ended()).code, 0);
    assert.match(next.output, /detached from .*\n.*box taken down\n$/);
    assert.is(await leftOf(first), '');
    assert.is(await hostNetwork(), before);
  });

  it('Ctrl-C twice in the middle of a start, or nobody who reads on, leaves nothing', async (t) => {
    const interrupted = start(t, '--box', first);
    const unread = start(t, '--box', second);
    await Promise.all([interrupted, unread].map((program) => program.shows(/disks of/)));
    for (const box of [first, second]) await remember(box);
    interrupted.child.kill('SIGINT');
    interrupted.child.kill('SIGINT');
    unread.child.stdout?.destroy();
    assert.is((await interrupted.ended()).code, 0);
    assert.match(interrupted.output, /box taken down\n$/);
    assert.is((await unread.ended()).code, 0);
    for (const box of [first, second]) assert.is(await leftOf(box), '');
    assert.match((await lab('status', '--box', first)).output, /^--box: there is no box /);
  });
});
