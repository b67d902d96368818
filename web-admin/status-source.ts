/**
 * What this node last said of itself. The node service writes a report every second; the panel only reads it, so
 * that a panel can neither slow nor stop what carries calls.
 */

/** A daemon as the supervisor sees it; `state` is shown as it is written. */
export interface DaemonStatus {
  readonly name: string;
  readonly state: string;
  readonly detail?: string;
}

export interface ServiceAddressStatus {
  readonly address: string;
  /** True when this node answers on it now. */
  readonly isHeld: boolean;
}

export interface NodeReport {
  /** What is going on, for people. */
  readonly sentence?: string;
  readonly daemons: readonly DaemonStatus[];
  readonly serviceAddresses: readonly ServiceAddressStatus[];
}

export type NodeStatus =
  /** Written less than REPORT_AGE_MS_MAX ago. */
  | { readonly state: 'fresh'; readonly reportedAtMs: number; readonly report: NodeReport }
  /** Nobody writes any more; what was written is not shown, because nobody knows whether it is still so. */
  | { readonly state: 'stale'; readonly reportedAtMs: number }
  | { readonly state: 'absent' };

export const REPORT_AGE_MS_MAX = 5000;

export interface StatusSourcePort {
  /** Never rejects because of what the report is like: that is `stale` or `absent`. */
  read(): Promise<NodeStatus>;
}

const TEXT_LENGTH_MAX = 200;
const ENTRIES_MAX = 64;

type Fields = Readonly<Record<string, unknown>>;

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_LENGTH_MAX) : undefined;
}

function asList<T>(value: unknown, read: (fields: Fields) => T | undefined): T[] {
  const entries: unknown[] = Array.isArray(value) ? value.slice(0, ENTRIES_MAX) : [];
  return entries.map((entry) => read(asFields(entry))).filter((entry) => entry !== undefined);
}

function parseDaemon(fields: Fields): DaemonStatus | undefined {
  const [name, state, detail] = [asText(fields['name']), asText(fields['state']), asText(fields['detail'])];
  if (name === undefined || state === undefined) return undefined;
  return detail === undefined ? { name, state } : { name, state, detail };
}

function parseServiceAddress(fields: Fields): ServiceAddressStatus | undefined {
  const address = asText(fields['address']);
  return address === undefined ? undefined : { address, isHeld: fields['isHeld'] === true };
}

/**
 * Lenient, because an older panel may read the report of a newer node: what is not understood is left out.
 * @param input the parsed JSON of a report
 */
export function parseNodeReport(input: unknown): NodeReport {
  const fields = asFields(input);
  const sentence = asText(fields['sentence']);
  const lists = {
    daemons: asList(fields['daemons'], parseDaemon),
    serviceAddresses: asList(fields['serviceAddresses'], parseServiceAddress),
  };
  return sentence === undefined ? lists : { sentence, ...lists };
}
