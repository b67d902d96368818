/**
 * The import rules (.dependency-cruiser.cjs) catch what they forbid. A small tree with every room of the product,
 * also of rooms that do not exist yet, obeys them all; then one forbidden import after the other is added to one
 * file, and the rule of that name must see it. A rule without an example here fails, too. At last the project itself.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { projectRoot } from '../support/project-files.js';
import { assert, spec } from '../support/spec.js';

const CONFIGURATION = join(projectRoot, '.dependency-cruiser.cjs');
const ROOMS = ['appliance', 'cluster', 'firmware-config', 'ops', 'web-admin', 'test'];
const PACKAGES = [
  'drachtio-srf',
  'rtpengine-client',
  'rqlite-js',
  'redis',
  'openpgp',
  'node-cron',
  'systemd-notify',
  'prom-client',
  'fastify',
  '@fastify/static',
  'pino',
  'typebox',
];
const DEVELOPMENT_PACKAGES = ['uvu', 'typescript'];
const UNDECLARED_PACKAGES = ['brought-along'];

/** File -> what it imports: a path of the project, `type:` before one, a package or a module of Node. */
const TREE: Readonly<Record<string, readonly string[]>> = {
  'cluster/base/clock.ts': [],
  'cluster/base/errors.ts': ['node:util'],
  'cluster/base/log.ts': ['pino'],
  'cluster/base/local-rpc.ts': ['node:net', 'cluster/base/errors.ts'],
  'cluster/base/service-notify.ts': ['systemd-notify'],
  'firmware-config/schema/site.ts': ['typebox'],
  'firmware-config/render/keepalived.ts': ['firmware-config/schema/site.ts', 'cluster/base/errors.ts'],
  'cluster/store/store-port.ts': [],
  'cluster/store/rqlite-state-store.ts': [
    'rqlite-js',
    'type:cluster/store/store-port.ts',
    'firmware-config/schema/site.ts',
  ],
  'cluster/store/call-list-read-port.ts': [],
  'cluster/live-state/live-state-port.ts': [],
  'cluster/live-state/redis-live-state.ts': ['redis', 'type:cluster/live-state/live-state-port.ts'],
  'cluster/audit/audit-port.ts': [],
  'cluster/audit/verify-chain.ts': ['cluster/base/errors.ts'],
  'cluster/audit/append-entry.ts': ['cluster/audit/verify-chain.ts', 'cluster/store/rqlite-state-store.ts'],
  'cluster/main.ts': ['cluster/store/rqlite-state-store.ts', 'firmware-config/render/keepalived.ts'],
  'appliance/call/call-state.ts': ['type:cluster/base/clock.ts', 'cluster/base/errors.ts'],
  'appliance/call/effects.ts': ['type:appliance/call/call-state.ts'],
  'appliance/routing/route-contact.ts': ['appliance/call/call-state.ts'],
  'appliance/queue/offer-call.ts': ['appliance/call/call-state.ts', 'appliance/call/effects.ts'],
  'appliance/sip-engine/engine.ts': ['node:dgram', 'cluster/base/clock.ts'],
  'appliance/sip-engine/main.ts': [
    'appliance/sip-engine/engine.ts',
    'cluster/live-state/redis-live-state.ts',
  ],
  'appliance/signalling/drachtio-signalling.ts': [
    'drachtio-srf',
    'type:appliance/call/effects.ts',
    'cluster/base/log.ts',
  ],
  'appliance/media/rtpengine-media.ts': ['rtpengine-client', 'type:cluster/live-state/live-state-port.ts'],
  'appliance/recording/seal-segment.ts': [
    'openpgp',
    'appliance/key-vault/vault-protocol.ts',
    'type:cluster/audit/audit-port.ts',
  ],
  'appliance/key-vault/vault-protocol.ts': ['cluster/base/errors.ts'],
  'appliance/key-vault/unwrap-key.ts': [
    'openpgp',
    'appliance/key-vault/vault-protocol.ts',
    'cluster/audit/verify-chain.ts',
  ],
  'appliance/key-vault/main.ts': ['appliance/key-vault/unwrap-key.ts', 'cluster/base/local-rpc.ts'],
  'appliance/run-effects.ts': ['appliance/call/effects.ts', 'appliance/media/rtpengine-media.ts'],
  'appliance/main.ts': [
    'appliance/run-effects.ts',
    'appliance/queue/offer-call.ts',
    'appliance/routing/route-contact.ts',
    'appliance/signalling/drachtio-signalling.ts',
    'appliance/recording/seal-segment.ts',
    'cluster/live-state/redis-live-state.ts',
    'firmware-config/schema/site.ts',
  ],
  'ops/drill/plan-drill.ts': ['firmware-config/render/keepalived.ts', 'cluster/audit/append-entry.ts'],
  'ops/schedule/drill-schedule.ts': ['node-cron', 'ops/drill/plan-drill.ts'],
  'ops/lab/shuttle-main.ts': ['cluster/base/clock.ts'],
  'ops/setup/runner.mjs': ['node:child_process'],
  'ops/setup/bootstrap.mjs': ['ops/setup/runner.mjs', 'node:fs'],
  'web-admin/server.ts': [
    'fastify',
    '@fastify/static',
    'ops/drill/plan-drill.ts',
    'type:cluster/store/call-list-read-port.ts',
  ],
  'web-admin/recordings.ts': [
    'type:appliance/key-vault/vault-protocol.ts',
    'firmware-config/schema/site.ts',
    'cluster/base/errors.ts',
  ],
  'web-admin/main.ts': [
    'web-admin/server.ts',
    'web-admin/recordings.ts',
    'cluster/store/rqlite-state-store.ts',
  ],
  'test/support/spec.ts': ['uvu'],
  'test/unit/queue.test.ts': [
    'test/support/spec.ts',
    'appliance/queue/offer-call.ts',
    'appliance/key-vault/unwrap-key.ts',
    'typescript',
  ],
};

interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  /** How it is imported; default a plain import. */
  readonly how?: 'type' | 'dynamic' | 'export';
}

const VIOLATIONS: readonly Violation[] = [
  { rule: 'base-stands-alone', from: 'cluster/base/clock.ts', to: 'cluster/store/store-port.ts' },
  {
    rule: 'base-stands-alone',
    from: 'cluster/base/clock.ts',
    to: 'firmware-config/schema/site.ts',
    how: 'type',
  },
  {
    rule: 'firmware-config-imports',
    from: 'firmware-config/schema/site.ts',
    to: 'cluster/store/store-port.ts',
  },
  {
    rule: 'cluster-imports',
    from: 'cluster/store/store-port.ts',
    to: 'appliance/call/call-state.ts',
    how: 'type',
  },
  {
    rule: 'cluster-imports',
    from: 'cluster/audit/append-entry.ts',
    to: 'firmware-config/render/keepalived.ts',
  },
  { rule: 'cluster-imports', from: 'cluster/live-state/redis-live-state.ts', to: 'ops/drill/plan-drill.ts' },
  { rule: 'cluster-main-layer', from: 'cluster/main.ts', to: 'ops/drill/plan-drill.ts' },
  {
    rule: 'call-imports',
    from: 'appliance/call/call-state.ts',
    to: 'appliance/queue/offer-call.ts',
    how: 'type',
  },
  {
    rule: 'call-imports',
    from: 'appliance/call/effects.ts',
    to: 'firmware-config/schema/site.ts',
    how: 'type',
  },
  {
    rule: 'routing-imports',
    from: 'appliance/routing/route-contact.ts',
    to: 'appliance/media/rtpengine-media.ts',
  },
  {
    rule: 'routing-imports',
    from: 'appliance/routing/route-contact.ts',
    to: 'appliance/queue/offer-call.ts',
  },
  {
    rule: 'queue-imports',
    from: 'appliance/queue/offer-call.ts',
    to: 'cluster/store/store-port.ts',
    how: 'type',
  },
  {
    rule: 'queue-imports',
    from: 'appliance/queue/offer-call.ts',
    to: 'appliance/routing/route-contact.ts',
    how: 'export',
  },
  { rule: 'pure-core-no-node', from: 'appliance/queue/offer-call.ts', to: 'cluster/base/local-rpc.ts' },
  { rule: 'pure-core-no-node', from: 'appliance/call/call-state.ts', to: 'cluster/base/log.ts', how: 'type' },
  { rule: 'pure-core-no-builtin', from: 'appliance/call/call-state.ts', to: 'node:fs' },
  { rule: 'pure-core-no-builtin', from: 'appliance/queue/offer-call.ts', to: 'fs', how: 'dynamic' },
  { rule: 'pure-core-no-builtin', from: 'appliance/routing/route-contact.ts', to: 'node:net', how: 'type' },
  { rule: 'pure-core-no-npm', from: 'appliance/queue/offer-call.ts', to: 'typebox' },
  { rule: 'pure-core-no-npm', from: 'appliance/call/effects.ts', to: 'brought-along', how: 'type' },
  {
    rule: 'sip-engine-imports',
    from: 'appliance/sip-engine/engine.ts',
    to: 'cluster/live-state/live-state-port.ts',
  },
  {
    rule: 'sip-engine-imports',
    from: 'appliance/sip-engine/engine.ts',
    to: 'appliance/call/call-state.ts',
    how: 'type',
  },
  {
    rule: 'sip-engine-main-imports',
    from: 'appliance/sip-engine/main.ts',
    to: 'cluster/store/rqlite-state-store.ts',
  },
  {
    rule: 'sip-engine-main-imports',
    from: 'appliance/sip-engine/main.ts',
    to: 'appliance/queue/offer-call.ts',
  },
  {
    rule: 'adapter-imports',
    from: 'appliance/media/rtpengine-media.ts',
    to: 'appliance/signalling/drachtio-signalling.ts',
  },
  {
    rule: 'adapter-imports',
    from: 'appliance/media/rtpengine-media.ts',
    to: 'appliance/queue/offer-call.ts',
    how: 'type',
  },
  {
    rule: 'adapter-imports',
    from: 'appliance/recording/seal-segment.ts',
    to: 'cluster/store/rqlite-state-store.ts',
    how: 'dynamic',
  },
  {
    rule: 'adapter-imports',
    from: 'appliance/signalling/drachtio-signalling.ts',
    to: 'appliance/sip-engine/engine.ts',
  },
  {
    rule: 'adapter-imports',
    from: 'appliance/media/rtpengine-media.ts',
    to: 'appliance/run-effects.ts',
    how: 'type',
  },
  {
    rule: 'adapter-call-types-only',
    from: 'appliance/media/rtpengine-media.ts',
    to: 'appliance/call/call-state.ts',
  },
  {
    rule: 'adapter-call-types-only',
    from: 'appliance/signalling/drachtio-signalling.ts',
    to: 'appliance/call/effects.ts',
  },
  { rule: 'appliance-layer', from: 'appliance/main.ts', to: 'ops/drill/plan-drill.ts' },
  { rule: 'appliance-layer', from: 'appliance/run-effects.ts', to: 'web-admin/server.ts', how: 'type' },
  {
    rule: 'key-vault-imports',
    from: 'appliance/key-vault/unwrap-key.ts',
    to: 'cluster/audit/append-entry.ts',
  },
  {
    rule: 'key-vault-imports',
    from: 'appliance/key-vault/unwrap-key.ts',
    to: 'appliance/call/call-state.ts',
    how: 'type',
  },
  {
    rule: 'key-vault-imports',
    from: 'appliance/key-vault/main.ts',
    to: 'cluster/store/rqlite-state-store.ts',
  },
  {
    rule: 'key-vault-only-by-protocol',
    from: 'appliance/recording/seal-segment.ts',
    to: 'appliance/key-vault/unwrap-key.ts',
  },
  {
    rule: 'key-vault-only-by-protocol',
    from: 'appliance/main.ts',
    to: 'appliance/key-vault/unwrap-key.ts',
    how: 'dynamic',
  },
  {
    rule: 'key-vault-only-by-protocol',
    from: 'web-admin/recordings.ts',
    to: 'appliance/key-vault/unwrap-key.ts',
    how: 'type',
  },
  { rule: 'ops-imports', from: 'ops/drill/plan-drill.ts', to: 'appliance/call/call-state.ts', how: 'type' },
  { rule: 'ops-imports', from: 'ops/drill/plan-drill.ts', to: 'web-admin/recordings.ts' },
  { rule: 'setup-stands-alone', from: 'ops/setup/runner.mjs', to: 'typebox' },
  { rule: 'setup-stands-alone', from: 'ops/setup/bootstrap.mjs', to: 'cluster/base/errors.ts' },
  { rule: 'web-admin-imports', from: 'web-admin/server.ts', to: 'cluster/store/rqlite-state-store.ts' },
  { rule: 'web-admin-imports', from: 'web-admin/server.ts', to: 'appliance/call/call-state.ts', how: 'type' },
  { rule: 'web-admin-imports', from: 'web-admin/recordings.ts', to: 'firmware-config/render/keepalived.ts' },
  {
    rule: 'web-admin-vault-types-only',
    from: 'web-admin/server.ts',
    to: 'appliance/key-vault/vault-protocol.ts',
  },
  { rule: 'web-admin-layer', from: 'web-admin/main.ts', to: 'appliance/run-effects.ts', how: 'type' },
  {
    rule: 'no-import-of-main',
    from: 'ops/drill/plan-drill.ts',
    to: 'ops/lab/shuttle-main.ts',
    how: 'dynamic',
  },
  { rule: 'no-import-of-main', from: 'appliance/run-effects.ts', to: 'appliance/sip-engine/main.ts' },
  { rule: 'no-import-of-main', from: 'test/unit/queue.test.ts', to: 'web-admin/main.ts', how: 'type' },
  { rule: 'no-import-of-test', from: 'ops/drill/plan-drill.ts', to: 'test/support/spec.ts', how: 'type' },
  {
    rule: 'no-import-of-test',
    from: 'appliance/queue/offer-call.ts',
    to: 'test/support/spec.ts',
    how: 'dynamic',
  },
  {
    rule: 'package-drachtio-srf',
    from: 'appliance/media/rtpengine-media.ts',
    to: 'drachtio-srf',
    how: 'type',
  },
  {
    rule: 'package-rtpengine-client',
    from: 'appliance/signalling/drachtio-signalling.ts',
    to: 'rtpengine-client',
  },
  { rule: 'package-rqlite-js', from: 'cluster/audit/append-entry.ts', to: 'rqlite-js' },
  { rule: 'package-redis', from: 'appliance/sip-engine/main.ts', to: 'redis' },
  { rule: 'package-openpgp', from: 'web-admin/recordings.ts', to: 'openpgp' },
  { rule: 'package-node-cron', from: 'ops/drill/plan-drill.ts', to: 'node-cron', how: 'dynamic' },
  { rule: 'package-systemd-notify', from: 'cluster/base/log.ts', to: 'systemd-notify' },
  { rule: 'package-prom-client', from: 'appliance/sip-engine/main.ts', to: 'prom-client' },
  { rule: 'package-argon2', from: 'web-admin/main.ts', to: '@node-rs/argon2' },
  { rule: 'package-jose', from: 'web-admin/access.ts', to: 'jose' },
  { rule: 'package-simplewebauthn-server', from: 'web-admin/server.ts', to: '@simplewebauthn/server' },
  { rule: 'package-browser-libraries', from: 'web-admin/page.ts', to: 'react' },
  { rule: 'package-fastify', from: 'appliance/key-vault/main.ts', to: '@fastify/static' },
  { rule: 'package-fastify', from: 'ops/drill/plan-drill.ts', to: 'fastify', how: 'type' },
  { rule: 'package-pino', from: 'cluster/store/rqlite-state-store.ts', to: 'pino' },
  { rule: 'package-uvu', from: 'test/unit/queue.test.ts', to: 'uvu' },
  { rule: 'no-development-package', from: 'ops/drill/plan-drill.ts', to: 'typescript' },
  { rule: 'no-undeclared-package', from: 'cluster/store/rqlite-state-store.ts', to: 'brought-along' },
  { rule: 'no-unresolvable', from: 'ops/drill/plan-drill.ts', to: 'ops/drill/nowhere.ts', how: 'type' },
  { rule: 'no-runtime-cycle', from: 'cluster/audit/verify-chain.ts', to: 'cluster/audit/append-entry.ts' },
];

