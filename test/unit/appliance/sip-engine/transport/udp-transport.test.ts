import { createSocket, type Socket } from 'node:dgram';
import { FixedGate } from '../../../../../appliance/sip-engine/transport/default-gate.js';
import { NotOwnerError, NotSentError } from '../../../../../appliance/sip-engine/transport/transport-port.js';
import { isOperatingError } from '../../../../../cluster/base/errors.js';
import { assert, assertRejects, spec, type TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';
import { bench, comes, LOCALHOST, message, Sender } from './transport-bench.js';

async function phone(t: TestContext): Promise<Socket & { readonly heard: string[] }> {
  const heard: string[] = [];
  const socket = Object.assign(createSocket('udp4'), { heard });
  socket.on('message', (bytes) => heard.push(bytes.toString('latin1')));
  await new Promise<void>((resolve) => socket.bind(0, LOCALHOST, resolve));
  t.defer(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return socket;
}

spec('SIP over UDP', (it) => {
  it('a datagram comes with the flow that leads back to its sender', async (t) => {
    const one = await bench(t, 'udp');
    const caller = await phone(t);
    caller.send(message('hello'), one.port, LOCALHOST);
    const [{ text, flow }] = (await comes(one)) as [(typeof one.got)[0]];
    assert.is(text, message('hello'));
    assert.equal(flow, {
      isReliable: false,
      protocol: 'udp',
      localAddress: LOCALHOST,
      localPort: one.port,
      remoteAddress: LOCALHOST,
      remotePort: caller.address().port,
    });
    one.layer.send(Buffer.from('answer'), flow, new Sender());
    await waitFor('the answer', () => caller.heard[0] === 'answer');
    const { received, sent } = one.layer.counts();
    assert.equal([received.udp.messages, sent.udp], [1, { messages: 1, bytes: 6 }]);
  });

  it('nothing leaves from an address that the partner has, and nothing that comes for it is handed on', async (t) => {
    const one = await bench(t, 'udp');
    const caller = await phone(t);
    const flow = one.layer.flowTo({ protocol: 'udp', address: LOCALHOST, port: caller.address().port })!;
    one.gate.release(LOCALHOST);
    const sender = new Sender();
    one.layer.send(Buffer.from('forbidden'), flow, sender);
    assert.ok(sender.errors[0] instanceof NotOwnerError);
    caller.send(message('unheard'), one.port, LOCALHOST);
    await waitFor('it to be refused', () => one.layer.counts().refused.notOwner === 1);
    one.gate.own(LOCALHOST);
    one.layer.send(Buffer.from('allowed'), flow, sender);
    caller.send(message('heard'), one.port, LOCALHOST);
    assert.match((await comes(one))[0]!.text, /heard@/);
    await waitFor('what was allowed', () => caller.heard.length > 0);
    assert.equal(caller.heard, ['allowed']);
    assert.is(one.layer.counts().notSent.notOwner, 1);
  });

  it('what the system refuses is told to the sender', async (t) => {
    const one = await bench(t, 'udp');
    const flow = one.layer.flowTo({ protocol: 'udp', address: LOCALHOST, port: 5060 })!;
    const sender = new Sender();
    one.layer.send(Buffer.alloc(70_000), flow, sender);
    one.layer.send(Buffer.from('a'), { ...flow, remotePort: 0 }, sender);
    one.layer.send(Buffer.from('b'), { ...flow, remoteAddress: 'phone.example' }, sender);
    one.layer.send(Buffer.from('c'), { ...flow, localPort: 1 }, sender);
    await waitFor('four errors', () => sender.errors.length === 4);
    assert.ok(sender.errors.every((error) => error instanceof NotSentError));
    assert.equal(one.layer.counts().notSent, { failed: 3, noTransport: 1 });
  });

  it('a source address that has gone from the machine is no fault of the peer', async (t) => {
    // 127/8 is the loopback's; a socket of it cannot reach beyond, which is what a lost address looks like.
    const gate = new FixedGate([LOCALHOST]);
    const one = await bench(t, 'udp', { gate });
    const flow = one.layer.flowTo({ protocol: 'udp', address: '192.0.2.1', port: 5060 })!;
    const sender = {
      errors: [] as unknown[],
      onSendError: (error: unknown) => sender.errors.push(error),
    };
    one.layer.send(Buffer.from('a'), flow, sender);
    gate.release(LOCALHOST);
    await waitFor('the error', () => sender.errors.length === 1);
    assert.ok(sender.errors[0] instanceof NotOwnerError, String(sender.errors[0]));
  });

  it('an exception of the receiver or of a sender ends nothing', async (t) => {
    const one = await bench(t, 'udp', {
      onMessage: () => {
        throw new Error('a mistake');
      },
    });
    const caller = await phone(t);
    for (const name of ['one', 'two', 'three']) caller.send(message(name), one.port, LOCALHOST);
    await waitFor('all three', () => one.layer.counts().handlerErrors === 3);
    assert.is(one.logged.length, 1, 'one line per second');
    const flow = one.layer.flowTo({ protocol: 'udp', address: LOCALHOST, port: 0 })!;
    one.layer.send(Buffer.from('a'), flow, {
      onSendError: () => {
        throw new Error('another mistake');
      },
    });
    assert.is(one.layer.counts().handlerErrors, 4);
  });

  it('a port that is taken is named, and nothing stays open', async (t) => {
    const one = await bench(t, 'udp');
    const listens = [
      { protocol: 'udp', address: LOCALHOST, port: 0 },
      { protocol: 'udp', address: LOCALHOST, port: one.port },
    ] as const;
    const error = await assertRejects(
      bench(t, 'udp', { listens }),
      /cannot listen for SIP on udp 127\.0\.0\.1 port/,
    );
    assert.ok(isOperatingError(error, 'SIP_CANNOT_LISTEN'));
  });

  it('a wildcard is bound address by address', async (t) => {
    const one = await bench(t, 'udp', {
      listens: [{ protocol: 'udp', address: '*', port: 0, addressId: 'a' }],
    });
    assert.ok(one.listens.some(({ address }) => address === LOCALHOST));
    assert.ok(
      one.listens.every(({ address, port, addressId }) => address !== '*' && port > 0 && addressId === 'a'),
    );
  });

  it('a flow begins at the listen that is asked for, or at one that is ours', async (t) => {
    const address = LOCALHOST;
    const listens = ['127.0.0.2', '127.0.0.3', '127.0.0.3'].map((one) => ({
      protocol: 'udp' as const,
      address: one,
      port: 0,
    }));
    const one = await bench(t, 'udp', { listens, gate: new FixedGate(['127.0.0.3']) });
    const [first, , third] = one.listens;
    const target = { protocol: 'udp', address, port: 5060 } as const;
    assert.is(one.layer.flowTo(target)?.localAddress, '127.0.0.3');
    assert.is(one.layer.flowTo(target, { address: '127.0.0.2' })?.localPort, first?.port);
    assert.is(one.layer.flowTo(target, third)?.localPort, third?.port);
    assert.is(one.layer.flowTo({ ...target, protocol: 'tcp' }), undefined);
    assert.is(one.layer.flowTo({ ...target, address: '::1' }), undefined);
  });

  it('IPv6 addresses are compared in one spelling', async (t) => {
    const listens = [{ protocol: 'udp', address: '0:0::1', port: 0 }] as const;
    const one = await bench(t, 'udp', { listens, gate: new FixedGate(['::1']) });
    assert.is(one.listens[0]?.address, '::1');
    const flow = one.layer.flowTo({ protocol: 'udp', address: '0:0:0::1', port: one.port })!;
    one.layer.send(Buffer.from(message('six')), flow, new Sender());
    assert.is((await comes(one))[0]?.flow.remoteAddress, '::1');
  });
});
