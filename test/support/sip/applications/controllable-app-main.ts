/**
 * An application without a will of its own: commands come in as JSON lines (`{"id":1,"do":"createUAC",...}`), each is
 * answered by one `done` or `failed`, and what happens otherwise is told as events. What it holds has names: `r1` a
 * request that waits for its answer, `d1` a dialog, `a1` an ACK that is still to be sent.
 */
import { createInterface } from 'node:readline';
import { connectSrf, errorFields, parseApplicationArguments, report } from './application-arguments.js';
import {
  onMethod,
  type Headers,
  type LateAnswer,
  type SrfDialog,
  type SrfMessage,
  type SrfRequest,
  type SrfResponse,
} from './srf-objects.js';

/** A function cannot be written as JSON: this is what the SDP options of createB2BUA and createUAS are made from. */
interface SdpSource {
  readonly kind: 'function' | 'promise' | 'throws';
  readonly sdp: string;
}

interface Command {
  readonly id: number;
  readonly do: string;
  readonly request: string;
  readonly dialog: string;
  readonly ack: string;
  readonly of: number;
  readonly uri: string;
  readonly sdp: string | undefined;
  readonly status: number;
  readonly reason?: string;
  readonly headers?: Headers;
  readonly body?: string;
  readonly prack?: boolean;
  readonly options?: Record<string, unknown>;
  readonly listen?: readonly string[];
  readonly destinations: readonly string[];
}

/** Things by short names. */
class Named<T> {
  readonly #prefix: string;
  readonly #byName = new Map<string, T>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(thing: T): string {
    const name = `${this.#prefix}${String(this.#byName.size + 1)}`;
    this.#byName.set(name, thing);
    return name;
  }

  get(name: string): T {
    const thing = this.#byName.get(name);
    if (thing === undefined) throw new Error(`nothing here is called "${name}"`);
    return thing;
  }
}

interface Waiting {
  readonly request: SrfRequest;
  readonly response: SrfResponse;
}

const args = parseApplicationArguments();
const srf = connectSrf(args);
const waiting = new Named<Waiting>('r');
const dialogs = new Named<SrfDialog>('d');
const acks = new Named<LateAnswer['ack']>('a');
const invitesSent = new Map<number, SrfRequest>();

/** Events whose handler has to answer. */
const ANSWERED = new Set([
  'modify',
  'info',
  'notify',
  'options',
  'message',
  'refer',
  'update',
  'subscribe',
  'publish',
]);

function takeRequest(request: SrfRequest, response: SrfResponse): string {
  const name = waiting.add({ request, response });
  request.on('cancel', () => report('cancel', { request: name }));
  return name;
}

function requestFields(request: SrfRequest): object {
  const { method, source, protocol, receivedOn, raw } = request;
  const { source_address: address, source_port: port } = request;
  return { method, source, protocol, receivedOn, address, port, text: raw };
}

for (const method of args.methods) {
  onMethod(srf, method, (request, response) => {
    report('request', { request: takeRequest(request, response), ...requestFields(request) });
  });
}

/** `destroy` is always told; other events change what drachtio-srf does by itself and are listened to when asked. */
function watchDialog(dialog: SrfDialog, listen: readonly string[] = []): string {
  const name = dialogs.add(dialog);
  dialog.on('destroy', (request: SrfRequest | undefined, reason: string) => {
    report('dialog', { dialog: name, name: 'destroy', reason, text: request?.raw });
  });
  for (const event of listen) listenTo(dialog, name, event);
  return name;
}

function listenTo(dialog: SrfDialog, name: string, event: string): void {
  dialog.on(event, (request: SrfRequest, response?: SrfResponse) => {
    const hasToAnswer = ANSWERED.has(event) && response !== undefined;
    const taken = hasToAnswer ? takeRequest(request, response) : undefined;
    report('dialog', { dialog: name, name: event, request: taken, text: request.raw });
  });
}

function dialogFields(dialog: SrfDialog, name: string): object {
  const { id, type, sip, local, remote, onHold } = dialog;
  return { dialog: name, id, type, sip, local, remote, onHold };
}

function isSdpSource(value: unknown): value is SdpSource {
  return typeof value === 'object' && value !== null && 'kind' in value && 'sdp' in value;
}

function sdpFunction(source: SdpSource): () => string | Promise<string> {
  if (source.kind === 'function') return () => source.sdp;
  if (source.kind === 'promise') return () => new Promise((resolve) => setTimeout(resolve, 20, source.sdp));
  return () => {
    throw new Error('the application cannot make an SDP');
  };
}

/** Options as drachtio-srf takes them: what stands for a function becomes one. */
function withFunctions(options: Record<string, unknown> = {}): Record<string, unknown> {
  const entries = Object.entries(options).map(([name, value]): [string, unknown] => {
    if (isSdpSource(value)) return [name, sdpFunction(value)];
    if (name === 'responseHeaders' && value === 'function')
      return [name, () => ({ 'X-Made': 'by a function' })];
    if (name === 'auth' && Array.isArray(value)) {
      const [username, password] = value as string[];
      const give = (_request: unknown, _response: unknown, done: (...answer: unknown[]) => void): void =>
        done(null, username, password);
      return [name, give];
    }
    return [name, value];
  });
  return Object.fromEntries(entries);
}

function progressOf(command: Command) {
  return {
    cbRequest: (error: unknown, request: SrfRequest | undefined) => {
      if (request !== undefined) {
        invitesSent.set(command.id, request);
        request.on('authenticate', (again: SrfRequest) => invitesSent.set(command.id, again));
      }
      report('sent', {
        of: command.id,
        text: request?.raw,
        message: error instanceof Error ? error.message : undefined,
      });
    },
    cbProvisional: (response: SrfResponse) => {
      report('provisional', { of: command.id, status: response.status, text: response.raw });
    },
  };
}

