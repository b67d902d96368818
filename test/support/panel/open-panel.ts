/** A panel without a network: the real routes and rules, with the world around them in memory. */
import { generateKeyPairSync } from 'node:crypto';
import { FakeClock } from '../../../cluster/base/clock.js';
import { createIdSource } from '../../../cluster/base/ids.js';
import { openLog } from '../../../cluster/base/log.js';
import { seededRng } from '../../../cluster/base/rng.js';
import type {
  CallFilter,
  CallRecord,
  CallRecordReadPort,
} from '../../../cluster/store/call-record-read-port.js';
import type { AccountRecord } from '../../../cluster/store/identity-port.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import type { Site } from '../../../firmware-config/site-nodes.js';
import { IdentityBook } from '../../../web-admin/identity/identity-book.js';
import { Identity } from '../../../web-admin/identity/identity.js';
import type { PasskeysPort } from '../../../web-admin/identity/passkeys.js';
import type { PasswordsPort } from '../../../web-admin/identity/passwords.js';
import { SessionTokens } from '../../../web-admin/identity/session-tokens.js';
import { LiveWatch, type OrdersPort, type PeersPort } from '../../../web-admin/live/live-watch.js';
import type { NodeSnapshot } from '../../../web-admin/live/node-snapshot.js';
import { buildServer, type PanelOptions } from '../../../web-admin/server.js';
import type { NodeStatus, StatusSourcePort } from '../../../web-admin/status-source.js';
import { FakeIdentityStore } from './fake-identity-store.js';

export const NODE = { id: 'a', place: 'site', address: '10.77.0.1', serviceAddress: '10.77.0.11' };
export const FRESH: NodeStatus = {
  state: 'fresh',
  reportedAtMs: 1000,
  report: {
    daemons: [{ name: 'keepalived', state: 'Up' }],
    serviceAddresses: [
      { address: '10.77.0.11', isHeld: true },
      { address: '10.77.0.12', isHeld: false },
    ],
  },
};
export const FIRST_CODE = 'ABCD-EFGH-2345-6723-AAAA';
export const WALL_MS = 1_800_000_000_000;

/** What is right is what it was made of: argon2 would take half a second each time. */
const plainPasswords: PasswordsPort = {
  hash: async (password) => `plain ${password}`,
  verify: async (stored, password) => stored === `plain ${password}`,
};

const noPasskeys: PasskeysPort = {
  registrationOptions: async () => ({ challenge: 'c' }),
  loginOptions: async () => ({ challenge: 'c' }),
  findRegistered: async () => undefined,
  isLogin: async () => false,
};

