/** The words every test application understands, and how each of them reports: one JSON object a line. */
import { parseArgs } from 'node:util';
import { newSrf, type SrfApi } from './srf-objects.js';

const OPTIONS = {
  /** host:port of the engine's control port. */
  control: { type: 'string' },
  secret: { type: 'string', default: 'cymru' },
  tag: { type: 'string', multiple: true, default: [] as string[] },
  /** Methods to be registered, in lower case. */
  method: { type: 'string', multiple: true, default: [] as string[] },
  /** Of applications with one thing to do: what they do it with, as JSON. */
  options: { type: 'string', default: '{}' },
  uri: { type: 'string', default: '' },
  adopt: { type: 'boolean', default: false },
} as const;

export interface ApplicationArguments {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly tags: readonly string[];
  readonly methods: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly uri: string;
  readonly adopt: boolean;
}

export function parseApplicationArguments(): ApplicationArguments {
  const { values } = parseArgs({ options: OPTIONS });
  const [host = '', port = ''] = (values.control ?? '').split(':');
  return {
    host,
    port: Number(port),
    secret: values.secret,
    tags: values.tag,
    methods: values.method,
    options: JSON.parse(values.options) as Record<string, unknown>,
    uri: values.uri,
    adopt: values.adopt,
  };
}

export function report(event: string, fields: object = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

/** Connects, and reports `connected` each time the engine has accepted this application. */
export function connectSrf(args: ApplicationArguments): SrfApi {
  const srf = newSrf(args.tags);
  srf.on('connect', (error: Error | null, hostports: string) => {
    report(error === null ? 'connected' : 'refused', { hostports, message: error?.message });
  });
  srf.on('error', (error: Error) => report('error', { message: error.message }));
  srf.on('reconnecting', () => report('reconnecting'));
  srf.connect({ host: args.host, port: args.port, secret: args.secret });
  return srf;
}

/** An error of drachtio-srf as data; a SipError carries the status of the response. */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { status, reason, code } = error as { status?: number; reason?: string; code?: string };
  return { message: error.message, status, reason, code };
}
