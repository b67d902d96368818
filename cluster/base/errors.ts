/**
 * Operating errors: things that happen in a healthy program (a disk fills, a partner is away, a person mistypes).
 * Each has a stable code, a sentence, and the next action of whoever has to deal with it. Anything else that is
 * thrown is a programmer's error.
 */

export interface OperatingErrorFields {
  readonly code: string;
  readonly message: string;
  /** What the operator does next, as a sentence. */
  readonly action: string;
  /** True when the same request may succeed later without anybody doing anything. */
  readonly retryable: boolean;
  readonly details?: ErrorDetails;
}

export type ErrorDetails = Readonly<Record<string, unknown>>;

export class OperatingError extends Error {
  override readonly name = 'OperatingError';
  readonly code: string;
  readonly action: string;
  readonly retryable: boolean;
  readonly details: ErrorDetails;

  constructor(fields: OperatingErrorFields, cause?: unknown) {
    super(fields.message, cause === undefined ? undefined : { cause });
    this.code = fields.code;
    this.action = fields.action;
    this.retryable = fields.retryable;
    this.details = fields.details ?? {};
  }
}

export function isOperatingError(value: unknown, code?: string): value is OperatingError {
  return value instanceof OperatingError && (code === undefined || value.code === code);
}

/** Message and causes in one line, outermost first: "cannot x: cannot y: connection refused". */
export function describeErrorChain(error: unknown): string {
  const sentences: string[] = [];
  const seen = new Set<unknown>();
  for (let current = error; current !== undefined && !seen.has(current); ) {
    seen.add(current);
    sentences.push(current instanceof Error ? current.message : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return sentences.join(': ');
}

export interface ErrorDefinition {
  /** `{name}` is replaced by details.name. */
  readonly message: string;
  readonly action: string;
  readonly retryable: boolean;
}

type ErrorFactory = (details?: ErrorDetails, cause?: unknown) => OperatingError;

function fill(template: string, details: ErrorDetails, code: string): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (!Object.hasOwn(details, name)) throw new TypeError(`${code}: its text needs the detail "${name}"`);
    const value = details[name];
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

/**
 * One catalogue per top-level folder. Each code becomes a function that makes the error:
 * `throw opsErrors.LAB_NODE_OFF({ node: 'a' })`. Every code has a row in docs/errors.md (test/unit/tidy.test.ts).
 */
export function defineErrors<Code extends string>(
  catalogue: Readonly<Record<Code, ErrorDefinition>>,
): Readonly<Record<Code, ErrorFactory>> {
  const factories = {} as Record<Code, ErrorFactory>;
  for (const code of Object.keys(catalogue) as Code[]) {
    const { message, action, retryable } = catalogue[code];
    factories[code] = (details = {}, cause) =>
      new OperatingError(
        { code, message: fill(message, details, code), action: fill(action, details, code), retryable, details },
        cause,
      );
  }
  return factories;
}
