/**
 * What the call controls of two partners tell each other over the node link. Facts are told as a whole and may come
 * twice; after `hello` everything is told anew until `synced`. A partner of another release may tell more: what is not
 * known here is left out.
 */
import type { Binding } from './call/bindings.js';
import type { CallTakerState } from './call/call-taker-state.js';
import type { FeatureCommand } from './call/feature-codes.js';
import type { SeatOutcome } from './queue/dispatch-types.js';
import type { QueueEntry } from './queue/queue-entry.js';
import type { Seat } from './queue/seat.js';
import type { TestNotice, TestReturn } from './test-calls.js';

export type PartnerMessage =
  | { readonly kind: 'hello' }
  | { readonly kind: 'synced' }
  /** The sender was busy with calls that are the receiver's now: all is to be told once more. */
  | { readonly kind: 'again' }
  /** A caller of the sender's. */
  | { readonly kind: 'entry'; readonly entry: QueueEntry }
  | { readonly kind: 'entryGone'; readonly callId: string }
  /** A seat that the sender dispatches, for its queue and for people. */
  | { readonly kind: 'seat'; readonly seat: Seat }
  | {
      readonly kind: 'seatState';
      readonly seatId: string;
      readonly state: CallTakerState;
      /** Of the service address with which the seat goes. */
      readonly generation: number;
    }
  /** What is registered at the sender, whoever dispatches the seat. */
  | { readonly kind: 'bindings'; readonly seatId: string; readonly bindings: readonly Binding[] }
  /** What was registered at the receiver, should it have forgotten: its live state does not outlive a power cut. */
  | { readonly kind: 'yourBindings'; readonly seatId: string; readonly bindings: readonly Binding[] }
  /** A call of the sender's at a seat that the receiver dispatches. */
  | { readonly kind: 'seatBusy'; readonly seatId: string; readonly callId: string }
  | {
      readonly kind: 'seatFree';
      readonly seatId: string;
      readonly callId: string;
      readonly needsWrapUp: boolean;
    }
  /** A caller of the sender's who has no answer to his INVITE yet: should it come here, it is this call. */
  | { readonly kind: 'unanswered'; readonly callId: string; readonly sipCallId: string }
  /** He has one, or is gone. */
  | { readonly kind: 'answered'; readonly callId: string }
  /** A seat of the sender's is free for the receiver's caller, and what came of it. */
  | { readonly kind: 'askPartner'; readonly callId: string; readonly seatId: string }
  | { readonly kind: 'turnDown'; readonly callId: string; readonly seatId: string }
  | { readonly kind: 'rang'; readonly seatId: string; readonly outcome: SeatOutcome }
  /** Dialled at the sender by whoever sits at a seat of the receiver's. */
  | {
      readonly kind: 'command';
      readonly id: number;
      readonly seatId: string;
      readonly command: FeatureCommand;
    }
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: string }
  /** The sender takes no new calls but emergencies, or takes them again. */
  | { readonly kind: 'drained'; readonly isDrained: boolean }
  /** A test call of the sender's may come back at the receiver. */
  | ({ readonly kind: 'testNotice' } & TestNotice)
  /** It has. */
  | ({ readonly kind: 'testReturn' } & TestReturn);

/** Fields without which a message is none. */
const FIELDS: Readonly<Record<PartnerMessage['kind'], Readonly<Record<string, string>>>> = {
  hello: {},
  synced: {},
  again: {},
  entry: { entry: 'object' },
  entryGone: { callId: 'string' },
  seat: { seat: 'object' },
  seatState: { seatId: 'string', state: 'object', generation: 'number' },
  bindings: { seatId: 'string', bindings: 'object' },
  yourBindings: { seatId: 'string', bindings: 'object' },
  seatBusy: { seatId: 'string', callId: 'string' },
  seatFree: { seatId: 'string', callId: 'string', needsWrapUp: 'boolean' },
  unanswered: { callId: 'string', sipCallId: 'string' },
  answered: { callId: 'string' },
  askPartner: { callId: 'string', seatId: 'string' },
  turnDown: { callId: 'string', seatId: 'string' },
  rang: { seatId: 'string', outcome: 'string' },
  command: { id: 'number', seatId: 'string', command: 'object' },
  outcome: { id: 'number', outcome: 'string' },
  drained: { isDrained: 'boolean' },
  testNotice: { testId: 'string', number: 'string', callerId: 'string', forMs: 'number' },
  testReturn: { testId: 'string', state: 'string' },
};

/** @returns undefined for what this release does not know */
export function readPartnerMessage(value: Readonly<Record<string, unknown>>): PartnerMessage | undefined {
  const { kind } = value;
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return undefined;
  const fields = Object.entries(FIELDS[kind as PartnerMessage['kind']]);
  const isWhole = fields.every(([field, type]) => typeof value[field] === type && value[field] !== null);
  // The partner is one of us and has proved it; what is inside has the shape that it has here.
  return isWhole ? (value as unknown as PartnerMessage) : undefined;
}
