/**
 * What no schema can say of a telephony document: names that stand twice, and whether it fits the routing and the site
 * that it is used with. Knows nothing of how documents are checked against a schema, because that costs half a second
 * of a core. Pure.
 */
import { checkTwice, isOnCircle } from './check-lists.js';
import { TELEPHONY_DEFAULTS } from './defaults/telephony-defaults.js';
import type { Problem } from './problems.js';
import type { Routing } from './schema/routing.js';
import type { Telephony, TelephonyTrunk } from './schema/telephony.js';
import type { Site } from './site-nodes.js';
import { findPinHashProblem } from './telephony-secrets.js';

/** What a telephony document is checked against: both as they were parsed. */
export interface TelephonyContext {
  readonly routing: Routing;
  readonly site: Site;
}

const at = (list: string, index: number, field: string): string => `${list}[${String(index)}].${field}`;

const OWN_NAME = 'Give each its own.';

function checkUnique({ seats, callTakers, trunks, queues, ...more }: Telephony): Problem[] {
  const twice = <T>(list: string, field: keyof T & string, all: readonly T[], fix = OWN_NAME): Problem[] =>
    checkTwice(
      list,
      field,
      all.map((one) => one[field] as string | undefined),
      fix,
    );
  return [
    ...twice('seats', 'id', seats),
    ...twice('seats', 'extension', seats),
    ...twice('seats', 'user', seats, 'Give each phone a user of its own: the user says which seat it is.'),
    ...twice('callTakers', 'id', callTakers),
    ...twice('queues', 'departmentId', queues, 'Remove one of the two.'),
    ...twice('trunks', 'id', trunks),
    ...twice('notReadyReasons', 'code', more.notReadyReasons),
    ...twice('dispositions', 'code', more.dispositions),
  ];
}

/** Two codes that are the same: the second would never be understood. */
function checkFeatureCodes({ featureCodes }: Telephony): Problem[] {
  const known = new Map<string, string>();
  // In the order of the defaults, so that which of two is named does not depend on the input's order.
  const kinds = Object.keys(TELEPHONY_DEFAULTS.featureCodes) as (keyof Telephony['featureCodes'])[];
  return kinds.flatMap((kind) => {
    const code = featureCodes[kind];
    const first = known.get(code);
    known.set(code, first ?? kind);
    if (first === undefined) return [];
    const problem = `${code} is the code of "${first}" already`;
    return [{ path: `featureCodes.${kind}`, problem, fix: OWN_NAME }];
  });
}

interface Reference {
  readonly path: string;
  readonly id: string | undefined;
}

/** Each place where a department is named. */
function* departmentReferences(telephony: Telephony): Generator<Reference> {
  for (const list of ['seats', 'callTakers'] as const) {
    for (const [index, { departments }] of telephony[list].entries()) {
      for (const [place, id] of departments.entries())
        yield { path: at(list, index, `departments[${String(place)}]`), id };
    }
  }
  for (const [index, queue] of telephony.queues.entries()) {
    yield { path: at('queues', index, 'departmentId'), id: queue.departmentId };
    yield { path: at('queues', index, 'overflowTo'), id: queue.overflowTo };
  }
}

/** Each place where a trunk is named, in the routing document as well. */
function* trunkReferences({ trunks, emergencyOutside }: Telephony, routing: Routing): Generator<Reference> {
  for (const [index, { backupFor }] of trunks.entries())
    yield { path: at('trunks', index, 'backupFor'), id: backupFor };
  for (const [index, id] of emergencyOutside.trunkIds.entries())
    yield { path: `emergencyOutside.trunkIds[${String(index)}]`, id };
  for (const [index, { trunkIds }] of routing.outbound.entries()) {
    for (const [place, id] of trunkIds.entries())
      yield { path: `routing.${at('outbound', index, `trunkIds[${String(place)}]`)}`, id };
  }
}

function checkReferences(telephony: Telephony, { routing, site }: TelephonyContext): Problem[] {
  const missing = (
    what: string,
    references: Iterable<Reference>,
    known: readonly string[],
    fix: string,
  ): Problem[] =>
    [...references].flatMap(({ path, id }) =>
      id === undefined || known.includes(id) ? [] : [{ path, problem: `there is no ${what} "${id}"`, fix }],
    );
  const idsOf = (all: readonly { readonly id: string }[]): string[] => all.map(({ id }) => id);
  const nodes = idsOf(site.nodes.filter(({ role }) => role === 'full'));
  const dispatching = telephony.seats.map(({ dispatchNode }, index) => ({
    path: at('seats', index, 'dispatchNode'),
    id: dispatchNode,
  }));
  return [
    ...missing(
      'department',
      departmentReferences(telephony),
      idsOf(routing.departments),
      'Add it to the routing document or name another.',
    ),
    ...missing(
      'trunk',
      trunkReferences(telephony, routing),
      idsOf(telephony.trunks),
      'Add it to "trunks" or name another.',
    ),
    ...missing('full node', dispatching, nodes, `Name one of ${nodes.join(', ')}, or leave it out.`),
  ];
}

