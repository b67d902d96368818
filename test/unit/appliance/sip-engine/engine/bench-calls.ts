/** Calls in the states that tests begin with. */
import { EngineBench, SDP, type BenchOptions } from './engine-bench.js';
import type { ApplicationOptions, VirtualApplication } from './virtual-application.js';
import type { PhoneCall, RequestSaid, VirtualPhone } from './virtual-phone.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';

export interface Stage {
  readonly bench: EngineBench;
  readonly app: VirtualApplication;
  readonly phone: VirtualPhone;
}

export interface CallOnStage extends Stage {
  readonly call: PhoneCall;
  readonly dialogId: string;
}

export interface OutgoingCall extends Stage {
  readonly call: PhoneCall;
  readonly invite: SipMessage;
  readonly transactionId: string;
}

export function stage(options: BenchOptions = {}, application: Partial<ApplicationOptions> = {}): Stage {
  const bench = new EngineBench(options);
  return { bench, app: bench.application(application), phone: bench.phone('alice', 50) };
}

/** Alice has called; the application has her INVITE. */
export function ringing(on: Stage = stage(), said: RequestSaid = {}): Stage & { readonly call: PhoneCall } {
  const call = on.phone.call();
  call.invite(said);
  forget(on);
  return { ...on, call };
}

/** The application has answered and Alice has acknowledged. */
export function answered(on: Stage = stage(), said: RequestSaid = {}): CallOnStage {
  const { call } = ringing(on, said);
  on.app.answer('INVITE', 200, {}, SDP);
  call.ack(on.phone.last('200 INVITE'));
  const { dialogId } = on.app.last('ACK');
  forget(on);
  return { ...on, call, dialogId };
}

/** The application calls Alice; her phone has the INVITE. */
export function calling(on: Stage = stage(), body = SDP): OutgoingCall {
  on.app.request('INVITE sip:alice@10.77.1.50', { From: '<sip:100@hospital.example>' }, body);
  const invite = on.phone.last('INVITE');
  const { transactionId } = on.app.last('sent INVITE');
  forget(on);
  return { ...on, invite, call: on.phone.call(invite), transactionId };
}

/** Alice has answered and the application has acknowledged. */
export function connected(on: Stage = stage()): CallOnStage {
  const { call, invite } = calling(on);
  call.respond(invite, 200, { body: SDP });
  const { dialogId } = on.app.last('200 INVITE');
  on.app.requestInDialog(dialogId, 'ACK');
  forget(on);
  return { ...on, call, dialogId };
}

/** What comes is looked at from now on. */
export function forget({ app, phone }: Stage): void {
  app.take();
  phone.take();
}
