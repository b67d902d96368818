/** The control port over real sockets, with the lines that drachtio-srf sends; time is virtual. */
import { connect } from 'node:net';
import type { ControlConnection } from '../../../../../appliance/sip-engine/control/control-connection.js';
import { writeOk } from '../../../../../appliance/sip-engine/control/control-reply.js';
import {
  ControlServer,
  type ControlServerOptions,
} from '../../../../../appliance/sip-engine/control/control-server.js';
import { assert, assertRejects, spec } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';
import { bench, Client, closeNow, GREETING } from './control-bench.js';

function onlyApplication(server: ControlServer): ControlConnection {
  assert.is(server.applications.length, 1);
  return server.applications[0]!;
}

spec('the control port', (it) => {
  it('an application is greeted with all ports and the version', async (t) => {
    const { connect: open, told } = await bench(t);
    const client = await open();
    client.say('d5a4034b|authenticate|cymru|wardline,n1');
    const greeting = 'tcp/10.0.0.1:5060,udp/10.0.0.1:5060|v0.9.10|udp/192.168.0.1:5060';
    assert.equal(await client.gets(1), [`response|d5a4034b|OK|${greeting}`]);
    assert.match(client.payloads[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    assert.equal(told, ['authenticated wardline,n1']);
  });

  it('the greeting is asked for each time, because SIP ports may come later', async (t) => {
    let greeting = { ...GREETING, hostports: ['udp/10.0.0.1:5060'] };
    const { application } = await bench(t, { greeting: () => greeting });
    assert.match((await application()).answers[0]!, /OK\|udp\/10.0.0.1:5060\|/);
    greeting = { ...GREETING, hostports: ['udp/10.0.0.1:5080'] };
    assert.match((await application()).answers[0]!, /OK\|udp\/10.0.0.1:5080\|/);
  });

  it('a wrong secret is refused by the documented words, then closed, and never logged', async (t) => {
    const { connect: open, told, logged, server } = await bench(t);
    const client = await open();
    client.say('i|authenticate|hunter2|', 'i|ping');
    assert.equal(await client.closes(), ['response|i|NO|incorrect secret']);
    assert.equal(told, []);
    assert.ok(logged.length > 0 && !logged.join().includes('hunter2') && !logged.join().includes('cymru'));
    await waitFor('it to be counted', () => server.status().gone.wrongSecret === 1);
  });

  it('a stranger may do nothing', async (t) => {
    const { connect: open, told } = await bench(t);
    for (const payload of [
      'i|route|invite',
      'i|ping',
      'i|sip||\r\nOPTIONS sip:a SIP/2.0\r\n\r\n',
      'i|adopt|d',
    ]) {
      const client = await open();
      client.say(payload, 'i|authenticate|cymru|');
      assert.equal(await client.closes(), ['response|i|NO|authenticate first'], payload);
    }
    assert.equal(told, []);
  });

  it('a stranger has five seconds', async (t) => {
    const { connect: open, clock, server } = await bench(t);
    const client = await open();
    client.socket.write('30#i|authenticate');
    await waitFor('the server to see it', () => server.status().strangers === 1);
    await clock.advance(4999);
    assert.is(server.status().strangers, 1);
    await clock.advance(1);
    assert.equal(await client.closes(), []);
    await waitFor('it to be counted', () => server.status().gone.authenticationTooSlow === 1);
  });

  it('an application has no deadline', async (t) => {
    const { application, clock } = await bench(t);
    const client = await application();
    await clock.advance(3_600_000);
    client.say('i|ping');
    assert.is((await client.gets(2))[1], 'response|i|OK|pong');
  });

  it('a stranger may send no more than eight kilobytes, an application as much as ever', async (t) => {
    const { connect: open, application, told } = await bench(t);
    const stranger = await open();
    stranger.socket.write('8193#');
    assert.equal(await stranger.closes(), []);
    const client = await application();
    client.say(`i|sip||\r\nMESSAGE sip:a SIP/2.0\r\n\r\n${'ä'.repeat(40_000)}`);
    await waitFor('the command', () => told.includes('command sipNewRequest'));
  });

  it('too many strangers push out the oldest one, never an application', async (t) => {
    const {
      application,
      connect: open,
      server,
    } = await bench(t, {
      limits: { connectionsMax: 10, strangersMax: 2 },
    });
    const served = await application();
    const strangers: Client[] = [];
    for (let count = 1; count <= 4; count += 1) {
      strangers.push(await open());
      const [seen, refused] = [Math.min(count, 2), Math.max(0, count - 2)];
      await waitFor('the stranger to be seen', () => {
        const status = server.status();
        return status.strangers === seen && status.refused === refused;
      });
    }
    await strangers[0]!.closes();
    await strangers[1]!.closes();
    strangers[3]!.say('i|authenticate|cymru|');
    await strangers[3]!.gets(1);
    assert.is(served.isClosed, false);
    assert.is(server.status().applications, 2);
  });

  it('there is an end to connections', async (t) => {
    const {
      application,
      connect: open,
      server,
    } = await bench(t, {
      limits: { connectionsMax: 2, strangersMax: 2 },
    });
    await application();
    await application();
    await (await open()).closes();
    assert.is(server.status().refused, 1);
    const second = await server.open({ host: '127.0.0.1', port: 0 });
    const another = new Client(connect(second.port, '127.0.0.1'));
    await another.closes();
    assert.is(server.status().refused, 2, 'the limit is one for all ports');
  });

  it('routes are answered and told, the first one as readiness', async (t) => {
    const { application, told, server } = await bench(t);
    const client = await application('', 'invite', 'options', 'invite');
    assert.equal(client.answers.slice(1), Array(3).fill('response|i|OK'));
    assert.equal(told, ['authenticated ', 'ready invite', 'route invite', 'route options']);
    assert.equal(onlyApplication(server).routes, ['invite', 'options']);
  });

  it('a removed route is only that one', async (t) => {
    const { application, server } = await bench(t);
    const client = await application('', 'invite', 'options');
    client.say('i|remove_route|options');
    await client.gets(4);
    const connection = onlyApplication(server);
    assert.is(connection.hasRoute('options'), false);
    assert.is(connection.hasRoute('invite'), true);
  });

  it('an unknown verb is answered and ends the connection', async (t) => {
    const { application, told } = await bench(t);
    const client = await application();
    client.say('i|bogus', 'i|ping');
    assert.is((await client.closes())[1], 'response|i|NO|Unknown message type');
    assert.is(client.answers.length, 2);
    assert.equal(told, ['authenticated ', 'gone protocolViolated']);
  });

  it('a command that cannot be understood is refused, and the connection goes on', async (t) => {
    const { application } = await bench(t);
    const client = await application();
    client.say('i|proxy|t||||serial|soon||sip:a', 'j|ping');
    assert.match((await client.gets(3))[1]!, /^response\|i\|NOK\|no timeout/);
    assert.is(client.answers[2], 'response|j|OK|pong');
  });

  it('a broken frame ends the connection without a word', async (t) => {
    const { application, told } = await bench(t);
    const client = await application();
    client.socket.write('123456#');
    assert.is((await client.closes()).length, 1);
    assert.is(told.at(-1), 'gone protocolViolated');
  });

  it('commands arrive whole and in order, however they were cut', async (t) => {
    const commands: string[] = [];
    const { application } = await bench(t, {
      handlers: {
        onCommand: (one, command) => {
          commands.push('text' in command ? command.text : command.type);
          const ids = { messageId: one.newMessageId(), requestId: command.id };
          assert.is(one.send(writeOk(ids, 'done')), 'taken');
        },
        onApplicationGone: () => undefined,
      },
    });
    const client = await application();
    const texts = ['INFO sip:ä@x SIP/2.0\r\n\r\n', 'BYE sip:🚑 SIP/2.0\r\n\r\n'];
    const frames = texts
      .map((text) => `i|sip||d\r\n${text}`)
      .map((one) => `${String(Buffer.byteLength(one))}#${one}`);
    for (const byte of Buffer.from(frames.join(''))) client.socket.write(Uint8Array.of(byte));
    assert.equal((await client.gets(3)).slice(1), ['response|i|OK|done', 'response|i|OK|done']);
    assert.equal(commands, texts);
  });

  it('a handler that throws refuses one command and ends nothing', async (t) => {
    const { application, logged } = await bench(t, {
      handlers: {
        onCommand: () => {
          throw new Error('a mistake of ours');
        },
        onApplicationGone: () => undefined,
      },
    });
    const client = await application();
    client.say('i|adopt|d', 'j|ping');
    assert.match((await client.gets(3))[1]!, /^response\|i\|NOK\|Server error: /);
    assert.is(client.answers[2], 'response|j|OK|pong');
    assert.ok(logged.some((line) => line.includes('a mistake of ours')));
  });

  it('who does not read is dropped when its queue is full, and holds up nobody', async (t) => {
    const { application, server, told } = await bench(t, {
      limits: { connectionsMax: 10, strangersMax: 10, outgoingBytesMax: 200_000 },
    });
    const slow = await application('slow');
    const quick = await application('quick');
    slow.socket.pause();
    const connection = server.applications.find(({ tags }) => tags.includes('slow'))!;
    const reply = writeOk({ messageId: 'm', requestId: 'r' }, 'x'.repeat(60_000));
    let outcome = connection.send(reply);
    for (let count = 0; outcome === 'taken' && count < 2000; count += 1) outcome = connection.send(reply);
    assert.is(outcome, 'queueFull');
    assert.is(connection.send(reply), 'notServing');
    assert.equal(told.at(-1), 'gone tooSlow');
    assert.is(server.status().gone.tooSlow, 1);
    quick.say('i|ping');
    assert.is((await quick.gets(2))[1], 'response|i|OK|pong');
  });

  it('an application that dies is told once, and its return is a new connection', async (t) => {
    const { application, server, told } = await bench(t);
    const client = await application('n1', 'invite');
    const first = onlyApplication(server);
    client.socket.resetAndDestroy();
    await waitFor('the loss', () => told.includes('gone closedByPeer'));
    assert.is(first.send(writeOk({ messageId: 'm', requestId: 'r' })), 'notServing');
    told.length = 0;
    await application('n1', 'invite');
    assert.equal(told, ['authenticated n1', 'ready invite', 'route invite']);
    assert.is.not(onlyApplication(server).id, first.id);
  });

  it('an application that half-closes and does not read is not waited for', async (t) => {
    const { application, server, clock, told } = await bench(t);
    const client = await application();
    const connection = onlyApplication(server);
    client.socket.pause();
    const reply = writeOk({ messageId: 'm', requestId: 'r' }, 'x'.repeat(1_000_000));
    for (let count = 0; connection.outgoingBytes === 0 && count < 100; count += 1) connection.send(reply);
    client.socket.end();
    await waitFor('the end to be noticed', () => told.includes('gone closedByPeer'));
    assert.is(connection.state, 'Ending');
    await clock.advance(1000);
    assert.is(connection.state, 'Gone');
    client.socket.destroy();
  });

  it('what was sent before closing still arrives', async (t) => {
    const { application, server, clock, told } = await bench(t);
    const client = await application();
    onlyApplication(server).send(writeOk({ messageId: 'm'.repeat(36), requestId: 'r' }, 'last words'));
    await closeNow(server, clock);
    assert.is((await client.closes())[1], 'response|r|OK|last words');
    assert.equal(told.at(-1), 'gone closedByUs');
  });

  it('a closed port lets nobody in, and closing ends in spite of those who hold on', async (t) => {
    const { application, server, clock, port } = await bench(t);
    const client = await application();
    client.socket.pause();
    await closeNow(server, clock);
    assert.equal(server.status().applications, 0);
    await assertRejects(server.open({ host: '127.0.0.1', port: 0 }), /closed/);
    const late = connect(port, '127.0.0.1');
    await assertRejects(new Promise((_, reject) => late.once('error', reject)), /ECONNREFUSED/);
    client.socket.destroy();
  });

  it('nothing listens before the port is opened, and a port that is taken is said', async (t) => {
    const { server, port } = await bench(t);
    await assertRejects(server.open({ host: '127.0.0.1', port }), /EADDRINUSE/);
  });

  it('an empty secret is refused', () => {
    assert.throws(() => new ControlServer({ secret: '' } as ControlServerOptions), RangeError);
  });
});
