/**
 * A transaction layer on virtual time with messages that are plain data, and a log of all it sends and tells. Two of
 * them can be joined; then what one sends the other receives a moment later.
 */
import type { FakeClock } from '../../../../../cluster/base/clock.js';
import type { ClientTransaction } from '../../../../../appliance/sip-engine/transaction/client-transaction.js';
import type { ServerTransaction } from '../../../../../appliance/sip-engine/transaction/server-transaction.js';
import { TimerWheel } from '../../../../../appliance/sip-engine/transaction/timer-wheel.js';
import type { KeyFields } from '../../../../../appliance/sip-engine/transaction/transaction-key.js';
import {
  TransactionLayer,
  type ReceiveRequestResult,
  type TransactionLayerOptions,
} from '../../../../../appliance/sip-engine/transaction/transaction-layer.js';
import type {
  MessageAccess,
  TransactionUser,
  Wire,
} from '../../../../../appliance/sip-engine/transaction/transaction-port.js';

export interface TestMessage extends KeyFields {
  /** Of a response. */
  readonly status?: number;
  readonly note?: string;
}

export interface TestFlow {
  readonly isReliable: boolean;
  readonly name: string;
}

export type Client = ClientTransaction<TestMessage, TestFlow>;
export type Server = ServerTransaction<TestMessage, TestFlow>;
type User = TransactionUser<TestMessage, TestFlow>;

export const UDP: TestFlow = { isReliable: false, name: 'udp' };
export const TCP: TestFlow = { isReliable: true, name: 'tcp' };

export function bytesOf(message: TestMessage): Buffer {
  return Buffer.from(JSON.stringify(message));
}

export function messageOf(bytes: Buffer): TestMessage {
  return JSON.parse(bytes.toString()) as TestMessage;
}

export function request(method: string, changes: Partial<TestMessage> = {}): TestMessage {
  const branch = 'z9hG4bKb1';
  const ids = { callId: 'c1', cseqNumber: 1, fromTag: 'f1', requestUri: 'sip:bob@example.com' };
  return {
    method,
    branch,
    sentByHost: 'alice.example',
    transport: 'UDP',
    topVia: branch,
    ...ids,
    ...changes,
  };
}

export function response(to: TestMessage, status: number, changes: Partial<TestMessage> = {}): TestMessage {
  const tag = status === 100 ? {} : { toTag: to.toTag ?? 't1' };
  return { ...to, ...tag, status, ...changes };
}

/** `INVITE`, or `200 INVITE`. */
export function nameOf({ method, status }: TestMessage): string {
  return status === undefined ? method : `${String(status)} ${method}`;
}

export const ACCESS: MessageAccess<TestMessage> = {
  keyFields: (message) => message,
  statusOf: ({ status }) => status ?? 0,
  parse: messageOf,
  makeAck: (invite, refusal) => bytesOf({ ...invite, method: 'ACK', toTag: refusal.toTag }),
  makeCancel: (invite) => bytesOf({ ...invite, method: 'CANCEL' }),
  makeTrying: (invite) => bytesOf(response(invite, 100)),
};

type Options = Partial<TransactionLayerOptions<TestMessage, TestFlow>>;

export class SipEndpoint {
  /** `ms what`, such as `500 send INVITE`, `0 told 200 INVITE`. */
  readonly log: string[] = [];
  readonly layer: TransactionLayer<TestMessage, TestFlow>;
  readonly clock: FakeClock;
  readonly wheel: TimerWheel;
  /** What is sent goes there. */
  onSend: (message: TestMessage, flow: TestFlow) => void = () => undefined;
  /** Reports this error for everything that is sent, at once. */
  sendError: Error | undefined;
  /** What the user does; each may be replaced by a test. */
  user: Partial<User> = {};
  server: Server | undefined;

