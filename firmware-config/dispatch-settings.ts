/** What the queues are run by, made from the two documents that say it. Pure. */
import { TELEPHONY_DEFAULTS } from './defaults/telephony-defaults.js';
import type { Routing } from './schema/routing.js';
import type { Telephony, TelephonyQueue } from './schema/telephony.js';

/** Has the shape of the appliance's DepartmentSettings: what is not wanted is there as undefined. */
export type QueueSettings = Required<{ [Key in keyof TelephonyQueue]: TelephonyQueue[Key] | undefined }> &
  Pick<TelephonyQueue, 'departmentId' | 'strategy' | 'ringMs' | 'maxWaitMs'>;

/** Has the shape of the appliance's DispatchSettings; a test holds the two together. */
export type DispatchDocument = Telephony['dispatch'] & {
  readonly departments: Readonly<Record<string, QueueSettings>>;
  readonly strandedTo: string;
};

const NOTHING = { overflowTo: undefined, callbackAfterMs: undefined, announceEveryMs: undefined };

/** @returns settings of every department of the routing, also of those that the telephony document does not name */
export function dispatchSettingsOf(telephony: Telephony, routing: Routing): DispatchDocument {
  const departments = routing.departments.map(({ id }): readonly [string, QueueSettings] => {
    const queue = telephony.queues.find(({ departmentId }) => departmentId === id);
    return [id, { ...NOTHING, ...(queue ?? { departmentId: id, ...TELEPHONY_DEFAULTS.queue }) }];
  });
  return {
    ...telephony.dispatch,
    departments: Object.fromEntries(departments),
    strandedTo: mainDepartmentOf(routing),
  };
}

/** Who answers what nobody else does: most likely the switchboard. */
function mainDepartmentOf({ otherwise, numbers, departments }: Routing): string {
  const main = otherwise ?? numbers.find(({ isEmergency }) => !isEmergency) ?? numbers[0];
  return main?.departmentId ?? departments[0]?.id ?? '';
}
