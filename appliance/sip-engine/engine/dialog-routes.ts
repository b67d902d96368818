/** The way to the other side of a dialog. */
import type { Dialog } from '../dialog/dialog.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { EngineContext } from './engine-context.js';

export class DialogRoutes {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Calls back with the way to the other side of a dialog, at once wherever it is known. */
  withFlow(dialog: Dialog, run: (flow: SipFlow | undefined) => void): void {
    const flow = this.findFlow(dialog);
    if (flow instanceof Promise) void flow.then(run);
    else run(flow);
  }

  /** @returns undefined when there is none; a promise while its name has to be asked for */
  findFlow(dialog: Dialog): SipFlow | undefined | Promise<SipFlow | undefined> {
    const { routes } = this.#context;
    const { nextHop } = dialog.planRoute();
    const { route } = dialog.underWay;
    if (route?.nextHop === nextHop && routes.isAlive(route.flow)) return route.flow;
    // A phone behind NAT, or on a connection, is reached the way it came as long as that way is open.
    const isDirect = dialog.routeSet.length === 0 && (dialog.isNated || dialog.flow.isReliable);
    if (isDirect && routes.isAlive(dialog.flow)) return dialog.flow;
    const found = routes.findFlow(nextHop, dialog.flow.localAddress);
    if (found instanceof Promise) return found.then((flow) => this.#keepRoute(dialog, nextHop, flow));
    return this.#keepRoute(dialog, nextHop, found);
  }

  /** The connection that a phone came by may be dying just now: its Contact is tried next, over another one. */
  findContactFlow(dialog: Dialog, flow: SipFlow): SipFlow | undefined {
    if (flow.connectionId === undefined) return undefined;
    const found = this.#context.routes.findFlow(dialog.planRoute().nextHop, flow.localAddress);
    return found instanceof Promise || found?.connectionId === flow.connectionId ? undefined : found;
  }

  #keepRoute(dialog: Dialog, nextHop: string, flow: SipFlow | undefined): SipFlow | undefined {
    if (flow !== undefined) dialog.underWay.route = { nextHop, flow };
    return flow;
  }
}
