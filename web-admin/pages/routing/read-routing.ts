/** What call control says of its rules, as far as the page shows it. Pure. */

export interface RoutingVersion {
  readonly version: number;
  readonly isActive: boolean;
  readonly createdBy: string;
  readonly createdWallMs: number | null;
  readonly activatedBy: string | null;
  readonly activatedWallMs: number | null;
}

export interface DryRun {
  readonly calls: number;
  readonly same: number;
  readonly moves: readonly { readonly from: string; readonly to: string; readonly calls: number }[];
  readonly emergenciesLost: number;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

export function readVersions(answer: unknown): readonly RoutingVersion[] {
  return listOf(fieldsOf(answer)['versions']).map((one) => ({
    version: numberOf(one['version']),
    isActive: one['isActive'] === true,
    createdBy: textOf(one['createdBy']),
    createdWallMs: numberOrNull(one['createdWallMs']),
    activatedBy: typeof one['activatedBy'] === 'string' ? one['activatedBy'] : null,
    activatedWallMs: numberOrNull(one['activatedWallMs']),
  }));
}

export function readDryRun(answer: unknown): DryRun {
  const report = fieldsOf(answer);
  const lost = report['emergenciesLost'];
  return {
    calls: numberOf(report['calls']),
    same: numberOf(report['same']),
    moves: listOf(report['moves']).map((one) => ({
      from: textOf(one['from']),
      to: textOf(one['to']),
      calls: numberOf(one['calls']),
    })),
    emergenciesLost: Array.isArray(lost) ? lost.length : 0,
  };
}

/** The document by which the node routes that answered. */
export function readActive(answer: unknown): object | undefined {
  const { document } = fieldsOf(fieldsOf(answer)['status']);
  return typeof document === 'object' && document !== null ? document : undefined;
}

/** @returns the version by which the node routes, and why not by the active one; undefined: it does */
export function readRefusal(
  answer: unknown,
): { readonly version: number; readonly problem: string } | undefined {
  const status = fieldsOf(fieldsOf(answer)['status']);
  const refused = fieldsOf(status['refused']);
  if (typeof refused['problem'] !== 'string') return undefined;
  return { version: numberOf(status['version']), problem: refused['problem'] };
}
