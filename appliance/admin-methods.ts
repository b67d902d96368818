/** Orders and questions of this machine: the panel, drills, the laboratory, and recognisers of speech or text. */
import type { RpcMethods, RpcParams } from '../cluster/base/local-rpc.js';
import type { LiveFactsPort } from '../cluster/live-state/live-facts-port.js';
import type { Telephony } from '../firmware-config/schema/telephony.js';
import { applianceErrors } from './errors.js';
import type { CallControl } from './call-control.js';
import type { OpenedRecords } from './open-records.js';
import type { RtpengineMedia } from './media/rtpengine-media.js';
import type { TriggerInput } from './routing/decide-trigger.js';
import type { RoutingDocument } from './routing/routing-document.js';
import type { RoutingBook } from './routing-book.js';

export interface AdminParts {
  readonly control: CallControl;
  readonly media: Pick<RtpengineMedia, 'isHung' | 'isReachable'>;
  readonly store: Pick<OpenedRecords, 'status'>;
  readonly facts: Pick<LiveFactsPort, 'status'>;
  readonly telephony: Telephony;
  readonly routing: RoutingBook;
}

function textOf(params: RpcParams, field: string): string {
  const value = params[field];
  if (typeof value !== 'string' || value === '' || value.length > 2000)
    throw applianceErrors.CALLS_BAD_ORDER({
      ...{ field, problem: 'it is no text', fix: 'Give a text of 1 to 2000 characters.' },
    });
  return value;
}

function confidenceOf({ confidence = 1 }: RpcParams): number {
  if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1))
    throw applianceErrors.CALLS_BAD_ORDER({
      ...{ field: 'confidence', problem: 'it is no number from 0 to 1', fix: 'Give 1 for a person.' },
    });
  return confidence;
}

/** {call, key} of whoever hears keys, or {call, text, source, confidence} of a person or recogniser. */
function triggerOf(params: RpcParams, departmentId: string): TriggerInput {
  if (params['key'] !== undefined) return { kind: 'key', key: textOf(params, 'key'), departmentId };
  const [text, source] = [textOf(params, 'text'), textOf(params, 'source')];
  return { kind: 'text', text, source, confidence: confidenceOf(params) };
}

/** Names for the ids of everything else, and nothing that is a secret: no hash of a password or PIN. */
function directoryOf(telephony: Telephony, routing: RoutingDocument): object {
  const { seats, callTakers, trunks, notReadyReasons, dispositions } = telephony;
  return {
    departments: routing.departments.map(({ id, names }) => ({ id, names })),
    seats: seats.map(({ id, extension, departments, skills, takesEmergencies }) => ({
      ...{ id, extension, departments, skills, takesEmergencies },
    })),
    callTakers: callTakers.map(({ id, name, departments, skills, language }) => ({
      ...{ id, name, departments, skills, language },
    })),
    trunks: trunks.map(({ id, kind, host, port, transport, callsMax, callerId, ...trunk }) => ({
      ...{ id, kind, host, port, transport, callsMax, callerId, drWay: trunk.drWay },
      isEmergencyTrunk: trunk.isEmergencyTrunk,
      ...(trunk.backupFor === undefined ? {} : { backupFor: trunk.backupFor }),
    })),
    ...{ reasons: notReadyReasons, dispositions },
  };
}

function versionOf({ version }: RpcParams): number {
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    throw applianceErrors.CALLS_BAD_ORDER({
      ...{ field: 'version', problem: 'it is no number from 1', fix: 'Give the number of a version.' },
    });
  return version;
}

function routingMethods(book: RoutingBook): RpcMethods {
  return {
    routing: () => book.status(),
    routingVersions: () => book.versions(),
    proposeRouting: (params) => book.propose(params['document'], textOf(params, 'by')),
    dryRunRouting: (params) => book.dryRun(versionOf(params)),
    activateRouting: (params) => book.activate(versionOf(params), textOf(params, 'by')),
    rollBackRouting: (params) => book.rollBack(textOf(params, 'by')),
  };
}

export function adminMethods({ control, media, store, facts, telephony, routing }: AdminParts): RpcMethods {
  const callOf = (params: RpcParams) => {
    const callId = textOf(params, 'call');
    const call = control.calls.find((one) => one.callId === callId);
    if (call === undefined) throw applianceErrors.CALLS_NO_SUCH_CALL({ callId });
    return call;
  };
  return {
    status: () => ({
      calls: control.calls.length,
      opened: control.opened,
      waiting: Object.keys(control.queue.entries).length,
      seatsReady: control.seats.list().filter(({ state, isReachable }) => state === 'ready' && isReachable)
        .length,
      isMediaReachable: media.isReachable && !media.isHung,
      isDraining: control.isDraining,
      isOverloaded: control.load.isOverloaded,
      partner: control.hasPartner ? control.partner.status : null,
      tests: control.tests.list(),
      routing: { version: routing.status().version, refused: routing.status().refused?.version ?? null },
      records: store.status(),
      liveState: facts.status(),
    }),
    calls: () =>
      control.calls.map(({ callId, name, direction, caller, other, place, openedWallMs, dialled }) => ({
        ...{ callId, name, direction, dialled, place, openedWallMs },
        ...{ caller: caller.party, other: other?.party },
      })),
    seats: () => control.seats.list(),
    trunks: () => {
      const registrations = control.registrar.list();
      return control.trunks.list().map((trunk) => ({
        ...trunk,
        registrations: registrations.filter(({ trunkId }) => trunkId === trunk.trunkId),
      }));
    },
    queue: () => Object.values(control.queue.entries),
    directory: () => directoryOf(telephony, control.routing),
    trigger: (params) => {
      const call = callOf(params);
      return control.triggers.trigger(call.callId, triggerOf(params, call.place?.departmentId ?? ''));
    },
    ...routingMethods(routing),
    drain: ({ isDraining }) => {
      if (typeof isDraining !== 'boolean')
        throw applianceErrors.CALLS_BAD_ORDER({
          ...{ field: 'isDraining', problem: 'it is neither true nor false', fix: 'Give one of the two.' },
        });
      control.drain(isDraining);
      return { isDraining, calls: control.calls.length };
    },
    testCalls: () => ({ isOn: telephony.testCallsEverySeconds > 0, tests: control.tests.list() }),
    runTestCall: (params) => control.tests.run(textOf(params, 'number'), textOf(params, 'trunk')),
    undoEmergency: (params) => ({ isUndone: control.triggers.undo(callOf(params).callId) }),
  };
}