/** Allowed although it looks like one of the above. */
const ALLOWED: readonly Omit<Violation, 'rule'>[] = [
  { from: 'cluster/audit/verify-chain.ts', to: 'cluster/audit/append-entry.ts', how: 'type' },
  { from: 'ops/drill/plan-drill.ts', to: 'typescript', how: 'type' },
  { from: 'appliance/recording/seal-segment.ts', to: 'appliance/call/call-state.ts', how: 'type' },
];

function specifier(from: string, to: string): string {
  if (!ROOMS.includes(to.split('/')[0] ?? '')) return to;
  const up = '../'.repeat(from.split('/').length - 1);
  return `${up === '' ? './' : up}${to.replace(/\.ts$/, '.js')}`;
}

function importLine(from: string, to: string, how?: Violation['how']): string {
  const source = JSON.stringify(specifier(from, to));
  if (how === 'type') return `import type { A } from ${source};\n`;
  if (how === 'dynamic') return `export const later = () => import(${source});\n`;
  if (how === 'export') return `export * from ${source};\n`;
  return `import { a } from ${source};\n`;
}

function codeOf(file: string): string {
  const lines = (TREE[file] ?? []).map((target) =>
    target.startsWith('type:') ? importLine(file, target.slice(5), 'type') : importLine(file, target),
  );
  return `${lines.join('')}export const a = 1;\n${file.endsWith('.ts') ? 'export type A = number;\n' : ''}`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function versionsOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, '1.0.0']));
}

