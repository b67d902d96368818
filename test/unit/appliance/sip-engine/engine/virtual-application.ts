/** An application as the engine sees one, with everything it was told taken apart by drachtio's field positions. */
import type { ControlReply } from '../../../../../appliance/sip-engine/control/control-framing.js';
import { parseControlCommand } from '../../../../../appliance/sip-engine/control/control-command.js';
import type { EngineCommand } from '../../../../../appliance/sip-engine/control/control-command.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import type { SendOutcome } from '../../../../../appliance/sip-engine/control/control-connection.js';
import type { SipEngine } from '../../../../../appliance/sip-engine/engine/sip-engine.js';
import type { EngineApplication } from '../../../../../appliance/sip-engine/engine/engine-context.js';
import { nameOf, type Headers } from './virtual-phone.js';

/** One thing that the engine said. */
export interface Told {
  /**
   * `INVITE` or `200 INVITE` for a message, `unsolicited BYE`, `sent INVITE` for an echo, `NOK <text>`,
   * `OK <field>`, `cdr:start uas`.
   */
  readonly name: string;
  readonly fields: readonly string[];
  readonly transactionId: string;
  readonly dialogId: string;
  readonly sip: SipMessage | undefined;
  readonly sipText: string;
}

/** Positions of drachtio's protocol (facts 2.4). */
const AFTER_META = { message: 8, echo: 10 };

function messageOf(reply: ControlReply): { sip: SipMessage | undefined; sipText: string } {
  if (reply.sip === undefined) return { sip: undefined, sipText: '' };
  const bytes = typeof reply.sip === 'string' ? Buffer.from(reply.sip, 'utf8') : Buffer.from(reply.sip);
  const parsed = parseSipMessage(bytes);
  if (parsed.kind !== 'message') throw new Error(`an application was told rubbish: ${bytes.toString()}`);
  return { sip: parsed.message, sipText: bytes.toString('latin1') };
}

function toldOf(reply: ControlReply): Told {
  const fields = reply.line.split('|');
  const { sip, sipText } = messageOf(reply);
  const kind = fieldAt(fields, 1);
  const base = { fields, sip, sipText, transactionId: '', dialogId: '' };
  const name = sip === undefined ? '' : nameOf(sip);
  if (kind === 'sip') {
    const ids = idsAt(fields, AFTER_META.message);
    return { ...base, ...ids, name: `${ids.transactionId === 'unsolicited' ? 'unsolicited ' : ''}${name}` };
  }
  if (kind !== 'response') return { ...base, name: [kind, ...fields.slice(4)].join(' ') };
  if (sip === undefined) return { ...base, name: fields.slice(3).join(' ').trimEnd() };
  const ids = idsAt(fields, AFTER_META.echo);
  const dialogId = ids.dialogId === 'Msg sent:' ? '' : ids.dialogId;
  return { ...base, ...ids, dialogId, name: `sent ${name}` };
}

function fieldAt(fields: readonly string[], index: number): string {
  return fields[index] ?? '';
}

function idsAt(fields: readonly string[], index: number): { transactionId: string; dialogId: string } {
  return { transactionId: fieldAt(fields, index), dialogId: fieldAt(fields, index + 1) };
}

export interface ApplicationOptions {
  readonly id: string;
  readonly tags?: readonly string[];
  readonly routes?: readonly string[];
}

export class VirtualApplication implements EngineApplication {
  readonly id: string;
  readonly tags: readonly string[];
  readonly told: Told[] = [];
  /** False: its connection takes nothing more. */
  isAlive = true;
  readonly #engine: () => SipEngine;
  readonly #routes: Set<string>;
  #messages = 0;
  #commands = 0;
  #taken = 0;

  constructor(engine: () => SipEngine, options: ApplicationOptions) {
    this.#engine = engine;
    this.id = options.id;
    this.tags = options.tags ?? [];
    this.#routes = new Set(options.routes ?? ['invite']);
  }

  hasRoute(verb: string): boolean {
    return this.#routes.has(verb);
  }

  newMessageId(): string {
    this.#messages += 1;
    return `m${String(this.#messages)}`;
  }

  send(reply: ControlReply): SendOutcome {
    if (!this.isAlive) return 'notServing';
    this.told.push(toldOf(reply));
    return 'taken';
  }

  /** What it was told since the last look, as `INVITE, sent 180 INVITE`. */
  take(): string {
    const news = this.told.slice(this.#taken);
    this.#taken = this.told.length;
    return news.map(({ name }) => name).join(', ');
  }

  /** The newest thing with this name. @throws when there is none */
  last(name: string): Told {
    const found = this.told.findLast((one) => one.name === name);
    if (found === undefined) {
      throw new Error(`not told ${name}, only: ${this.told.map((one) => one.name).join(', ')}`);
    }
    return found;
  }

  /** The SIP message of it. */
  message(name: string): SipMessage {
    const { sip } = this.last(name);
    if (sip === undefined) throw new Error(`${name} has no message`);
    return sip;
  }

  /** Answers the newest request of this method. */
  answer(method: string, status: number, headers: Headers = {}, body = ''): void {
    this.respond(this.last(method).transactionId, status, headers, body);
  }

  respond(transactionId: string, status: number, headers: Headers = {}, body = ''): void {
    this.command(`sip|${transactionId}|`, `SIP/2.0 ${String(status)} Said\r\n`, headers, body);
  }

  /** A request outside of dialogs. */
  request(startLine: string, headers: Headers = {}, body = '', nextHop = ''): void {
    const fields = nextHop === '' ? 'sip||' : `sip|||${nextHop}`;
    this.command(fields, `${startLine} SIP/2.0\r\n`, headers, body);
  }

  requestInDialog(dialogId: string, method: string, headers: Headers = {}, body = ''): void {
    this.command(`sip||${dialogId}`, `${method} sip:placeholder SIP/2.0\r\n`, headers, body);
  }

  cancel(transactionId: string, headers: Headers = {}): void {
    this.command(`sip|${transactionId}|`, 'CANCEL sip:placeholder SIP/2.0\r\n', headers, '');
  }

  /** @returns the id under which the answer comes */
  command(fields: string, startLine = '', headers: Headers = {}, body = ''): string {
    this.#commands += 1;
    const id = `c${String(this.#commands)}`;
    const lines = Object.entries(headers).flatMap(([name, values]) =>
      (typeof values === 'string' ? [values] : values).map((value) => `${name}: ${value}\r\n`),
    );
    const text = startLine === '' ? body : `${startLine}${lines.join('')}\r\n${body}`;
    const payload = text === '' ? `${id}|${fields}` : `${id}|${fields}\r\n${text}`;
    this.#engine().onCommand(this, parseControlCommand(Buffer.from(payload)) as EngineCommand);
    return id;
  }
}
