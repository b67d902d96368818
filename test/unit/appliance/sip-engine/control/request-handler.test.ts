import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { FakeClock, RealClock, type Clock } from '../../../../../cluster/base/clock.js';
import { openLog } from '../../../../../cluster/base/log.js';
import {
  RequestHandler,
  type RequestHandlerLimits,
} from '../../../../../appliance/sip-engine/control/request-handler.js';
import type { RoutingDecision } from '../../../../../appliance/sip-engine/control/request-handler-decision.js';
import type { RequestHandlerConfig } from '../../../../../appliance/sip-engine/config/engine-config.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import { assert, spec, type TestContext } from '../../../../support/spec.js';
import { notYet, waitFor } from '../../../../support/wait.js';
import { selfSigned } from './self-signed.js';

const SOURCE = { protocol: 'udp', address: '192.0.2.7' } as const;
const REJECT = '{"action":"reject","data":{"status":486}}';
const FAILED: RoutingDecision = { kind: 'reject', status: 500 };

const LINES = [
  'INVITE sip:b%20ob@ward.example:5070;transport=tcp;source_address=127.0.0.1;x=a%26b SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1',
  'From: "A" <sip:alice@a.example>;tag=1',
  't: <sip:bob@b.example>',
  'Call-ID: c1',
  'CSeq: 1 INVITE',
  'Content-Type: application/SDP',
  'Content-Length: 5',
  '',
  'v=0\r\n',
];

function parse(text: string): SipMessage {
  const result = parseSipMessage(Buffer.from(text, 'utf8'));
  assert.ok(result.kind === 'message', 'it is a message');
  return (result as { message: SipMessage }).message;
}

const INVITE = parse(LINES.join('\r\n'));

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.defer(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly body: string;
}

/** A service that answers as it is told; everything that it was asked. */
async function startService(
  t: TestContext,
  answer: (response: ServerResponse) => void,
): Promise<{
  readonly url: string;
  readonly asked: Asked[];
  readonly server: ReturnType<typeof createServer>;
}> {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('latin1');
      asked.push({ url: request.url ?? '', method: request.method ?? '', body });
      answer(response);
    });
  });
  const port = await listen(t, server);
  t.defer(() => server.closeAllConnections());
  return { url: `http://127.0.0.1:${String(port)}/route`, asked, server };
}

function makeHandler(
  handler: Partial<RequestHandlerConfig> & { readonly url: string },
  options: {
    readonly clock?: Clock;
    readonly logged?: string[];
    readonly limits?: Partial<RequestHandlerLimits>;
  } = {},
): RequestHandler {
  const whole = { method: '*', httpMethod: 'GET', timeoutMs: 3000, ...handler } as const;
  return new RequestHandler({
    handlers: [whole],
    clock: options.clock ?? new RealClock(),
    log: openLog({ name: 'test', destination: { write: (line: string) => options.logged?.push(line) } }),
    limits: options.limits ?? {},
  });
}

const never = new AbortController().signal;

