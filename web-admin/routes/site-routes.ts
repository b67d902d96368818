/** The site as it is: nodes, addresses, routing, prompts, settings. */
import type { FastifyReply } from 'fastify';
import { isOperatingError } from '../../cluster/base/errors.js';
import { panelErrors } from '../errors.js';
import { callerScopeOf } from '../identity/roles.js';
import type { Session } from '../identity/identity.js';
import { EventStream } from '../live/event-stream.js';
import { pictureFor, type LivePicture } from '../live/live-picture.js';
import type { RouteBook, RouteParts } from './route-book.js';

/** A page that hears nothing for three of them looks for another node. */
const BEAT_MS = 1000;
/** Of one node: more open pages than that are turned away, so that they cannot take the memory of the calls. */
const STREAMS_MAX = 200;
/** What the panel of another node may order here. */
const PEER_ORDERS: Readonly<Record<'calls' | 'node', ReadonlySet<string>>> = {
  calls: new Set(['trigger', 'undoEmergency', 'drain']),
  node: new Set(['move']),
};

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
};

class Streams {
  readonly #parts: RouteParts;
  #count = 0;

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  /** Open until the reader goes or the session ends. */
  serve(session: Session, reply: FastifyReply): FastifyReply {
    if (this.#count >= STREAMS_MAX) throw panelErrors.PANEL_TOO_MANY_REQUESTS({ seconds: 10 });
    const { live, clock, identity } = this.#parts;
    const { raw } = reply;
    reply.hijack();
    raw.writeHead(200, { ...reply.getHeaders(), ...HEAD } as Record<string, string>);
    raw.write('retry: 1000\n\n');
    const stream = new EventStream(raw);
    const send = (picture: LivePicture): void => {
      // Rights may have changed since the stream was opened.
      const account = identity.options.book.findAccount(session.account.accountId);
      if (account !== undefined) stream.send(pictureFor(picture, callerScopeOf(account)));
    };
    this.#count += 1;
    const stopListening = live.onChange(send);
    send(live.picture());
    raw.on('drain', () => {
      stream.drained();
    });
    let timer = clock.schedule(BEAT_MS, () => {
      beat();
    });
    const beat = (): void => {
      if (this.#isOver(session)) raw.end('event: over\ndata: 0\n\n');
      else {
        stream.beat(clock.wallMs());
        timer = clock.schedule(BEAT_MS, beat);
      }
    };
    raw.on('close', () => {
      timer.cancel();
      stopListening();
      this.#count -= 1;
    });
    raw.on('error', () => raw.destroy());
    return reply;
  }

  /** A stream asks nothing more by itself, so the session is looked at here; its end by time is the page's to renew. */
  #isOver({ account, claims }: Session): boolean {
    const { book } = this.#parts.identity.options;
    const now = book.findAccount(account.accountId);
    const isRevoked = book.isRevoked([claims.sessionId, claims.accountId], claims.issuedWallMs);
    return (
      now === undefined || now.isDisabled || isRevoked || this.#parts.clock.wallMs() > claims.expiresWallMs
    );
  }
}

function addLive(book: RouteBook, parts: RouteParts): void {
  const { live, orders, settings } = parts;
  const streams = new Streams(parts);
  book.add('GET /api/live', ({ session }) => pictureFor(live.picture(), callerScopeOf(session.account)));
  book.add('GET /api/stream', ({ session, reply }) => streams.serve(session, reply));
  book.add('GET /api/directory', () => live.directory);
  book.add('GET /api/settings', () => settings);
  book.add('GET /api/peer/snapshot', () => live.snapshot());
  book.add('POST /api/peer/order', async ({ body }) => {
    const service = body.service;
    if (!PEER_ORDERS[service].has(body.method))
      throw panelErrors.PANEL_BAD_REQUEST({ problem: `no node orders "${body.method}" of another` });
    return { result: await orders.ask(service, body.method, body.params) };
  });
}

function addAddresses(book: RouteBook, { live, orders, peers, identity, settings }: RouteParts): void {
  book.add('POST /api/addresses/:home/move', async ({ params, session }) => {
    const { home } = params;
    const address = live.picture().addresses.find((one) => one.home === home);
    if (address?.holder == null)
      throw panelErrors.PANEL_NOT_FOUND({ what: 'held address of node', id: home });
    const { holder } = address;
    const order = { home };
    await (holder === settings.node
      ? orders.ask('node', 'move', order)
      : peers.order(holder, 'node', 'move', order));
    identity.audit(session.account.accountId, 'addressMoved', home, 'done', { from: holder });
    return { done: true };
  });
}

function addDrain(book: RouteBook, { orders, peers, live, identity, settings }: RouteParts): void {
  book.add('POST /api/nodes/:node/drain', async ({ params: { node }, body: { isDraining }, session }) => {
    if (!live.picture().nodes.some(({ nodeId, state }) => nodeId === node && state !== 'voter'))
      throw panelErrors.PANEL_NOT_FOUND({ what: 'node', id: node });
    const order = { isDraining };
    await (node === settings.node
      ? orders.ask('calls', 'drain', order)
      : peers.order(node, 'calls', 'drain', order));
    identity.audit(session.account.accountId, isDraining ? 'nodeDrained' : 'nodeOpened', node, 'done', {});
    return { done: true };
  });
}

function addTestCalls(book: RouteBook, { orders, identity }: RouteParts): void {
  book.add('POST /api/test-calls', async ({ body: { number, trunk }, session }) => {
    const result = await orders.ask('calls', 'runTestCall', { number, trunk });
    identity.audit(session.account.accountId, 'testCallMade', `${number} ${trunk}`, 'done', {});
    return result as Readonly<Record<string, unknown>>;
  });
}

type Passed = Promise<Readonly<Record<string, unknown>>>;

function addRouting(book: RouteBook, { orders, identity }: RouteParts): void {
  const ask = (method: string, params: Readonly<Record<string, unknown>> = {}): Passed =>
    orders.ask('calls', method, params) as Passed;
  const byOf = ({ session }: { readonly session: Session }): string => session.account.name;
  const note = (asked: { readonly session: Session }, action: string, subject: string): void => {
    identity.audit(asked.session.account.accountId, action, subject, 'done', {});
  };
  book.add('GET /api/routing', async () => {
    try {
      const [status, versions] = await Promise.all([ask('routing'), ask('routingVersions')]);
      return { isEditable: true, status, versions };
    } catch (error) {
      // Of another version than the panel, while the nodes are upgraded one after the other.
      if (isOperatingError(error, 'RPC_UNKNOWN_METHOD')) return { isEditable: false };
      throw error;
    }
  });
  book.add('POST /api/routing/versions', async (asked) => {
    const proposed = await ask('proposeRouting', { document: asked.body.document, by: byOf(asked) });
    const { version } = proposed;
    note(asked, 'routingProposed', typeof version === 'number' ? String(version) : '');
    return proposed;
  });
  const onVersion = async (
    asked: { readonly params: { readonly version: number }; readonly session: Session },
    method: string,
    action: string,
  ): Passed => {
    const { version } = asked.params;
    const outcome = await ask(method, { version, by: byOf(asked) });
    note(asked, action, String(version));
    return outcome;
  };
  book.add('POST /api/routing/versions/:version/dry-run', (asked) =>
    onVersion(asked, 'dryRunRouting', 'routingDryRun'),
  );
  book.add('POST /api/routing/versions/:version/activate', (asked) =>
    onVersion(asked, 'activateRouting', 'routingActivated'),
  );
  book.add('POST /api/routing/roll-back', async (asked) => {
    const outcome = await ask('rollBackRouting', { by: byOf(asked) });
    note(asked, 'routingRolledBack', '');
    return outcome;
  });
}

function addPrompts(book: RouteBook, { prompts }: RouteParts): void {
  book.add('GET /api/prompts', async () => [...(await prompts.list())]);
  book.add('GET /api/prompts/:language/:name', async ({ params, reply }) => {
    const wav = await prompts.find(params.language, params.name);
    if (wav === undefined) throw panelErrors.PANEL_NOT_FOUND({ what: 'prompt', id: params.name });
    return reply.type('audio/wav').send(wav);
  });
}

export function addSiteRoutes(book: RouteBook, parts: RouteParts): void {
  book.add('GET /api/status', ({ request }) => parts.readStatus(request));
  // Says only that this process answers: what it shows has its own state.
  book.add('GET /healthz', () => ({ ok: true, node: parts.settings.node }));
  addLive(book, parts);
  addAddresses(book, parts);
  addTestCalls(book, parts);
  addDrain(book, parts);
  addRouting(book, parts);
  addPrompts(book, parts);
}
