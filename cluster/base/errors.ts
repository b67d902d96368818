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

  /** @param cause what was caught; kept as `cause` unless undefined */
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

/** Ends a chain that somebody made endless; no honest one is longer. */
const CHAIN_LENGTH_MAX = 20;

/** The error and its causes, outermost first. A cause met before (a ring) ends the list. */
export function errorChain(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  let current = error;
  while (current !== undefined && !chain.includes(current) && chain.length < CHAIN_LENGTH_MAX) {
    chain.push(current);
    current = current instanceof Error ? current.cause : undefined;
  }
  return chain;
}

function describeOne(error: unknown): string {
  if (error instanceof Error && error.message !== '') return error.message;
  // Node's connect() to a name with several addresses fails with an empty message over one error per address.
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(describeOne).join('; ');
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // Only the kind of a thrown object is told: its content may be a patient's, and a sentence cannot be redacted.
  return typeof error === 'object' && error !== null ? 'an object that is not an error' : String(error);
}

/**
 * Message and causes in one line, outermost first: "cannot x: cannot y: connection refused". A cause that the text in
 * front of it ends with already is not said again. Never throws.
 */
export function describeErrorChain(error: unknown): string {
  const [first = '', ...causes] = errorChain(error).map(describeOne);
  return causes.reduce((text, cause) => (text.endsWith(`: ${cause}`) ? text : `${text}: ${cause}`), first);
}

export interface ErrorDefinition {
  /** `{name}` is replaced by details.name; never name a field of log.ts's REDACTED_FIELDS here. */
  readonly message: string;
  /** May hold `{name}` as well. */
  readonly action: string;
  readonly retryable: boolean;
}

/** @throws TypeError when a text names a detail that is not given */
export type ErrorFactory = (details?: ErrorDetails, cause?: unknown) => OperatingError;

function detailText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function fill(template: string, details: ErrorDetails, code: string): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (!Object.hasOwn(details, name)) throw new TypeError(`${code}: its text needs the detail "${name}"`);
    return detailText(details[name]);
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
        {
          code,
          message: fill(message, details, code),
          action: fill(action, details, code),
          retryable,
          details,
        },
        cause,
      );
  }
  return factories;
}
