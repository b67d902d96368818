/**
 * Logs: JSON lines on standard output, a fixed lower-case message plus fields. Patients and secrets never appear:
 * fields with the names below are replaced wherever they stand within the first three levels. Do not put such
 * values into messages; nothing can redact a sentence.
 */
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import { describeErrorChain, OperatingError } from './errors.js';

export type Log = Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Names of fields that hold a secret or tell who a patient is. */
export const REDACTED_FIELDS = [
  'password',
  'secret',
  'token',
  'authorization',
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
export const REDACTED_PATHS: readonly string[] = REDACTED_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

function serialiseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const base = { type: error.name, message: describeErrorChain(error), stack: error.stack };
  if (!(error instanceof OperatingError)) return base;
  return { ...base, code: error.code, action: error.action, retryable: error.retryable };
}

export interface LogOptions {
  /** The process: `node`, `admin`, ... */
  readonly name: string;
  readonly node?: string;
  readonly level?: LogLevel;
  /** Default: standard output, written at once (a process that is killed has said its last word). */
  readonly destination?: DestinationStream;
}

export function openLog(options: LogOptions): Log {
  const { name, node, level = 'info', destination } = options;
  const settings = {
    level,
    base: node === undefined ? { name } : { name, node },
    redact: { paths: [...REDACTED_PATHS], censor: '[redacted]' },
    serializers: { ...stdSerializers, err: serialiseError, error: serialiseError, cause: serialiseError },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date(Date.now()).toISOString()}"`,
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}
