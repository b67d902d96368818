/**
 * Logs: JSON lines on standard output, a fixed lower-case message plus fields. Patients and secrets never appear:
 * fields with the names below are replaced wherever they stand within the first three levels, and at any level of
 * an error's details. Nothing can redact a sentence: put no such value into a message, neither of a line nor of an
 * error. Values for `%s` in a message are dropped for the same reason.
 */
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { describeErrorChain, errorChain, OperatingError } from './errors.js';

export type Log = Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Names of fields that hold a secret or tell who a patient is. */
export const REDACTED_FIELDS = [
  'password',
  'passphrase',
  'secret',
  'token',
  'authorization',
  'proxyAuthorization',
  'cookie',
  'pin',
  'ha1',
  'privateKey',
  'srtpKey',
  'sdp',
  'callerNumber',
  'callerName',
  'patientName',
  'patientId',
  'idNumber',
  'complaint',
] as const;

/** pino takes paths, so each name is listed for each depth. */
export const REDACTED_PATHS: readonly string[] = REDACTED_FIELDS.flatMap((field) => [
  field,
  `*.${field}`,
  `*.*.${field}`,
]);

const CENSOR = '[redacted]';
const REDACTED_NAMES: ReadonlySet<string> = new Set(REDACTED_FIELDS);
/** Also ends a value that contains itself. */
const DETAILS_DEPTH_MAX = 5;

/** A copy fit for the log: what an error carries nests deeper than pino's paths reach. */
function redactDetails(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return describeErrorChain(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth > DETAILS_DEPTH_MAX) return '[too deep]';
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redactDetails(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      REDACTED_NAMES.has(name) ? CENSOR : redactDetails(field, depth + 1),
    ]),
  );
}

/**
 * Only known properties are taken: HTTP clients hang the whole request, with its authorization, on their errors.
 * A code of the system (ECONNREFUSED) is kept like one of ours.
 */
function serialiseOne(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: describeErrorChain(error) };
  const { name: type, message, stack } = error;
  if (error instanceof OperatingError) {
    const { code, action, retryable, details } = error;
    return { type, code, message, action, retryable, details: redactDetails(details), stack };
  }
  return { type, ...('code' in error ? { code: error.code } : {}), message, stack };
}

/** The outermost error's fields, the whole chain as one sentence in `message`, and each cause in `causes`. */
function serialiseError(error: unknown): unknown {
  const [first, ...causes] = errorChain(error).map(serialiseOne);
  return { ...first, message: describeErrorChain(error), ...(causes.length > 0 ? { causes } : {}) };
}

export interface LogOptions {
  /** The process: `node`, `admin`, ... */
  readonly name: string;
  readonly node?: string;
  /** Default: info */
  readonly level?: LogLevel;
  /** Default: standard output, written at once (a process that is killed has said its last word). */
  readonly destination?: DestinationStream;
}

/** Errors go into the fields `err`, `error` or `cause`: `log.warn({ err: error }, 'store write failed')`. */
export function openLog(options: LogOptions): Log {
  const { name, node, level = 'info', destination } = options;
  const settings = {
    level,
    base: node === undefined ? { name } : { name, node },
    redact: { paths: [...REDACTED_PATHS], censor: CENSOR },
    serializers: { err: serialiseError, error: serialiseError, cause: serialiseError },
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { logMethod: logWithoutInterpolation },
    timestamp: stdTimeFunctions.isoTime,
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** Values for placeholders would come out inside the message, past the redaction. */
function logWithoutInterpolation(this: Logger, args: unknown[], method: (...args: unknown[]) => void): void {
  method.apply(this, args.slice(0, typeof args[0] === 'string' ? 1 : 2));
}

/** A log whose every line carries `fields` too: `childLog(log, { callId })`. */
export function childLog(log: Log, fields: Readonly<Record<string, unknown>>): Log {
  return log.child(fields);
}
