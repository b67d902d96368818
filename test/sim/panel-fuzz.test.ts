/**
 * Requests made of the interface's own description, right and wrong ones mixed: none may find a fault of the panel. A
 * store that is away is no fault, so it is away half of the time (503 with a code of the catalogue).
 */
import { seededRng, type Rng } from '../../cluster/base/rng.js';
import { CONTRACT, type ContractKey } from '../../web-admin/api/contract.js';
import type { Endpoint } from '../../web-admin/api/endpoint.js';
import { ROLES } from '../../web-admin/identity/roles.js';
import { openPanel } from '../support/panel/open-panel.js';
import { assert, spec } from '../support/spec.js';

const REQUESTS = 10_000;
const NASTY: readonly unknown[] = [
  ...['', ' ', '\u0000', '../../etc/passwd', "' OR 1=1 --", '<script>', '\ud800', '😀', 'x'.repeat(5000)],
  ...[-1, 0, 1e308, -0.5, 2 ** 53, true, null, [], {}, [[]], { __proto__: null }, { constructor: 1 }],
];

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

function textFor({ pattern = '', minLength = 1 }: Schema, rng: Rng): string {
  if (pattern.includes('\\d{6}')) return '123456';
  if (pattern.includes('\\+?\\d')) return '139';
  return 'abcdefghijklmnop'.slice(0, Math.max(minLength, rng.integer(1, 16)));
}

/** Mostly what the schema says; one value in eight is anything. */
function valueFor(schema: Schema, rng: Rng): unknown {
  if (rng.integer(0, 7) === 0) return rng.pick(NASTY);
  if (schema.enum !== undefined) return rng.pick(schema.enum);
  switch (schema.type) {
    case 'object': {
      const given = Object.entries(schema.properties ?? {}).filter(
        ([name]) => schema.required?.includes(name) === true || rng.integer(0, 1) === 1,
      );
      const extra = rng.integer(0, 19) === 0 ? { unknown: 1 } : {};
      return { ...Object.fromEntries(given.map(([name, one]) => [name, valueFor(one, rng)])), ...extra };
    }
    case 'array':
      return Array.from({ length: rng.integer(0, 3) }, () => valueFor(schema.items ?? {}, rng));
    case 'integer':
    case 'number':
      return rng.integer(schema.minimum ?? 0, Math.min(schema.maximum ?? 1e6, 1e9));
    case 'boolean':
      return rng.integer(0, 1) === 1;
    case 'string':
      return textFor(schema, rng);
    case undefined:
    default:
      return rng.pick(NASTY);
  }
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function requestFor(key: ContractKey, rng: Rng) {
  const { params, query, body }: Endpoint = CONTRACT[key];
  const [method = '', path = ''] = key.split(' ');
  const given = (params === undefined ? {} : valueFor(params, rng)) as Record<string, unknown> | null;
  const encode = (text: string): string => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '?'));
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encode(asText(given?.[name] ?? 'x')));
  const asked = query === undefined ? {} : (valueFor(query, rng) as object | null);
  const pairs = Object.entries(asked ?? {}).map(([name, value]) => `${name}=${encode(asText(value))}`);
  const url = pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`;
  const payload = body === undefined ? {} : { payload: JSON.stringify(valueFor(body, rng)) };
  return { method: method as 'GET' | 'POST' | 'PATCH' | 'DELETE', url, ...payload };
}

/** The stream never ends; the first account and the logout change who asks. */
const LEFT_OUT = new Set(['GET /api/stream', 'POST /api/session/first', 'DELETE /api/session']);

spec('ten thousand requests out of the description', { deadlineMs: 120_000 }, (it) => {
  it('find no fault of the panel', async (t) => {
    const rng = seededRng(`panel fuzz ${t.seed}`);
    const panel = await openPanel();
    for (const method of ['proposeRouting', 'dryRunRouting', 'activateRouting', 'rollBackRouting'])
      panel.answers.set(method, { version: 1 });
    const cookies: string[] = [];
    for (const role of ROLES) cookies.push(await panel.logIn([role], ['reception']));
    const keys = (Object.keys(CONTRACT) as ContractKey[]).filter((key) => !LEFT_OUT.has(key));
    const counts = new Map<number, number>();
    for (let index = 0; index < REQUESTS; index += 1) {
      panel.store.isAway = rng.integer(0, 1) === 1;
      const request = requestFor(rng.pick(keys), rng);
      const headers = { ...panel.headers(rng.pick(cookies)), 'content-type': 'application/json' };
      const answer = await panel.server.inject({ ...request, headers });
      counts.set(answer.statusCode, (counts.get(answer.statusCode) ?? 0) + 1);
      const isFault = answer.statusCode >= 500 && !/"code":"STORE_NO_LEADER"/.test(answer.body);
      assert.is(
        isFault,
        false,
        `${request.method} ${request.url} ${String(answer.statusCode)} ${answer.body}`,
      );
    }
    // It must have got past the door, or it has proven nothing.
    assert.ok((counts.get(200) ?? 0) > 500, JSON.stringify([...counts]));
    assert.ok((counts.get(400) ?? 0) > 500, JSON.stringify([...counts]));
  });
});