/** What leads back to itself leaves a caller nowhere. */
function checkCircles({ queues, trunks }: Telephony): Problem[] {
  const overflows = new Map(queues.map(({ departmentId, overflowTo }) => [departmentId, overflowTo]));
  const backups = new Map(trunks.map(({ id, backupFor }) => [id, backupFor]));
  const circular = (list: string, field: string, ids: readonly string[], next: typeof overflows): Problem[] =>
    ids.flatMap((id, index) => {
      if (!isOnCircle(id, next)) return [];
      const problem = 'leads back to where it begins';
      return [{ path: at(list, index, field), problem, fix: `Let one on the way have no "${field}".` }];
    });
  return [
    ...circular('queues', 'overflowTo', [...overflows.keys()], overflows),
    ...circular('trunks', 'backupFor', [...backups.keys()], backups),
  ];
}

const HASH_OF = { 'SHA-256': 'sha256', MD5: 'md5' } as const;

/** A phone that is offered nothing for which there is a hash never registers. */
function checkHashes({ seats, digestAlgorithms }: Telephony): Problem[] {
  const needed = digestAlgorithms.map((algorithm) => HASH_OF[algorithm]);
  return seats.flatMap(({ ha1 }, index) => {
    if (needed.some((name) => ha1[name] !== undefined)) return [];
    const problem = `phones are offered ${digestAlgorithms.join(' and ')}, and there is no "${needed.join('" or "')}"`;
    const fix = `Add it, or change "digestAlgorithms".`;
    return [{ path: at('seats', index, 'ha1'), problem, fix }];
  });
}

/** A phone whose number means something else can be called by nobody, or keeps callers from an emergency number. */
function checkExtensions({ seats }: Telephony, { numbers, numberPlan }: Routing): Problem[] {
  const { shortDigitsMax } = numberPlan;
  const dialled = new Map(numbers.map(({ number, id }) => [number, id]));
  return seats.flatMap(({ extension }, index) => {
    const path = at('seats', index, 'extension');
    const rule = dialled.get(extension);
    const short = `Give at most ${String(shortDigitsMax)} digits, or raise numberPlan.shortDigitsMax.`;
    return [
      ...(rule === undefined
        ? []
        : [
            {
              path,
              problem: `${extension} is the number of the rule "${rule}"`,
              fix: 'Give another number.',
            },
          ]),
      ...(extension.length <= shortDigitsMax
        ? []
        : [{ path, problem: 'it is too long for a number of the house', fix: short }]),
    ];
  });
}

/** An emergency that no seat may take would always end on the outside line. */
function checkEmergencies({ seats }: Telephony, { numbers }: Routing): Problem[] {
  return numbers.flatMap(({ id, departmentId, isEmergency }) => {
    const isTaken = seats.some(
      ({ takesEmergencies, departments }) => takesEmergencies && departments.includes(departmentId),
    );
    if (!isEmergency || isTaken) return [];
    const problem = `no seat takes emergencies of "${departmentId}", where the number "${id}" leads`;
    const fix = `Give a seat "takesEmergencies": true and "${departmentId}" among its departments.`;
    return [{ path: 'seats', problem, fix }];
  });
}

function checkTrunk(trunk: TelephonyTrunk, index: number): Problem[] {
  if (trunk.kind === 'static') return [];
  return (['user', 'passwordFile'] as const).flatMap((field) =>
    trunk[field] === undefined
      ? [
          {
            path: at('trunks', index, field),
            problem: 'a trunk that registers needs it',
            fix: 'Give it, or write "kind": "static".',
          },
        ]
      : [],
  );
}

function checkPinHashes({ callTakers }: Telephony): Problem[] {
  return callTakers.flatMap(({ pinHash }, index) => {
    const problem = findPinHashProblem(pinHash);
    const fix = 'Make it again with N 16384, r 8, p 1.';
    return problem === undefined ? [] : [{ path: at('callTakers', index, 'pinHash'), problem, fix }];
  });
}

/** Pairs of times of which the second must be the longer one, or it never comes to what it says. */
function checkTimes({ dispatch, pinRules, queues }: Telephony): Problem[] {
  const notBelow = (path: string, value: number | undefined, name: string, least: number): Problem[] =>
    value === undefined || value >= least
      ? []
      : [{ path, problem: `is less than ${name}`, fix: `Give ${String(least)} or more.` }];
  return [
    ...notBelow(
      'dispatch.emergencyOutsideAfterMs',
      dispatch.emergencyOutsideAfterMs,
      'emergencyRingAllAfterMs',
      dispatch.emergencyRingAllAfterMs,
    ),
    ...notBelow('pinRules.lockMsMax', pinRules.lockMsMax, 'lockMs', pinRules.lockMs),
    ...queues.flatMap(({ ringMs, maxWaitMs, callbackAfterMs }, index) => [
      ...notBelow(at('queues', index, 'maxWaitMs'), maxWaitMs, 'ringMs', ringMs),
      ...notBelow(at('queues', index, 'maxWaitMs'), maxWaitMs, 'callbackAfterMs', callbackAfterMs ?? 0),
    ]),
  ];
}

/** @param telephony as the schema wants it, complete. @returns everything wrong, empty when all is well */
export function checkTelephony(telephony: Telephony, context: TelephonyContext): readonly Problem[] {
  return [
    ...checkUnique(telephony),
    ...checkFeatureCodes(telephony),
    ...checkReferences(telephony, context),
    ...checkCircles(telephony),
    ...checkExtensions(telephony, context.routing),
    ...checkEmergencies(telephony, context.routing),
    ...telephony.trunks.flatMap(checkTrunk),
    ...checkHashes(telephony),
    ...checkPinHashes(telephony),
    ...checkTimes(telephony),
  ];
}
