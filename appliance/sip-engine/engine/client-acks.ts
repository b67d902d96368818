/** ACKs for the 2xx that INVITEs of ours get (RFC 3261 13.2.2.4): the application's, and where it is gone our own. */
import { writeNok, writeRequestEcho, type AnswerIds } from '../control/control-reply.js';
import { CONTROL_TEXTS } from '../control/control-texts.js';
import type { Dialog } from '../dialog/dialog.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { ApplicationHeader, ApplicationMessage } from './application-message.js';
import { buildRequest } from './build-request.js';
import { findBodyProblem } from './check-application-message.js';
import type { DialogKeeper } from './dialog-keeper.js';
import type { DialogRoutes } from './dialog-routes.js';
import { sentMeta, type EngineApplication, type EngineContext } from './engine-context.js';
import { describeBody } from './header-rules.js';
import type { RequestPlanner } from './request-planner.js';

export interface ClientParts {
  readonly context: EngineContext;
  readonly keeper: DialogKeeper;
  readonly planner: RequestPlanner;
  readonly routes: DialogRoutes;
}

const NO_BODY = Buffer.alloc(0);

/** The answer to an offer of the peer may stand in an ACK or a PRACK (RFC 3261 13.2.1, RFC 3262 5). */
export function learnOurs(
  dialog: Dialog,
  { headers, body }: Pick<ApplicationMessage, 'headers' | 'body'>,
): void {
  dialog.localSdp = describeBody(headers, body) ?? dialog.localSdp;
}

export class ClientAcks {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  send(
    application: EngineApplication,
    ids: AnswerIds,
    dialog: Dialog | undefined,
    message: ApplicationMessage,
  ): void {
    const due = dialog?.underWay.unacknowledged;
    if (dialog === undefined || due === undefined) {
      application.send(writeNok(ids, CONTROL_TEXTS.ackIsAutomatic));
      return;
    }
    const problem = findBodyProblem(message);
    if (problem !== undefined) {
      application.send(writeNok(ids, problem));
      return;
    }
    dialog.underWay.acknowledge();
    this.#parts.routes.withFlow(dialog, (flow) => {
      if (flow === undefined) {
        application.send(writeNok(ids, CONTROL_TEXTS.noTransport));
        return;
      }
      const bytes = this.#sendOn(dialog, due.seq, flow, message.headers, message.body);
      const meta = sentMeta(flow, bytes.length, this.#parts.context.clock.wallMs(), 'local');
      application.send(writeRequestEcho(ids, { meta, transactionId: due.transactionId, sip: bytes }));
      this.#endAfterAck(dialog);
    });
  }

  /** ACK for a 2xx that no application answers for (RFC 3261 13.2.2.4). */
  acknowledgeOwn(dialog: Dialog, seq: number): void {
    this.#parts.routes.withFlow(dialog, (flow) => {
      if (flow !== undefined) this.#sendOn(dialog, seq, flow, [], NO_BODY);
    });
  }

  /** The 2xx came again: its ACK was lost. */
  repeat(dialog: Dialog, seq: number): void {
    const { lastAck } = dialog.underWay;
    if (lastAck?.seq === seq) this.#sendBytes(lastAck.bytes, lastAck.flow);
  }

  #sendOn(
    dialog: Dialog,
    seq: number,
    flow: SipFlow,
    headers: readonly ApplicationHeader[],
    body: Buffer,
  ): Buffer {
    const { planner, keeper } = this.#parts;
    const credentials = dialog.underWay.credentials.filter(
      ({ name }) => !headers.some((header) => header.name === name),
    );
    const content = { method: 'ACK', headers: [...headers, ...credentials], body };
    const plan = planner.planInDialog(dialog, content, seq, flow);
    const bytes = buildRequest(plan, planner.via(dialog, flow));
    dialog.underWay.acknowledge();
    dialog.underWay.lastAck = { seq, bytes, flow };
    if (dialog.state === 'confirmedNoAck') dialog.state = 'confirmed';
    learnOurs(dialog, { headers, body });
    this.#sendBytes(bytes, flow);
    keeper.publish(dialog);
    return bytes;
  }

  #endAfterAck(dialog: Dialog): void {
    const text = dialog.underWay.byeAfterAck;
    if (text === undefined) return;
    this.#parts.keeper.endByEngine(dialog, { cause: 200, text, record: 'call-canceled' });
  }

  #sendBytes(bytes: Buffer, flow: SipFlow): void {
    this.#parts.context.wire.send(bytes, flow, { onSendError: () => undefined });
  }
}
