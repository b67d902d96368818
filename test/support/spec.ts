/**
 * The one way to write a test: uvu underneath, with the situations closed in which raw uvu passes silently
 * (a `before` that throws, a forgotten `run`, a left-over `.only`, a thrown non-Error, an `after.each` that throws,
 * a test that never resolves, a handle that is never closed). test/unit/support/spec.test.ts holds one proof each.
 *
 *   spec('the offer queue', (it, before) => {
 *     it('gives a call to the call-taker who has waited longest', (t) => { ... assert.is(...) });
 *   });
 *
 * Nothing has to be started: the specs run once the file has been evaluated, one after the other. The process ends
 * with 0 only when every test passed or was skipped with a reason, and at least one exists.
 *
 * Environment: WARDLINE_SEED (repeat the random numbers of an earlier run), WARDLINE_TEST_SLOWNESS (multiplies
 * deadlines), WARDLINE_TEST_RESULT (path for the result as one JSON document, see test-result.ts).
 */
import { nextUvuSuite } from './uvu-deferred.js';
import { randomBytes } from 'node:crypto';
import { realpathSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { suite as uvuSuite } from 'uvu';
import { failureText } from './failure-text.js';
import { scaledMs } from './slowness.js';
import { runCase, SpecCase, type TestBody, type TestContext } from './spec-case.js';
import { countCases, countsText, exitCodeOf, type CaseResult } from './test-result.js';

export { assert, assertRejects } from './assert.js';
export type { TestBody, TestContext } from './spec-case.js';

export interface SpecOptions {
  /** For the body of a test; default 10 s. Multiplied by WARDLINE_TEST_SLOWNESS. */
  readonly deadlineMs?: number;
}

export interface Define {
  (sentence: string, body: TestBody): void;
  (sentence: string, options: SpecOptions, body: TestBody): void;
}

export interface DefineBefore {
  (body: TestBody): void;
  (options: SpecOptions, body: TestBody): void;
}

const DEADLINE_MS = 10_000;
/** How long handles may take to close after the last test before they count as leaked. */
const LEAK_GRACE_MS = 500;

const seed = process.env['WARDLINE_SEED'] ?? randomBytes(6).toString('hex');
const resultPath = process.env['WARDLINE_TEST_RESULT'];
// A test that starts another test file must not have its own result overwritten.
delete process.env['WARDLINE_TEST_RESULT'];

const results: CaseResult[] = [];
const strays = new Set<unknown>();
const resourcesAtStart = process.getActiveResourcesInfo();
const startMs = performance.now();
let specCount = 0;
let running: SpecCase | undefined;
/** Why no further test shall start, once somebody asked this process to stop. */
let stopReason: Error | undefined;
let phase: 'loading' | 'running' | 'draining' | 'ended' = 'loading';

function report(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A failure that belongs to no test, but has to be counted as one. */
function failFile(suite: string, name: string, text: string): void {
  results.push({ suite, name: `(${name})`, status: 'failed', durationMs: 0, text });
  report(`  FAIL ${suite} (${name})\n    ${text.replaceAll('\n', '\n    ')}`);
}

function newCase(suite: string, name: string, deadlineMs: number): SpecCase {
  const cleanUpDeadlineMs = scaledMs(DEADLINE_MS);
  return new SpecCase({ suite, name, seed, deadlineMs: scaledMs(deadlineMs), cleanUpDeadlineMs });
}

interface Registered {
  readonly sentence: string;
  readonly deadlineMs: number;
  readonly body: TestBody;
}

/** The tests of one spec, as `define` registers them, with the mistakes that can be made meanwhile. */
class SpecBuilder {
  readonly title: string;
  readonly tests: Registered[] = [];
  readonly befores: Registered[] = [];
  readonly #deadlineMs: number;
  #isClosed = false;

  constructor(title: string, deadlineMs: number) {
    this.title = title;
    this.#deadlineMs = deadlineMs;
  }

  readonly it: Define = (sentence: string, second: SpecOptions | TestBody, third?: TestBody): void => {
    this.#refuseLate(`the test "${sentence}"`);
    if (this.tests.some((test) => test.sentence === sentence)) {
      failFile(this.title, sentence, 'two tests of this spec have the same name');
    }
    this.tests.push(this.#registered(sentence, second, third));
  };

  readonly before: DefineBefore = (first: SpecOptions | TestBody, second?: TestBody): void => {
    this.#refuseLate('a before');
    this.befores.push(this.#registered('(before all tests)', first, second));
  };

  define(define: (it: Define, before: DefineBefore) => unknown): void {
    try {
      if (define(this.it, this.before) instanceof Promise) {
        failFile(this.title, 'definition', 'it is asynchronous; tests are defined synchronously');
      }
    } catch (error) {
      failFile(this.title, 'definition', failureText(error));
    }
    this.#isClosed = true;
    if (this.tests.length === 0) failFile(this.title, 'no tests', 'this spec has no tests');
  }

  #registered(sentence: string, second: SpecOptions | TestBody, third?: TestBody): Registered {
    const [options, body] = typeof second === 'function' ? [{}, second] : [second, third];
    if (typeof body !== 'function') throw new TypeError(`"${sentence}" has no body`);
    return { sentence, deadlineMs: options.deadlineMs ?? this.#deadlineMs, body };
  }

  #refuseLate(what: string): void {
    if (this.#isClosed) throw new Error(`${what} is defined too late: only while spec() runs its definition`);
  }
}

function noteResult(result: CaseResult): void {
  results.push(result);
  if (result.status !== 'failed') return;
  // Ours, not the one that was thrown: uvu's formatter stops the suite on errors it does not expect.
  const text = `${result.text}\n(again with WARDLINE_SEED=${seed})`.replaceAll('\n', '\n    ');
  throw Object.assign(new Error(text), { stack: '' });
}

/** The hooks around all tests of one spec: one context for the befores, cleaned up after the last test. */
class SpecFrame {
  readonly #builder: SpecBuilder;
  readonly #case: SpecCase;
  #outcome: CaseResult | undefined;

  constructor(builder: SpecBuilder) {
    this.#builder = builder;
    this.#case = newCase(builder.title, '(before and after all tests)', DEADLINE_MS);
  }

  async open(): Promise<void> {
    if (stopReason !== undefined) return;
    for (const before of this.#builder.befores) {
      const hook = newCase(this.#builder.title, before.sentence, before.deadlineMs);
      running = hook;
      await hook.runBody((t) => before.body(this.#hookContext(t)));
      running = undefined;
      this.#outcome = hook.result(0);
      if (this.#outcome.status !== 'passed') return;
    }
  }

  /** Clean-ups belong to the frame, which outlives the hook; deadline and skip are the hook's own. */
  #hookContext(hook: TestContext): TestContext {
    return { ...hook, defer: this.#case.context.defer, rng: this.#case.context.rng };
  }

  /** How every test ends because of a before; undefined when they may run. */
  verdictOn(sentence: string): CaseResult | undefined {
    if (stopReason !== undefined) {
      const text = stopReason.message;
      return { suite: this.#builder.title, name: sentence, status: 'failed', durationMs: 0, text };
    }
    if (this.#outcome === undefined || this.#outcome.status === 'passed') return undefined;
    const text =
      this.#outcome.status === 'failed'
        ? `the before hook failed: ${this.#outcome.text}`
        : this.#outcome.text;
    return { ...this.#outcome, name: sentence, text };
  }

  async close(): Promise<void> {
    await this.#case.cleanUp();
    const result = this.#case.result(0);
    if (result.status === 'failed') failFile(this.#builder.title, 'after all tests', result.text);
  }
}

function collect(builder: SpecBuilder): void {
  const frame = new SpecFrame(builder);
  const suite = uvuSuite(builder.title);
  suite.before(() => frame.open());
  for (const { sentence, deadlineMs, body } of builder.tests) {
    suite(sentence, async () => {
      const verdict = frame.verdictOn(sentence);
      if (verdict !== undefined) {
        noteResult(verdict);
        return;
      }
      const specCase = newCase(builder.title, sentence, deadlineMs);
      running = specCase;
      const result = await runCase(specCase, body);
      running = undefined;
      noteResult(result);
    });
  }
  suite.after(() => frame.close());
  suite.run();
}

type DefineSpec = (it: Define, before: DefineBefore) => void;

/**
 * Defines a group of tests.
 * @param title what is tested, as a noun; the tests' names are sentences
 */
export function spec(title: string, define: DefineSpec): void;
export function spec(title: string, options: SpecOptions, define: DefineSpec): void;
export function spec(title: string, second: SpecOptions | DefineSpec, third?: DefineSpec): void {
  const [options, define] = typeof second === 'function' ? [{}, second] : [second, third];
  if (define === undefined) throw new TypeError(`the spec "${title}" has no definition`);
  if (phase === 'draining' || phase === 'ended') throw new Error(`the spec "${title}" comes too late`);
  specCount += 1;
  const builder = new SpecBuilder(title, options.deadlineMs ?? DEADLINE_MS);
  builder.define(define);
  collect(builder);
}

/** Waits until the test file is evaluated to its end, top-level awaits included. */
async function fileEvaluated(): Promise<void> {
  try {
    await import(pathToFileURL(realpathSync(process.argv[1] ?? '')).href);
  } catch (error) {
    // Node reports it as an uncaught exception as well, before or after this.
    if (!strays.has(error)) failFile('this file', 'evaluation', failureText(error));
    strays.add(error);
  }
}

async function runAll(): Promise<void> {
  await fileEvaluated();
  phase = 'running';
  if (specCount === 0) failFile('this file', 'no tests', 'it defines no spec');
  for (let next = nextUvuSuite(); next !== undefined; next = nextUvuSuite()) {
    const [errors] = (await next()) as [string | true];
    if (typeof errors === 'string') report(`\n${errors.trimEnd()}`);
  }
  phase = 'draining';
  // Unreferenced: it fires only if something else still keeps the process alive.
  setTimeout(failLeak, scaledMs(LEAK_GRACE_MS)).unref();
}

function leakedResources(): string[] {
  const leaked = process.getActiveResourcesInfo();
  for (const resource of resourcesAtStart) {
    const index = leaked.indexOf(resource);
    if (index >= 0) leaked.splice(index, 1);
  }
  return leaked;
}

function failLeak(): void {
  const names = leakedResources().join(', ') || 'something Node does not name';
  failFile('this file', 'leaked handles', `still open after the last test: ${names}; close it with t.defer`);
  process.exit(1);
}

/** An error that came out of no promise of the test: an event handler, a timer, a promise nobody waited for. */
function onStray(error: unknown): void {
  if (running !== undefined) running.interrupt(error);
  else if (!strays.has(error)) failFile('this file', 'error outside of any test', failureText(error));
  strays.add(error);
}

/** The running test fails, its clean-ups run, no other starts: a box or a namespace is not left behind. */
function onStop(signal: NodeJS.Signals): void {
  stopReason ??= new Error(`stopped by ${signal}`);
  running?.interrupt(stopReason);
}

function writeResult(): void {
  if (resultPath === undefined) return;
  const document = { seed, durationMs: Math.round(performance.now() - startMs), cases: results };
  writeFileSync(resultPath, `${JSON.stringify(document)}\n`);
}

function summarise(): void {
  for (const { status, suite, name, text } of results) {
    if (status === 'skipped') report(`  skipped: ${suite}: ${name}: ${text}`);
  }
  const counts = countCases(results);
  if (counts.failed > 0) report(`  seed: WARDLINE_SEED=${seed}`);
  report(`  ${countsText(counts)} (${String(Math.round(performance.now() - startMs))} ms)`);
}

function onExit(): void {
  if (phase === 'loading' || phase === 'running') {
    const where = running === undefined ? 'before its tests were done' : `during "${running.label}"`;
    failFile('this file', 'ended early', `the process ended ${where}`);
  }
  phase = 'ended';
  summarise();
  // Also over an explicit process.exit(0) in a test: Node reads the exit code after this handler.
  process.exitCode = exitCodeOf(countCases(results));
  writeResult();
}

process.on('uncaughtException', onStray);
process.on('unhandledRejection', onStray);
process.on('exit', onExit);
process.on('SIGTERM', onStop);
process.on('SIGINT', onStop);
setImmediate(() => void runAll());
