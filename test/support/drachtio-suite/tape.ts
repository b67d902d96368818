/**
 * The part of the package `tape` that the suite uses, instead of that package and the ninety that it brings along.
 * As there: tests run one after the other, an assertion never throws, a test is over when it calls `end`, and a test
 * that does not, or asserts after it, has failed.
 */
import { once } from 'node:events';
import { inspect } from 'node:util';

type ErrorClass = new (...parameters: never[]) => Error;

let count = 0;
let failedCount = 0;

function report(isOk: boolean, name: string, reason?: unknown): void {
  count += 1;
  failedCount += isOk ? 0 : 1;
  const text = reason === undefined ? '' : `\n${inspect(reason, { depth: 0 }).replaceAll(/^/gm, '  ')}`;
  process.stdout.write(`${isOk ? '' : 'not '}ok ${String(count)} ${name}${text}\n`);
}

function errorOf(block: () => unknown): unknown {
  try {
    block();
    return undefined;
  } catch (error) {
    return error ?? new Error('something empty was thrown');
  }
}

export class TapeTest extends EventTarget {
  readonly name: string;
  isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string) {
    super();
    this.name = name;
  }

  pass(name = 'pass'): void {
    this.ok(true, name);
  }

  fail(name = 'fail'): void {
    this.ok(false, name);
  }

  ok(value: unknown, name = 'it is true'): void {
    if (this.isOver) report(false, `an assertion after the end: ${name}`);
    else report(Boolean(value), name);
  }

  error(error: unknown, name = 'there is no error'): void {
    if (error && !this.isOver) report(false, name, error);
    else this.ok(true, name);
  }

  throws(block: () => unknown, ...[expected, name]: [ErrorClass, string] | [string]): void {
    const error = errorOf(block);
    if (typeof expected === 'string') this.ok(error !== undefined, expected);
    else this.ok(error instanceof expected, name);
  }

  doesNotThrow(block: () => unknown, name?: string): void {
    this.error(errorOf(block), name);
  }

  timeoutAfter(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.fail(`the test has not ended after ${String(delayMs)} ms`);
      this.end();
    }, delayMs);
  }

  end(error?: unknown): void {
    if (this.isOver || error) this.error(error ?? 'it ended twice', 'the test ends without an error');
    clearTimeout(this.#timer);
    this.isOver = true;
    this.dispatchEvent(new Event('end'));
  }
}

type Body = (t: TapeTest) => unknown;

const tests: { readonly test: TapeTest; readonly body: Body }[] = [];

async function runAll(): Promise<void> {
  for (const { test, body } of tests) {
    process.stdout.write(`# ${test.name}\n`);
    const ended = once(test, 'end');
    body(test);
    await ended;
  }
  process.stdout.write(`1..${String(count)}\n`);
}

function onExit(): void {
  for (const { test } of tests) if (!test.isOver) report(false, `the test has not ended: ${test.name}`);
  process.exitCode = failedCount === 0 ? 0 : 1;
}

/** What `require('tape')` returns. */
export function defineTest(name: string, body: Body): void {
  if (tests.length === 0) {
    setImmediate(() => void runAll());
    process.on('exit', onExit);
  }
  tests.push({ test: new TapeTest(name), body });
}
