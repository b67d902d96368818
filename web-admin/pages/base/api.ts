/** The client of the panel's interface: what may be asked, with what, and what is answered is the contract's word. */
import type { Answer, Body, ContractKey, Params, Query } from '../../api/contract.ts';
import type { ErrorBody } from '../../api/endpoint.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

type Given<Part extends string, Value> = [Value] extends [undefined] ? object : Record<Part, Value>;
export type Input<K extends ContractKey> = Given<'params', Params<K>> &
  Given<'query', Query<K>> &
  Given<'body', Body<K>>;

interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

const ASK_MS_MAX = 15_000;

const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';

/** `/api/calls/:callId` with its parameters in their places. */
export function urlOf(path: string, { params = {}, query = {} }: AnyInput): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(textOf(params[name])));
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]) => [name, textOf(value)])).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

const NO_ANSWER: ErrorBody = {
  code: 'NO_ANSWER',
  message: 'no node answers',
  action: 'The page goes on trying by itself.',
  retryable: true,
};

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: ErrorBody };
    return new ApiError(response.status, error);
  } catch {
    return new ApiError(response.status, { ...NO_ANSWER, message: `answer ${String(response.status)}` });
  }
}

async function send(key: string, given: AnyInput): Promise<Response> {
  const [method = 'GET', path = ''] = key.split(' ');
  const hasBody = given.body !== undefined;
  let response: Response;
  try {
    response = await fetch(urlOf(path, given), {
      method,
      cache: 'no-store',
      credentials: 'same-origin',
      headers: { 'x-wardline': '1', ...(hasBody ? { 'content-type': 'application/json' } : {}) },
      signal: AbortSignal.timeout(ASK_MS_MAX),
      ...(hasBody ? { body: JSON.stringify(given.body) } : {}),
    });
  } catch {
    throw new ApiError(0, NO_ANSWER);
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** @throws ApiError */
export async function ask<K extends ContractKey>(
  key: K,
  ...[input]: object extends Input<K> ? [] : [Input<K>]
): Promise<Answer<K>> {
  const response = await send(key, (input ?? {}) as AnyInput);
  return (await response.json()) as Answer<K>;
}

/** What is no JSON, saved as a file. @throws ApiError */
export async function save<K extends ContractKey>(key: K, input: Input<K>, name: string): Promise<void> {
  const response = await send(key, input as AnyInput);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
