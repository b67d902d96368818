/**
 * Requests in dialogs that wait for their application to adopt them. After a takeover, or a restart of the
 * application, the connection that has the right tags is there some time before it knows the calls; what it does not
 * know drachtio-srf answers 481 by itself, with which the phone ends the call.
 *
 * Only applications that stored a payload with the dialog are waited for: who adopts calls does that (docs), all
 * others get the request at once.
 */
import type { Dialog } from '../dialog/dialog.js';
import { Deadline } from '../transaction/deadline.js';
import type { EngineContext } from './engine-context.js';
import type { ServerRequest } from './server-request.js';

/** More than these in one dialog is a flood. */
const REQUESTS_MAX = 16;

interface Held {
  readonly request: ServerRequest;
  /** Gives it to the application. */
  readonly give: () => void;
}

export class AdoptionQueue {
  readonly #context: EngineContext;
  readonly #onGivenUp: (request: ServerRequest, dialog: Dialog) => void;
  readonly #held = new Map<Dialog, readonly Held[]>();

  /** @param onGivenUp it has to be answered: nobody adopted the dialog in time */
  constructor(context: EngineContext, onGivenUp: (request: ServerRequest, dialog: Dialog) => void) {
    this.#context = context;
    this.#onGivenUp = onGivenUp;
  }

  /** Whether an application that can adopt the dialog has not done so. */
  isAwaited({ id, payload, isOver }: Dialog): boolean {
    return payload !== '' && !isOver && !this.#context.router.isHandled(id);
  }

  /** Until `release`, for `pendingInviteMs` at most. */
  hold(request: ServerRequest, dialog: Dialog, give: () => void): void {
    const others = this.#held.get(dialog) ?? [];
    if (others.length >= REQUESTS_MAX) {
      this.#onGivenUp(request, dialog);
      return;
    }
    this.#held.set(dialog, [...others, { request, give }]);
    const { wheel, settings } = this.#context;
    request.deadline?.cancel();
    const onDue = new Deadline(() => {
      this.#onGivenUp(request, dialog);
    });
    request.deadline = wheel.schedule(settings.pendingInviteMs, onDue);
  }

  /** Its application has the dialog: it gets what waits, in the order it came. */
  release(dialog: Dialog): void {
    const held = this.#held.get(dialog) ?? [];
    this.#held.delete(dialog);
    for (const { request, give } of held) {
      request.deadline?.cancel();
      if (!request.isAnswered) give();
    }
  }

  /** It has its answer: it was given up, cancelled, or nobody waits for it any more. */
  forget(request: ServerRequest): void {
    const { dialog } = request;
    if (dialog === undefined || !this.#held.has(dialog)) return;
    const others = (this.#held.get(dialog) ?? []).filter((one) => one.request !== request);
    if (others.length === 0) this.#held.delete(dialog);
    else this.#held.set(dialog, others);
  }
}
