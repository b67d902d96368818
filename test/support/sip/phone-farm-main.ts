/**
 * Hundreds of phones behind one socket, in a process of their own, so that they can live in another network namespace.
 * Commands come in as JSON lines: `establish`, `pass` (calls that end at
 * once), `exchange` (OPTIONS, reinvite, BYE from the phones), `first` (one
 * OPTIONS, again and again until it is answered), `expect` (answers a request of the application in every call).
 */
import { createInterface } from 'node:readline';
import { inGroups } from './in-groups.js';
import { RawDialog } from './raw-dialog.js';
import { RawSipPeer } from './raw-sip-peer.js';
import { isResponse } from './raw-sip-peer.js';
import { sdp } from './sip-text.js';

interface Command {
  readonly id: number;
  readonly do: 'establish' | 'pass' | 'exchange' | 'first' | 'expect';
  /** Of the calls, which ones: from, and before which. */
  readonly from?: number;
  readonly to?: number;
  readonly what: string;
  readonly engine: { readonly address: string; readonly port: number };
  readonly count: number;
}

const AT_ONCE = 10;
/** Retransmission of the first request after a takeover: it may have gone to the dead node's card. */
const AGAIN_MS = 20;
const [address = ''] = process.argv.slice(2);
const peer = await RawSipPeer.open({ address });
const calls: RawDialog[] = [];

function chosen({ from = 0, to = calls.length }: Command): RawDialog[] {
  return calls.slice(from, to);
}

function newCalls({ engine, count }: Command): RawDialog[] {
  const at = { protocol: 'udp', ...engine };
  return Array.from({ length: count }, () => RawDialog.calling({ peer, engine: at }));
}

function establish(command: Command): Promise<object> {
  calls.push(...newCalls(command));
  return inGroups(calls, AT_ONCE, (call) => call.establish());
}

function pass(command: Command): Promise<object> {
  return inGroups(newCalls(command), AT_ONCE, async (call) => {
    await call.establish();
    await call.exchange('BYE', 200);
  });
}

const EXCHANGES: Readonly<Record<string, (call: RawDialog) => Promise<unknown>>> = {
  OPTIONS: (call) => call.exchange('OPTIONS', 200),
  BYE: (call) => call.exchange('BYE', 200),
  reinvite: async (call) => {
    const invite = call.invite({ body: sdp(40_200, 'sendrecv', 2) });
    await call.response(invite, 200);
    call.ack(invite);
  },
};

function exchange(command: Command): Promise<object> {
  const work = EXCHANGES[command.what];
  if (work === undefined) throw new Error(`unknown exchange "${command.what}"`);
  return inGroups(chosen(command), AT_ONCE, work);
}

async function first(): Promise<object> {
  const [call] = calls;
  if (call === undefined) throw new Error('there is no call');
  const isAnswer = isResponse(200, 'OPTIONS');
  const before = peer.count(isAnswer);
  const request = call.request('OPTIONS');
  const again = setInterval(() => peer.send(request.text, call.engine), AGAIN_MS);
  try {
    await call.response(request, 200);
  } finally {
    clearInterval(again);
  }
  return { answers: peer.count(isAnswer) - before };
}

function expectAll(command: Command): Promise<object> {
  return inGroups(chosen(command), calls.length, async (call) => {
    const request = await call.incoming(command.what, 10_000);
    call.answer(request, 200, command.what === 'INVITE' ? { body: sdp(40_300) } : {});
    if (command.what === 'INVITE') await call.incoming('ACK', 10_000);
  });
}

const COMMANDS = { establish, pass, exchange, first, expect: expectAll };

async function obey(line: string): Promise<void> {
  const command = JSON.parse(line) as Command;
  let answer: object;
  try {
    answer = { result: await COMMANDS[command.do](command) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify({ id: command.id, ...answer })}\n`);
}

createInterface({ input: process.stdin }).on('line', (line) => void obey(line));
process.stdout.write('ready\n');
