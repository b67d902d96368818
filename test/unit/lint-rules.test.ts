/**
 * eslint.config.js reports the mistakes it is there for. The mistakes are seeded in a small project of their own,
 * which is linted once, with the real configuration; each marked line must be reported by the rule named on it,
 * and no other line by any rule.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ESLint } from 'eslint';
import { assert, spec } from '../support/spec.js';
import { projectRoot } from '../support/project-files.js';

/** Lines that end in `// !rule` must be reported by that rule. */
const FILES: Readonly<Record<string, string>> = {
  'appliance/queue/dropped-promises.ts': `
import type { EventEmitter } from 'node:events';
declare function hangUp(call: string): Promise<void>;
declare const calls: string[];
export function listen(source: EventEmitter): void {
  source.on('bye', async () => { await hangUp('1'); }); // !@typescript-eslint/no-misused-promises
}
export function forget(): void {
  hangUp('1'); // !@typescript-eslint/no-floating-promises
}
export function later(schedule: (action: () => void) => void): void {
  schedule(async () => { await hangUp('1'); }); // !@typescript-eslint/no-misused-promises
}
export function each(): void {
  calls.forEach(async (call) => { await hangUp(call); }); // !@typescript-eslint/no-misused-promises
}
export function always(): number {
  if (hangUp('1')) return 1; // !@typescript-eslint/no-misused-promises
  return 2;
}
export async function uncaught(): Promise<void> {
  try {
    return hangUp('1'); // !@typescript-eslint/return-await
  } catch {
    return;
  }
}
export function executor(): Promise<void> {
  return new Promise(async (resolve) => { await hangUp('1'); resolve(); }); // !no-async-promise-executor
}
export async function nothing(): Promise<number> {
  return await 1; // !@typescript-eslint/await-thenable
}
`,
  'appliance/queue/states.ts': `
type State = 'idle' | 'ringing' | 'talking';
export function sentence(state: State): string {
  switch (state) { // !@typescript-eslint/switch-exhaustiveness-check
    case 'idle': return 'waits';
    case 'ringing': return 'rings';
  }
  return '';
}
export function refuse(): never {
  throw 'no such call'; // !@typescript-eslint/only-throw-error
}
export function loose(value: any): unknown { // !@typescript-eslint/no-explicit-any
  return value.call; // !@typescript-eslint/no-unsafe-member-access
}
`,
  'appliance/queue/machine.ts': `
import { setTimeout as pause } from 'node:timers/promises'; // !no-restricted-imports
import { env } from 'node:process'; // !no-restricted-imports
export const wall = Date.now(); // !no-restricted-properties
export const today = new Date(); // !no-restricted-syntax
export const text = Date(); // !no-restricted-syntax
export const start = performance.now(); // !no-restricted-properties
export const ticks = process.hrtime.bigint(); // !no-restricted-properties
export const luck = Math.random(); // !no-restricted-properties
export const home = process.env['HOME']; // !no-restricted-properties
export const other = env['HOME'];
export const known = new Date(0);
setTimeout(() => undefined, 1); // !no-restricted-globals
setInterval(() => undefined, 1); // !no-restricted-globals
setImmediate(() => undefined); // !no-restricted-globals
globalThis.setTimeout(() => undefined, 1); // !no-restricted-properties
await pause(1);
process.exit(1); // !no-restricted-properties
`,
  'ops/drill/tested.ts': `
import { test } from 'uvu'; // !no-restricted-imports
import * as assert from 'uvu/assert'; // !no-restricted-imports
export const things = [test, assert];
`,
  'test/unit/some.test.ts': `
import { suite } from 'uvu'; // !no-restricted-imports
declare const it: { (name: string): void; only(name: string): void };
declare function work(): Promise<void>;
export const group = suite;
export const now = Date.now();
it('runs');
it.only('hides the others'); // !no-restricted-syntax
work(); // !@typescript-eslint/no-floating-promises
setTimeout(async () => { await work(); }, 1); // !@typescript-eslint/no-misused-promises
`,
  'test/support/wrapper.ts': `
import { suite } from 'uvu';
export const group = suite;
`,
  'cluster/base/clock.ts': `
export const wall = Date.now();
export const timer = setTimeout(() => undefined, 1);
`,
  'appliance/sip-engine/main.ts': `
export const home = process.env['HOME'];
process.exit(0);
`,
  'ops/lab/wan/shuttle-main.ts': `
export const wall = new Date();
`,
};

/** `path:line rule` of everything that is marked. */
function expectedReports(): string[] {
  return Object.entries(FILES).flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      const rule = /\/\/ !(\S+)$/.exec(line)?.[1];
      return rule === undefined ? [] : [`${path}:${String(index + 1)} ${rule}`];
    }),
  );
}

function writeProject(folder: string): void {
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const compilerOptions = {
    target: 'ES2023',
    module: 'NodeNext',
    strict: true,
    types: ['node'],
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

async function lint(folder: string): Promise<string[]> {
  const overrideConfigFile = join(projectRoot, 'eslint.config.js');
  const results = await new ESLint({ cwd: folder, overrideConfigFile }).lintFiles(Object.keys(FILES));
  return results.flatMap((result) =>
    result.messages.map((message) => {
      const path = result.filePath.slice(folder.length + 1);
      return `${path}:${String(message.line)} ${message.ruleId ?? message.message}`;
    }),
  );
}

spec('the lint rules', { deadlineMs: 60_000 }, (it, before) => {
  const reported: string[] = [];
  before({ deadlineMs: 60_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wardline-lint-'));
    t.defer(() => {
      rmSync(folder, { recursive: true });
    });
    writeProject(folder);
    reported.push(...(await lint(folder)));
  });

  for (const report of expectedReports()) {
    it(`report ${report}`, () => {
      assert.ok(reported.includes(report), `not among:\n${reported.join('\n')}`);
    });
  }

  it('leave alone what is allowed', () => {
    const placeOf = (report: string): string => report.split(' ')[0] ?? '';
    const seeded = new Set(expectedReports().map(placeOf));
    // Only the rules that forbid something count here; the samples are not written in good style.
    const forbidding = reported.filter((report) => /no-restricted|misused|floating/.test(report));
    assert.equal(
      forbidding.filter((report) => !seeded.has(placeOf(report))),
      [],
    );
    assert.not.match(reported.join('\n'), /wrapper|clock|main\.ts/);
  });
});
