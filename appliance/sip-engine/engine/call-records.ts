/**
 * Call record events as drachtio-server has them (facts: CDR): attempt, start and stop of each INVITE, each to one
 * application that asked for it. Unlike there, every attempt gets its stop, also when the caller gives up before
 * anybody answered.
 */
import type { ApplicationRouter } from '../control/application-router.js';
import {
  writeCdrAttempt,
  writeCdrStart,
  writeCdrStop,
  type CallRecordRole,
} from '../control/control-reply.js';
import type { ControlReply } from '../control/control-framing.js';
import { canonicalText } from '../message/canonical-text.js';
import type { SipMessage } from '../message/sip-message.js';
import type { EngineApplication } from './engine-context.js';

export type StopReason =
  | 'normal-release'
  | 'call-rejected'
  | 'call-canceled'
  | 'session-expired'
  | 'ack-timeout'
  | 'system-initiated-termination';

export interface CallRecordsOptions {
  readonly isOn: boolean;
  readonly router: ApplicationRouter<EngineApplication>;
  readonly wallMs: () => number;
}

type Source = 'network' | 'application';
/** A message, of which a text is only made when somebody wants the record; or what was sent. */
export type Recorded = SipMessage | Uint8Array;

function textOf(recorded: Recorded): Uint8Array {
  return recorded instanceof Uint8Array ? recorded : canonicalText(recorded);
}

export class CallRecords {
  readonly #options: CallRecordsOptions;

  constructor(options: CallRecordsOptions) {
    this.#options = options;
  }

  /** @param invite as it came or went */
  attempt(source: Source, invite: Recorded): void {
    this.#tell('cdr:attempt', (id, atMs) => writeCdrAttempt(id, { source, atMs, sip: textOf(invite) }));
  }

  start(source: Source, role: CallRecordRole, success: Recorded): void {
    this.#tell('cdr:start', (id, atMs) => writeCdrStart(id, { source, atMs, sip: textOf(success) }, role));
  }

  /** @param last the BYE, the refusal, or the INVITE when it was cancelled */
  stop(source: Source, reason: StopReason, last: Recorded): void {
    this.#tell('cdr:stop', (id, atMs) => writeCdrStop(id, { source, atMs, sip: textOf(last) }, reason));
  }

  #tell(verb: string, write: (messageId: string, atMs: number) => ControlReply): void {
    if (!this.#options.isOn) return;
    const application = this.#options.router.findApplication({ verb });
    if (application === undefined) return;
    application.send(write(application.newMessageId(), this.#options.wallMs()));
  }
}