function writeTree(folder: string): void {
  const manifest = { dependencies: versionsOf(PACKAGES), devDependencies: versionsOf(DEVELOPMENT_PACKAGES) };
  write(join(folder, 'package.json'), JSON.stringify({ type: 'module', ...manifest }));
  for (const name of [...PACKAGES, ...DEVELOPMENT_PACKAGES, ...UNDECLARED_PACKAGES]) {
    write(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
    write(join(folder, 'node_modules', name, 'index.js'), '');
  }
  for (const file of Object.keys(TREE)) write(join(folder, file), codeOf(file));
}

/** `rule: from -> to` of everything that is reported about `starts` and what they import. */
async function violationsIn(folder: string, options: ICruiseOptions, starts = ROOMS): Promise<string[]> {
  const { output } = await cruise(starts, { ...options, baseDir: folder, validate: true });
  const { summary } = output as ICruiseResult;
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

function ruleNames(): string[] {
  const { forbidden } = createRequire(import.meta.url)(CONFIGURATION) as { forbidden: { name: string }[] };
  return forbidden.map((rule) => rule.name);
}

spec('the import rules', { deadlineMs: 60_000 }, (it, before) => {
  let folder = '';
  let options: ICruiseOptions = {};

  const seenWith = async ({ from, to, how }: Omit<Violation, 'rule'>): Promise<string[]> => {
    write(join(folder, from), `${importLine(from, to, how).replace('{ a }', '{ a as b }')}${codeOf(from)}`);
    try {
      return await violationsIn(folder, options, [from]);
    } finally {
      write(join(folder, from), codeOf(from));
    }
  };

  before({ deadlineMs: 60_000 }, async (t) => {
    folder = mkdtempSync(join(tmpdir(), 'wardline-imports-'));
    t.defer(() => {
      rmSync(folder, { recursive: true });
    });
    writeTree(folder);
    options = await extractOptions(CONFIGURATION);
  });

  it('find nothing in a tree that obeys them', async () => {
    assert.equal(await violationsIn(folder, options), []);
  });

  for (const violation of VIOLATIONS) {
    const { rule, from, to, how } = violation;
    it(`${rule} catches ${from} -> ${to}${how === undefined ? '' : ` (${how})`}`, async () => {
      const seen = await seenWith(violation);
      const names = seen.map((text) => text.split(':')[0] ?? '');
      assert.ok(names.includes(rule), `seen: ${seen.join('; ') || 'nothing'}`);
    });
  }

  for (const import_ of ALLOWED) {
    it(`allow ${import_.from} -> ${import_.to} (${import_.how ?? 'plain'})`, async () => {
      assert.equal(await seenWith(import_), []);
    });
  }

  it('find nothing in this project', async () => {
    assert.equal(await violationsIn(projectRoot, options), []);
  });

  it('have an example each', () => {
    const shown = new Set(VIOLATIONS.map((violation) => violation.rule));
    assert.equal(
      ruleNames().filter((name) => !shown.has(name)),
      [],
    );
  });
});
