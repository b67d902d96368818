/** Orders to the processes of this node, over their admin sockets. */
import type { Clock } from '../../cluster/base/clock.js';
import { callRpc } from '../../cluster/base/local-rpc.js';
import type { OrdersPort } from './live-watch.js';

const QUESTION_MS = 800;
/** A move of an address, the activation of a document. */
const ORDER_MS = 10_000;
const QUESTIONS: ReadonlySet<string> = new Set(['status', 'calls', 'seats', 'trunks', 'queue', 'directory']);

export function openLocalOrders(options: { readonly runFolder: string; readonly clock: Clock }): OrdersPort {
  const { runFolder, clock } = options;
  return {
    ask: (service, method, params = {}) =>
      callRpc({
        path: `${runFolder}/${service}/admin.sock`,
        method,
        params,
        deadlineMs: QUESTIONS.has(method) ? QUESTION_MS : ORDER_MS,
        clock,
      }),
  };
}
