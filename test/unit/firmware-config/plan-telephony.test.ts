import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../../firmware-config/parse-node.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { planServices } from '../../../firmware-config/services/plan-services.js';
import { planCalls, planSipEngine } from '../../../firmware-config/services/plan-telephony.js';
import { sipEngineFiles } from '../../../firmware-config/sip-engine-files.js';
import { assert, spec } from '../../support/spec.js';

const site = parseSite(exampleSite());
const node = (nodeId: string): ReturnType<typeof parseNode> => parseNode({ version: 1, nodeId });
const engine = planSipEngine(site, node('a'));
const calls = planCalls(site, node('a'));

spec('the processes that signal calls', (it) => {
  it('run as users of their own, without any right over the machine', () => {
    assert.equal([engine.user, calls.user], ['wardline-sip', 'wardline-calls']);
    for (const { capabilities, realtimePriorityMax } of [engine, calls]) {
      assert.equal(capabilities, []);
      assert.is(realtimePriorityMax, undefined);
    }
  });

  it('read only what is given to their group', () => {
    const given = ({ prepare }: typeof engine): string[] =>
      prepare.filter(([program]) => program === 'chown').map((words) => words.slice(1).join(' '));
    const files = sipEngineFiles(node('a'));
    assert.equal(given(engine), [
      `root:wardline-sip ${files.users} ${files.nonceKey} ${files.ticketKeys}`,
      `wardline-sip:wardline-calls ${files.controlSecret}`,
      `wardline-sip:wardline-sip ${files.tlsKey} ${files.tlsCertificate}`,
    ]);
    assert.equal(given(calls), ['root:wardline-calls /etc/wardline/telephony.json']);
    const [folder] = engine.directories;
    assert.equal([folder?.path, folder?.mode, folder?.group], [files.folder, 0o2750, 'wardline-calls']);
  });

  it('start after what they need, on a node alone too', () => {
    assert.equal(engine.after, ['redis-own', 'redis-partner']);
    assert.equal(planSipEngine(site, node('d')).after, ['redis-own']);
    const names = planServices(site, node('a')).map(({ name }) => name);
    assert.ok(
      calls.after.every((name) => names.includes(name)),
      calls.after.join(),
    );
    assert.equal(planCalls(site, node('d')).after, ['sip-engine', 'rtpengine', 'redis-own']);
  });

  it('call control is told four documents', () => {
    const { command } = calls;
    for (const kind of ['site', 'node', 'telephony', 'routing'])
      assert.is(command[command.indexOf(`--${kind}`) + 1], `/etc/wardline/${kind}.json`);
  });

  it('the engine ends at once when it is stopped: its calls go on in the next process', () => {
    assert.is(engine.stopSignal, 'SIGINT');
  });
});
