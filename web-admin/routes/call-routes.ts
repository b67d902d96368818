/** Calls that were, and orders about those that are. */
import type { CallFilter, CallRecord } from '../../cluster/store/call-record-read-port.js';
import { panelErrors } from '../errors.js';
import { callerScopeOf, isInScope } from '../identity/roles.js';
import type { Session } from '../identity/identity.js';
import { renderCsv } from './calls-csv.js';
import type { RouteBook, RouteParts } from './route-book.js';

const CSV_ROWS_MAX = 10_000;
const PAGE_MAX = 1000;

interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly number?: string;
  readonly department?: string;
  readonly emergency?: boolean;
  readonly open?: boolean;
}

function filterOf({ from, to, number, department, emergency, open }: Wanted): Omit<CallFilter, 'limit'> {
  return {
    ...{ fromWallMs: from, toWallMs: to },
    ...(number === undefined ? {} : { number }),
    ...(department === undefined ? {} : { department }),
    ...(emergency === undefined ? {} : { isEmergency: emergency }),
    ...(open === undefined ? {} : { isOpen: open }),
  };
}

/** The departments to look in; undefined: all at once. */
function departmentsFor({ account }: Session, wanted: string | undefined): readonly string[] | undefined {
  const scope = callerScopeOf(account);
  if (scope.kind === 'all') return undefined;
  return [...scope.ids].filter((id) => wanted === undefined || wanted === id);
}

/** The records that the account may see, the latest first. */
async function findRecords(
  { records }: RouteParts,
  session: Session,
  filter: CallFilter,
): Promise<readonly CallRecord[]> {
  const departments = departmentsFor(session, filter.department);
  if (departments === undefined) return records.findCalls(filter);
  const lists = await Promise.all(
    departments.map((department) => records.findCalls({ ...filter, department })),
  );
  return lists
    .flat()
    .sort((a, b) => b.openedWallMs - a.openedWallMs || (a.callId < b.callId ? 1 : -1))
    .slice(0, filter.limit);
}

async function findAllRecords(
  parts: RouteParts,
  session: Session,
  filter: Omit<CallFilter, 'limit'>,
): Promise<readonly CallRecord[]> {
  const found: CallRecord[] = [];
  while (found.length < CSV_ROWS_MAX) {
    const last = found.at(-1);
    const page = await findRecords(parts, session, {
      ...filter,
      ...(last === undefined ? {} : { before: { openedWallMs: last.openedWallMs, callId: last.callId } }),
      limit: PAGE_MAX,
    });
    found.push(...page);
    if (page.length < PAGE_MAX) break;
  }
  return found;
}

/** @throws PANEL_NOT_FOUND for a call that is over, or of another department */
function getLiveCall({ live }: RouteParts, session: Session, callId: string): { readonly node: string } {
  const call = live.picture().calls.find((one) => one.callId === callId);
  if (call === undefined || !isInScope(callerScopeOf(session.account), call.departmentId))
    throw panelErrors.PANEL_NOT_FOUND({ what: 'call', id: callId });
  return call;
}

function orderCall(
  { orders, peers, identity }: RouteParts,
  node: string,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const isHere = node === identity.options.node;
  const done = isHere ? orders.ask('calls', method, params) : peers.order(node, 'calls', method, params);
  return done as Promise<Readonly<Record<string, unknown>>>;
}

function addOrders(book: RouteBook, parts: RouteParts): void {
  const { identity } = parts;
  book.add('POST /api/calls/:callId/complaint', async ({ params, body, session }) => {
    const { node } = getLiveCall(parts, session, params.callId);
    const { accountId } = session.account;
    const order = { call: params.callId, text: body.text, source: accountId, confidence: 1 };
    const outcome = await orderCall(parts, node, 'trigger', order);
    // What the patient said is in no audit entry; the word that matched is in the record of the call.
    identity.audit(accountId, 'complaintTyped', params.callId, 'done', {});
    return outcome;
  });
  book.add('POST /api/calls/:callId/emergency/undo', async ({ params, session }) => {
    const { node } = getLiveCall(parts, session, params.callId);
    const outcome = await orderCall(parts, node, 'undoEmergency', { call: params.callId });
    identity.audit(session.account.accountId, 'emergencyUndone', params.callId, 'done', {});
    return outcome;
  });
}

export function addCallRoutes(book: RouteBook, parts: RouteParts): void {
  const { records, identity } = parts;
  book.add('POST /api/calls/search', ({ body, session }) => {
    const { beforeMs, beforeId, limit, ...wanted } = body;
    const before =
      beforeMs === undefined || beforeId === undefined
        ? {}
        : { before: { openedWallMs: beforeMs, callId: beforeId } };
    return findRecords(parts, session, { ...filterOf(wanted), ...before, limit });
  });
  book.add('POST /api/calls/csv', async ({ body, session, reply }) => {
    const found = await findAllRecords(parts, session, filterOf(body));
    identity.audit(session.account.accountId, 'callsExported', String(found.length), 'done', {});
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="calls.csv"')
      .send(renderCsv(found, parts.settings.zone));
  });
  book.add('GET /api/calls/:callId', async ({ params, session }) => {
    const history = await records.findCall(params.callId);
    if (history === undefined || !isInScope(callerScopeOf(session.account), history.call.department))
      throw panelErrors.PANEL_NOT_FOUND({ what: 'call', id: params.callId });
    return history;
  });
  addOrders(book, parts);
}
