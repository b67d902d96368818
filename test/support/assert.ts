/**
 * uvu/assert, counted: a test that never asserts anything cannot fail and is therefore failed by spec.ts. Two of
 * its functions are made strict, because raw they pass for any error: `throws(fn, 'text')` takes the text as the
 * message of the assertion, and `throws(fn, Error)` calls `Error(...)`, which is truthy.
 */
import * as uvuAssert from 'uvu/assert';

let count = 0;

/** How many assertions were made in this process so far. */
export function assertionCount(): number {
  return count;
}

/** For helpers that check something on their own (waitFor). */
export function countAssertion(): void {
  count += 1;
}

type AnyFunction = (...parameters: unknown[]) => unknown;
type ErrorMatcher = RegExp | ((error: unknown) => boolean) | (new (...parameters: never[]) => Error);

function isErrorClass(value: unknown): value is new (...parameters: never[]) => Error {
  return typeof value === 'function' && (value === Error || value.prototype instanceof Error);
}

function strictMatcher(expects: unknown): unknown {
  if (typeof expects === 'string') {
    throw new TypeError(
      `"${expects}" would only be the message of the assertion; give a regular expression or an error class`,
    );
  }
  return isErrorClass(expects) ? (error: unknown) => error instanceof expects : expects;
}

function counted(check: AnyFunction): AnyFunction {
  return (...parameters) => {
    count += 1;
    return check(...parameters);
  };
}

function countedThrows(check: AnyFunction): AnyFunction {
  return (block, expects, message) => {
    count += 1;
    return check(block, strictMatcher(expects), message);
  };
}

/** The functions of a namespace; `is` and `not` are functions and namespaces at once (`is.not`, `not.equal`). */
function countedMembers(namespace: object): Record<string, AnyFunction> {
  const members: Record<string, AnyFunction> = {};
  for (const [name, check] of Object.entries(namespace) as [string, AnyFunction][]) {
    const wrap = name === 'throws' ? countedThrows : counted;
    // uvu has `not.ok = not`: no members of its own, or this would never end.
    const inner = check === namespace ? {} : countedMembers(check);
    members[name] = Object.assign(wrap(check), inner);
  }
  return members;
}

const { Assertion, ...checks } = uvuAssert;

// The annotation is needed at every use: TypeScript takes assertion functions only from declared names.
export const assert: typeof uvuAssert = { Assertion, ...countedMembers(checks) } as never;

function matches(error: unknown, expects: ErrorMatcher): boolean {
  if (expects instanceof RegExp) return expects.test(error instanceof Error ? error.message : String(error));
  if (isErrorClass(expects)) return error instanceof expects;
  return expects(error);
}

/**
 * The asynchronous `assert.throws`.
 * @param expects a pattern for the message, an error class, or a predicate
 * @returns what was thrown, for further assertions
 */
export async function assertRejects(
  work: Promise<unknown> | (() => Promise<unknown>),
  expects?: ErrorMatcher,
): Promise<unknown> {
  count += 1;
  let error: unknown;
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (caught) {
    error = caught ?? new Error('rejected with nothing');
  }
  if (error === undefined) uvuAssert.unreachable('Expected the promise to be rejected');
  if (expects !== undefined && !matches(error, expects)) {
    throw new Error(`Expected a rejection matching ${String(expects)}`, { cause: error });
  }
  return error;
}
