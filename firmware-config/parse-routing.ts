/** Reads a routing document: defaults, schema, then everything that no schema can say. Pure. */
import { checkTwice, isOnCircle } from './check-lists.js';
import { checkAgainstSchema } from './check-schema.js';
import { deepFreeze, invalidDocument, type Problem } from './problems.js';
import { RoutingDocumentSchema, type Routing } from './schema/routing.js';

interface Reference {
  readonly path: string;
  readonly departmentId: string | undefined;
}

/** Each place where a department is named. */
function* references(routing: Routing): Generator<Reference> {
  const at = (list: string, index: number, field: string): string => `${list}[${String(index)}].${field}`;
  for (const [index, { closedTo }] of routing.departments.entries())
    yield { path: at('departments', index, 'closedTo'), departmentId: closedTo };
  for (const list of ['numbers', 'callers', 'keys'] as const) {
    for (const [index, { departmentId }] of routing[list].entries())
      yield { path: at(list, index, 'departmentId'), departmentId };
  }
  for (const list of ['keys', 'words'] as const) {
    for (const [index, { action }] of routing[list].entries()) {
      const departmentId = action.kind === 'department' ? action.departmentId : undefined;
      yield { path: at(list, index, 'action.departmentId'), departmentId };
    }
  }
  yield { path: 'otherwise.departmentId', departmentId: routing.otherwise?.departmentId };
}

function checkReferences(routing: Routing): Problem[] {
  const known = new Set(routing.departments.map((department) => department.id));
  return [...references(routing)].flatMap(({ path, departmentId }) => {
    if (departmentId === undefined || known.has(departmentId)) return [];
    const problem = `there is no department "${departmentId}"`;
    return [{ path, problem, fix: 'Add it to "departments" or name another.' }];
  });
}

/** Of two equal numbers the second would never be asked. */
function checkUnique(routing: Routing): Problem[] {
  const lists = ['departments', 'numbers', 'callers', 'keys', 'words', 'outbound'] as const;
  const ids = lists.flatMap((list) =>
    checkTwice(
      list,
      'id',
      routing[list].map((one) => one.id),
      'Give each a name of its own.',
    ),
  );
  const numbers = (['numbers', 'callers', 'outbound'] as const).flatMap((list) =>
    checkTwice(
      list,
      'number',
      routing[list].map((one) => one.number),
      'Remove one of the two: the second would never be asked.',
    ),
  );
  const keys = routing.keys.map(({ key, departmentId }) => `${key} ${departmentId ?? 'everywhere'}`);
  return [...ids, ...numbers, ...checkTwice('keys', 'key', keys, 'Remove one of the two.')];
}

function checkEmergency(routing: Routing): Problem[] {
  if (routing.numbers.some(({ isEmergency }) => isEmergency)) return [];
  const problem = 'none of them is for emergencies';
  return [{ path: 'numbers', problem, fix: 'Mark at least one with "isEmergency": true.' }];
}

function isInOrder(from: string, to: string): boolean {
  return from < to;
}

function checkHours(routing: Routing): Problem[] {
  return routing.departments.flatMap(({ hours }, index) => {
    const at = `departments[${String(index)}].hours`;
    const weekly = (hours?.weekly ?? []).map((one, day) => ({
      ...one,
      path: `${at}.weekly[${String(day)}]`,
    }));
    const days = (hours?.exceptions ?? []).flatMap((day, number) =>
      day.hours.map((one, hour) => ({
        ...one,
        path: `${at}.exceptions[${String(number)}].hours[${String(hour)}]`,
      })),
    );
    return [...weekly, ...days].flatMap(({ from, to, path }) => {
      if (isInOrder(from, to)) return [];
      const fix = 'Over midnight write two: one until 24:00, one from 00:00.';
      return [{ path: `${path}.to`, problem: `${to} is not after ${from}`, fix }];
    });
  });
}

/** A closed department that leads back to itself leaves its callers nowhere. */
function checkCircles(routing: Routing): Problem[] {
  const next = new Map(routing.departments.map(({ id, closedTo }) => [id, closedTo]));
  return routing.departments.flatMap(({ id }, index) => {
    if (!isOnCircle(id, next)) return [];
    const problem = 'leads back to the same department';
    const fix = 'Let one department on the way be open day and night, or leave out its "closedTo".';
    return [{ path: `departments[${String(index)}].closedTo`, problem, fix }];
  });
}

/** @throws CONFIG_INVALID with every problem: path, what is wrong, what to write instead */
export function parseRouting(input: unknown): Routing {
  const { document, problems } = checkAgainstSchema(RoutingDocumentSchema, input);
  if (problems.length > 0) throw invalidDocument('routing', problems);
  const routing = document as Routing;
  const found = [
    ...checkReferences(routing),
    ...checkUnique(routing),
    ...checkEmergency(routing),
    ...checkHours(routing),
    ...checkCircles(routing),
  ];
  if (found.length > 0) throw invalidDocument('routing', found);
  return deepFreeze(routing);
}