/** drachtio-srf gives the engine's refusal as a text. */
function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new Error(typeof error === 'string' ? error : JSON.stringify(error));
}

function send(command: Command): Promise<object> {
  const { response } = waiting.get(command.request);
  const { headers, body } = command;
  const options = { ...(headers === undefined ? {} : { headers }), ...(body === undefined ? {} : { body }) };
  const onPrack = (prack: SrfRequest): void => report('prack', { request: command.request, text: prack.raw });
  return new Promise((resolve, reject) => {
    const done = (error: unknown, sent: SrfMessage | undefined): void => {
      if (error === null || error === undefined) resolve({ text: sent?.raw });
      else reject(asError(error));
    };
    response.send(
      command.status,
      command.reason,
      options,
      done,
      command.prack === true ? onPrack : undefined,
    );
  });
}

/** Sends, and waits for the final response. */
async function requestOutside(command: Command): Promise<object> {
  const request = await srf.request(command.uri, withFunctions(command.options));
  report('sent', { of: command.id, text: request.raw });
  return new Promise((resolve) => {
    request.on('response', (response: SrfResponse) => {
      const fields = { status: response.status, text: response.raw };
      if (response.status < 200) report('provisional', { of: command.id, ...fields });
      else resolve(fields);
    });
  });
}

function lateAnswer({ sdp, ack }: LateAnswer): object {
  return { sdp, ack: acks.add(ack) };
}

async function createUac(command: Command): Promise<object> {
  const made = await srf.createUAC(command.uri, withFunctions(command.options), progressOf(command));
  return 'sdp' in made ? lateAnswer(made) : dialogFields(made, watchDialog(made, command.listen));
}

async function sendAck(command: Command): Promise<object> {
  const dialog = (await acks.get(command.ack)(command.sdp ?? '')) as SrfDialog | undefined;
  return dialog === undefined ? {} : dialogFields(dialog, watchDialog(dialog, command.listen));
}

async function createUas(command: Command): Promise<object> {
  const { request, response } = waiting.get(command.request);
  const dialog = await srf.createUAS(request, response, withFunctions(command.options));
  return dialogFields(dialog, watchDialog(dialog, command.listen));
}

async function createB2bua(command: Command): Promise<object> {
  const { request, response } = waiting.get(command.request);
  const options = withFunctions(command.options);
  const { uas, uac } = await srf.createB2BUA(request, response, command.uri, options, progressOf(command));
  const [uasName, uacName] = [watchDialog(uas, command.listen), watchDialog(uac, command.listen)];
  return { uas: dialogFields(uas, uasName), uac: dialogFields(uac, uacName) };
}

async function proxy(command: Command): Promise<object> {
  const { request } = waiting.get(command.request);
  const result = await srf.proxyRequest(request, [...command.destinations], withFunctions(command.options));
  const statuses = result.responses.flatMap(({ msgs }) => msgs.map(({ status }) => status));
  return { connected: result.connected, finalStatus: result.finalStatus, statuses };
}

async function modify(command: Command): Promise<object> {
  const dialog = dialogs.get(command.dialog);
  const options = withFunctions(command.options);
  const answer =
    command.sdp === undefined
      ? await dialog.modify({ noAck: true })
      : await dialog.modify(command.sdp, options);
  return typeof answer === 'string' ? { sdp: answer } : lateAnswer(answer);
}

async function requestInside(command: Command): Promise<object> {
  const response = await dialogs.get(command.dialog).request(withFunctions(command.options));
  return { status: response.status, text: response.raw };
}

function cancel(command: Command): Promise<object> {
  const invite = invitesSent.get(command.of);
  if (invite === undefined) throw new Error(`command ${String(command.of)} has sent no INVITE`);
  const options = command.headers === undefined ? {} : { headers: command.headers };
  return new Promise((resolve, reject) => {
    invite.cancel(options, (error) => {
      if (error === null || error === undefined) resolve({});
      else reject(asError(error));
    });
  });
}

const COMMANDS: Readonly<Record<string, (command: Command) => Promise<object>>> = {
  createUAS: createUas,
  createUAC: createUac,
  createB2BUA: createB2bua,
  proxyRequest: proxy,
  request: requestOutside,
  respond: send,
  dialogRequest: requestInside,
  modify,
  ack: sendAck,
  cancel,
  destroy: async (command) => {
    const options = withFunctions({
      ...command.options,
      ...(command.headers ? { headers: command.headers } : {}),
    });
    const bye = await dialogs.get(command.dialog).destroy(options);
    return { text: bye.raw };
  },
  dialog: async (command) => dialogFields(dialogs.get(command.dialog), command.dialog),
  listen: async (command) => {
    for (const event of command.listen ?? []) listenTo(dialogs.get(command.dialog), command.dialog, event);
    return {};
  },
  count: async () => ({ dialogs: srf._dialogs.size }),
  removeRoute: async (command) => {
    srf.unregisterForMessages(command.uri);
    return {};
  },
};

async function obey(line: string): Promise<void> {
  const command = JSON.parse(line) as Command;
  try {
    const work = COMMANDS[command.do];
    if (work === undefined) throw new Error(`unknown command "${command.do}"`);
    report('done', { id: command.id, result: await work(command) });
  } catch (error) {
    report('failed', { id: command.id, ...errorFields(error) });
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void obey(line));