export interface AskedOrder {
  readonly service: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface OpenedPanel {
  readonly server: ReturnType<typeof buildServer>;
  readonly identity: Identity;
  readonly live: LiveWatch;
  readonly store: FakeIdentityStore;
  readonly clock: FakeClock;
  readonly logged: string[];
  readonly orders: AskedOrder[];
  /** Answers by method; a function is called. */
  readonly answers: Map<string, unknown>;
  /** Filters that records were asked for. */
  readonly filters: CallFilter[];
  readonly records: CallRecord[];
  /** The cookie of somebody who is logged in with these roles. */
  readonly logIn: (roles: readonly string[], departments?: readonly string[]) => Promise<string>;
  readonly headers: (cookie?: string) => Record<string, string>;
}

export interface PanelSetup {
  readonly status?: StatusSourcePort;
  readonly nodeId?: string;
  readonly store?: FakeIdentityStore;
  readonly peer?: (nodeId: string) => Promise<NodeSnapshot>;
}

export const EMPTY_CONTROL: Readonly<Record<string, unknown>> = {
  status: { calls: 0, opened: 0, waiting: 0, seatsReady: 0, isMediaReachable: true },
  ...{ calls: [], seats: [], trunks: [], queue: [] },
  directory: {
    departments: [{ id: 'reception', names: { zh: '总机', en: 'Reception' } }],
    ...{ seats: [], callTakers: [], trunks: [], reasons: [], dispositions: [] },
  },
};

function makeIdentity(
  setup: PanelSetup,
  clock: FakeClock,
  store: FakeIdentityStore,
  log: ReturnType<typeof openLog>,
) {
  const { nodeId = NODE.id } = setup;
  const rng = seededRng(`panel ${nodeId}`);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const tokenKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  store.nodes.set(nodeId, { nodeId, tokenKey, certificate: '' });
  const file = { read: async () => undefined, write: async () => undefined };
  const book = new IdentityBook({ store, file, clock, log });
  const tokens = new SessionTokens({
    clock,
    keys: {
      ...{ nodeId, privateKey },
      publicKeyOf: (id) => (id === nodeId ? publicKey : undefined),
    },
  });
  let code: string | undefined = FIRST_CODE;
  const firstCode = {
    isRight: async (given: string) => code !== undefined && given === code,
    drop: async () => void (code = undefined),
  };
  return new Identity({
    ...{ node: nodeId, siteId: 'box', book, store, journal: store, tokens, firstCode, clock, rng },
    ...{
      passwords: plainPasswords,
      passkeys: noPasskeys,
      nextId: createIdSource({ node: nodeId, clock, rng }),
    },
  });
}

function makeOrders(asked: AskedOrder[], answers: ReadonlyMap<string, unknown>): OrdersPort {
  return {
    ask: async (service, method, params = {}) => {
      asked.push({ service, method, params });
      const answer = answers.get(method);
      return typeof answer === 'function' ? (answer as () => unknown)() : answer;
    },
  };
}

function makePeers(asked: AskedOrder[], setup: PanelSetup): PeersPort {
  return {
    snapshot: setup.peer ?? (() => Promise.reject(new Error('no peer here'))),
    order: async (node, service, method, params) => {
      asked.push({ service: `${node} ${service}`, method, params });
      return { ok: true };
    },
  };
}

function makeRecords(records: readonly CallRecord[], filters: CallFilter[]): CallRecordReadPort {
  return {
    findCalls: async (filter) => {
      filters.push(filter);
      return records.filter(({ department }) => (filter.department ?? department) === department);
    },
    findCall: async (callId) => {
      const call = records.find((one) => one.callId === callId);
      return call === undefined ? undefined : { call, steps: [], triggers: [] };
    },
    findTriggers: async () => [],
    counts: async () => ({ openCalls: 0, callbacksWaiting: 0, backlog: undefined }),
  };
}

/** @returns the cookie of somebody new who is logged in */
async function logInAs(
  identity: Identity,
  roles: readonly string[],
  departments: readonly string[],
): Promise<string> {
  const { store, book, tokens, clock } = identity.options;
  const account: AccountRecord = {
    ...identity.newRecord({
      ...{ name: `someone-${String(book.accounts.length)}`, displayName: 'Someone', roles, departments },
      ...{ passwordHash: 'plain a long password', by: 'test' },
    }),
    totpKey: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  };
  await store.add(account);
  await book.refresh();
  const { accountId } = account;
  const startedWallMs = clock.wallMs();
  const token = await tokens.issue('session', { accountId, sessionId: `s ${accountId}`, startedWallMs });
  return `__Host-wardline=${token}`;
}

function optionsOf(site: Site, nodeId: string): PanelOptions {
  return {
    node: NODE,
    homes: new Map([['127.0.0.1', 'a']]),
    settings: {
      ...{ siteId: 'box', layout: 'pair+dr', zone: 'Asia/Shanghai', node: nodeId, version: '0.0.0' },
      ...{ ports: site.ports, advertIntervalMs: 30 },
    },
  };
}

export async function openPanel(setup: PanelSetup = {}): Promise<OpenedPanel> {
  const { status = { read: () => Promise.resolve(FRESH) }, nodeId = NODE.id } = setup;
  const logged: string[] = [];
  const log = openLog({ name: 'admin', destination: { write: (line) => logged.push(line) } });
  const clock = new FakeClock({ wallMs: WALL_MS });
  const store = setup.store ?? new FakeIdentityStore();
  const identity = makeIdentity(setup, clock, store, log);
  const { book } = identity.options;
  await book.refresh();

  const site = parseSite(exampleSite());
  const asked: AskedOrder[] = [];
  const answers = new Map<string, unknown>(Object.entries(EMPTY_CONTROL));
  const [orders, peers] = [makeOrders(asked, answers), makePeers(asked, setup)];
  const live = new LiveWatch({ site, node: nodeId, orders, peers, status, book, clock, log });
  const [filters, records]: [CallFilter[], CallRecord[]] = [[], []];
  const server = buildServer(
    {
      ...{ status, identity, live, orders, peers, clock, log },
      records: makeRecords(records, filters),
      prompts: { list: async () => [], find: async () => undefined },
    },
    optionsOf(site, nodeId),
  );
  return {
    ...{ server, identity, live, store, clock, logged, orders: asked, answers, filters, records },
    logIn: (roles, departments = []) => logInAs(identity, roles, departments),
    headers: (cookie) => ({ 'x-wardline': '1', ...(cookie === undefined ? {} : { cookie }) }),
  };
}