  constructor(clock: FakeClock, options: Options = {}) {
    this.clock = clock;
    this.wheel = new TimerWheel(clock);
    const fixed = { clock, wheel: this.wheel, messages: ACCESS, wire: this.#wire(), user: this.#user() };
    const onUserError = (error: unknown): void => {
      this.#note(`user error ${(error as Error).message}`);
    };
    this.layer = new TransactionLayer({ ...fixed, onUserError, transactionsMax: 10_000, ...options });
  }

  /** Log lines with `what` in them, without it; all when it is empty. */
  times(what: string): number[] {
    return this.log.filter((line) => line.endsWith(` ${what}`)).map((line) => Number(line.split(' ')[0]));
  }

  receive(message: TestMessage, flow = UDP): ReceiveRequestResult | 'matched' | 'stray' {
    return message.status === undefined
      ? this.layer.receiveRequest(message, bytesOf(message), flow)
      : this.layer.receiveResponse(message, flow);
  }

  /** Sends a request by a transaction. */
  start(message: TestMessage, flow = UDP, options: { isProxied?: boolean } = {}): Client {
    const result = this.layer.sendRequest(message, bytesOf(message), flow, options);
    if (result.kind === 'refused') throw new Error(`refused: ${result.why}`);
    return result.transaction;
  }

  /** Sends outside of any transaction, as a dialog sends an ACK and repeats its 2xx. */
  sendBare(message: TestMessage, flow = UDP): void {
    this.#note(`send ${nameOf(message)}`);
    this.onSend(message, flow);
  }

  /** Takes the log so far, in one line. */
  takeLog(): string {
    return this.log.splice(0).join(', ');
  }

  #note(what: string): void {
    this.log.push(`${String(this.clock.monotonicMs())} ${what}`);
  }

  #wire(): Wire<TestFlow> {
    return {
      send: (bytes, flow, sender) => {
        const message = messageOf(bytes);
        this.#note(`send ${nameOf(message)}`);
        if (this.sendError === undefined) this.onSend(message, flow);
        else sender.onSendError(this.sendError);
      },
    };
  }

  #user(): User {
    return {
      onRequest: (transaction, message) => {
        this.#note(`request ${nameOf(message)}`);
        this.server = transaction;
        this.user.onRequest?.(transaction, message);
      },
      onCancel: (cancel, message, invite) => {
        this.#note(`cancel of ${invite === undefined ? 'nothing' : invite.state.name}`);
        this.user.onCancel?.(cancel, message, invite);
      },
      onAck: (invite, ack) => {
        this.#note('ack');
        this.user.onAck?.(invite, ack);
      },
      onStrayAck: (ack, flow) => {
        this.#note('stray ack');
        this.user.onStrayAck?.(ack, flow);
      },
      onResponse: (transaction, message) => {
        this.#note(`told ${nameOf(message)}`);
        this.user.onResponse?.(transaction, message);
      },
      onStrayResponse: (message, flow) => {
        this.#note(`stray ${nameOf(message)}`);
        this.user.onStrayResponse?.(message, flow);
      },
      onTimeout: (transaction) => {
        this.#note('timeout');
        this.user.onTimeout?.(transaction);
      },
      onTransportError: (transaction, error) => {
        this.#note(`transport error ${(error as Error).message}`);
        this.user.onTransportError?.(transaction, error);
      },
      onTerminated: (transaction) => {
        this.#note(`end ${transaction.method}`);
        this.user.onTerminated?.(transaction);
      },
    };
  }
}

export function respond(
  server: Server,
  to: TestMessage,
  status: number,
  changes: Partial<TestMessage> = {},
): string {
  const message = response(to, status, changes);
  return server.respond(status, bytesOf(message));
}

/** Everything that one sends reaches the other after `delayMs`. */
export function join(one: SipEndpoint, other: SipEndpoint, delayMs = 10): void {
  const carry = (to: SipEndpoint) => (message: TestMessage, flow: TestFlow) => {
    one.clock.schedule(delayMs, () => void to.receive(message, flow));
  };
  one.onSend = carry(other);
  other.onSend = carry(one);
}