spec('the request handler', (it) => {
  it('tells a GET service who calls whom, and the caller cannot tell another source', async (t) => {
    const service = await startService(t, (response) => response.end(REJECT));
    const handler = makeHandler({ url: `${service.url}?site=a` });
    assert.equal(await handler.decide(INVITE, SOURCE, never), { kind: 'reject', status: 486 });
    const { url, method, body } = service.asked[0]!;
    assert.is(method, 'GET');
    assert.is(body, '');
    assert.ok(url.startsWith('/route?site=a&method=INVITE&domain=ward.example&protocol=udp&'), url);
    const told = new URL(url, 'http://x').searchParams;
    assert.equal(told.getAll('source_address'), ['192.0.2.7']);
    const rest = ['fromUser', 'toUser', 'uriUser', 'contentType', 'transport', 'x'].map((name) =>
      told.get(name),
    );
    assert.equal(rest, ['alice', 'bob', 'b%20ob', 'application/sdp', 'tcp', 'a&b']);
    assert.is(told.get('uri'), INVITE.requestUri);
  });

  it('gives a POST service the request itself', async (t) => {
    const service = await startService(t, (response) => response.end(REJECT));
    await makeHandler({ url: service.url, httpMethod: 'POST' }).decide(INVITE, SOURCE, never);
    assert.is(service.asked[0]?.method, 'POST');
    assert.is(service.asked[0]?.body, LINES.join('\r\n'));
  });

  it('asks about requests whose headers cannot be read', async (t) => {
    const service = await startService(t, (response) => response.end(REJECT));
    const odd = parse('OPTIONS tel:+49 SIP/2.0\r\nFrom: <<\r\nX: \u00e4\r\n\r\n');
    assert.equal(await makeHandler({ url: service.url }).decide(odd, SOURCE, never), {
      kind: 'reject',
      status: 486,
    });
    assert.match(
      service.asked[0]?.url ?? '',
      /domain=&.*fromUser=&toUser=&uriUser=&contentType=&uri=tel%3A%2B49$/,
    );
  });

  it('asks only where the method has a handler, and calls a direct application without HTTP', async () => {
    const handler = makeHandler({ method: 'REGISTER', url: 'http://127.0.0.1:1/' });
    assert.equal(await handler.decide(INVITE, SOURCE, never), { kind: 'applications' });
    assert.equal(await makeHandler({ url: 'tls://[::1]:3000' }).decide(INVITE, SOURCE, never), {
      ...{ kind: 'connect', host: '::1', port: 3000, isTls: true },
    });
    assert.is(handler.status().asked, 0);
  });

  it('reads a decision whatever the status, as drachtio-server does, and byte by byte', async (t) => {
    const service = await startService(t, (response) => {
      response.statusCode = 404;
      for (const letter of REJECT) response.write(letter);
      response.end();
    });
    const decision = await makeHandler({ url: service.url }).decide(INVITE, SOURCE, never);
    assert.equal(decision, { kind: 'reject', status: 486 });
  });

  it('answers 500 for an answer that is broken, cut off, too large, or not HTTP', async (t) => {
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => response.end('<html>'),
      (response) => response.writeHead(204).end(),
      (response) => response.writeHead(302, { location: '/' }).end(),
      (response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write(REJECT, () => response.destroy());
      },
      (response) => response.end(REJECT.padEnd(70_000)),
      (response) => response.socket?.end('no http\r\n\r\n'),
      (response) => response.socket?.destroy(),
    ];
    const service = await startService(t, (response) => answers.shift()?.(response));
    const logged: string[] = [];
    const handler = makeHandler({ url: service.url }, { logged });
    const count = answers.length;
    for (let index = 0; index < count; index += 1)
      assert.equal(await handler.decide(INVITE, SOURCE, never), FAILED, `answer ${String(index)}`);
    assert.equal(handler.status(), { inFlight: 0, asked: count, failed: count, refused: 0 });
    assert.is(logged.length, 1, 'an illness is logged once');
    answers.push((response) => response.end(REJECT));
    assert.equal(await handler.decide(INVITE, SOURCE, never), { kind: 'reject', status: 486 });
    assert.is(logged.length, 2, 'and its end');
  });

  it('stops reading an answer that never ends', async (t) => {
    let isClosed = false;
    const service = await startService(t, (response) => {
      const pour = (): void => {
        if (!response.destroyed) response.write('x'.repeat(10_000), pour);
      };
      response.on('close', () => (isClosed = true));
      pour();
    });
    assert.equal(await makeHandler({ url: service.url }).decide(INVITE, SOURCE, never), FAILED);
    await waitFor('the service sees the end', () => (isClosed ? true : notYet('open')), { signal: t.signal });
  });

  it('waits 3 s for an answer and 2 s for a connection, not longer', async (t) => {
    const clock = new FakeClock();
    const silent = await startService(t, () => undefined);
    const slow = makeHandler({ url: silent.url }, { clock }).decide(INVITE, SOURCE, never);
    await waitFor('the service is asked', () => silent.asked.length > 0 || notYet('nothing'), {
      signal: t.signal,
    });
    await clock.advance(2999);
    assert.is(clock.pendingTimers, 1);
    await clock.advance(1);
    assert.equal(await slow, FAILED);
    assert.is(clock.pendingTimers, 0);

    // Connected, but the handshake never ends.
    const deaf = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      t.defer(() => socket.destroy());
    });
    const port = await listen(t, deaf);
    const handler = makeHandler({ url: `https://127.0.0.1:${String(port)}/` }, { clock });
    const stuck = handler.decide(INVITE, SOURCE, never);
    await clock.advance(2000);
    assert.equal(await stuck, FAILED);
    assert.is(clock.pendingTimers, 0);
  });

  it('answers 500 when nobody listens, or the certificate is not to be believed', async (t) => {
    const gone = createTcpServer();
    const port = await listen(t, gone);
    gone.close();
    await once(gone, 'close');
    const url = `http://127.0.0.1:${String(port)}/`;
    assert.equal(await makeHandler({ url }).decide(INVITE, SOURCE, never), FAILED);

    const secure = createHttpsServer(selfSigned(), (_, response) => response.end(REJECT));
    const securePort = await listen(t, secure);
    const handler = makeHandler({ url: `https://127.0.0.1:${String(securePort)}/` });
    assert.equal(await handler.decide(INVITE, SOURCE, never), FAILED);
  });

  it('lets a service have so many questions at a time, and answers 503 beyond', async (t) => {
    const waiting: ServerResponse[] = [];
    const service = await startService(t, (response) => waiting.push(response));
    const handler = makeHandler({ url: service.url }, { limits: { inFlightMax: 2 } });
    const two = [1, 2].map(() => handler.decide(INVITE, SOURCE, never));
    assert.equal(await handler.decide(INVITE, SOURCE, never), { kind: 'reject', status: 503 });
    await waitFor('both are asked', () => waiting.length === 2 || notYet(waiting.length), {
      signal: t.signal,
    });
    for (const response of waiting) response.end(REJECT);
    await Promise.all(two);
    assert.equal(handler.status(), { inFlight: 0, asked: 2, failed: 0, refused: 1 });
  });

  it('lets go of a question whose caller has gone, without counting it as a failure', async (t) => {
    const clock = new FakeClock();
    const service = await startService(t, () => undefined);
    const [caller, handler] = [new AbortController(), makeHandler({ url: service.url }, { clock })];
    const decision = handler.decide(INVITE, SOURCE, caller.signal);
    await waitFor('the service is asked', () => service.asked.length > 0 || notYet('nothing'), {
      signal: t.signal,
    });
    caller.abort();
    assert.equal(await decision, { kind: 'reject', status: 487 });
    assert.is(clock.pendingTimers, 0);
    assert.equal(await handler.decide(INVITE, SOURCE, caller.signal), { kind: 'reject', status: 487 });
    assert.equal(handler.status(), { inFlight: 0, asked: 2, failed: 0, refused: 0 });
  });
});
