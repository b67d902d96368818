/** Where a seat's phones are reached: its registrations (RFC 3261 10.3, RFC 5626). Pure; facts as JSON. */
import type { RegisterAnswer, RegisterRequest } from './signalling-port.js';

export interface Binding {
  readonly uri: string;
  readonly untilWallMs: number;
  readonly instance: string | undefined;
  readonly regId: number | undefined;
  /** An older REGISTER of the same Call-ID changes nothing (RFC 3261 10.3 step 7). */
  readonly sipCallId: string;
  readonly cseq: number;
  readonly sinceWallMs: number;
}

export interface RegistrarRules {
  readonly expiresSecondsMin: number;
  readonly expiresSecondsMax: number;
  /** Flows of one phone count apart. */
  readonly bindingsMax: number;
}

export const DEFAULT_REGISTRAR_RULES: RegistrarRules = {
  expiresSecondsMin: 60,
  expiresSecondsMax: 120,
  bindingsMax: 8,
};

export interface Registration {
  readonly bindings: readonly Binding[];
  readonly answer: RegisterAnswer;
}

export function liveBindings(bindings: readonly Binding[], nowWallMs: number): readonly Binding[] {
  return bindings.filter(({ untilWallMs }) => untilWallMs > nowWallMs);
}

/** User part and host of a contact: without an instance they tell devices apart. */
function addressOf(uri: string): string {
  return uri.replace(/^sips?:/i, '').split(/[;?]/, 1)[0] ?? '';
}

function isSame(binding: Binding, contact: RegisterRequest['contacts'][number]): boolean {
  if (binding.instance !== undefined && contact.instance !== undefined)
    return binding.instance === contact.instance && binding.regId === contact.regId;
  return addressOf(binding.uri) === addressOf(contact.uri);
}

function isOld(binding: Binding, { sipCallId, cseq }: RegisterRequest): boolean {
  return binding.sipCallId === sipCallId && cseq <= binding.cseq;
}

function answerWith(
  status: number,
  bindings: readonly Binding[],
  nowWallMs: number,
  rest: Partial<RegisterAnswer> = {},
): RegisterAnswer {
  const contacts = bindings.map(({ uri, untilWallMs }) => ({
    uri,
    expiresSeconds: Math.max(1, Math.round((untilWallMs - nowWallMs) / 1000)),
  }));
  return { status, contacts, ...rest };
}

/** @returns what is registered then, and what the phone is told */
export function applyRegister(
  before: readonly Binding[],
  request: RegisterRequest,
  nowWallMs: number,
  rules: RegistrarRules,
): Registration {
  const live = liveBindings(before, nowWallMs);
  if (request.isRemoveAll) return { bindings: [], answer: answerWith(200, [], nowWallMs) };
  const { expiresSecondsMin, expiresSecondsMax, bindingsMax } = rules;
  let bindings = live;
  for (const contact of request.contacts) {
    const asked = contact.expiresSeconds ?? expiresSecondsMax;
    if (asked > 0 && asked < expiresSecondsMin) {
      const answer = answerWith(423, live, nowWallMs, { minExpiresSeconds: expiresSecondsMin });
      return { bindings: live, answer };
    }
    const known = bindings.find((one) => isSame(one, contact));
    // Sent again, or overtaken by a later one: nothing changes, and that is said.
    if (known !== undefined && isOld(known, request)) continue;
    const others = bindings.filter((one) => one !== known);
    const { uri, instance, regId } = contact;
    const { sipCallId, cseq } = request;
    const untilWallMs = nowWallMs + Math.min(asked, expiresSecondsMax) * 1000;
    const sinceWallMs = known?.sinceWallMs ?? nowWallMs;
    const binding = { uri, instance, regId, untilWallMs, sipCallId, cseq, sinceWallMs };
    bindings = asked === 0 ? others : [...others, binding];
  }
  // A phone that forgets what it registered must not lock itself out: the oldest goes.
  bindings = bindings.slice(-bindingsMax);
  return { bindings, answer: answerWith(200, bindings, nowWallMs) };
}

/**
 * Devices ring at the same time, the flows of one device one after another, the newest first. Two contacts of the same
 * instance, or without one of the same user part, are one device.
 * @param registrars what is registered at each node, the one whose flows come first before the other
 */
export function planDevices(
  registrars: readonly (readonly Binding[])[],
  nowWallMs: number,
): readonly (readonly string[])[] {
  const devices = new Map<string, Set<string>>();
  for (const bindings of registrars)
    for (const { instance, uri } of liveBindings(bindings, nowWallMs).toSorted(newestFirst)) {
      const key = instance ?? addressOf(uri).split('@', 1)[0] ?? '';
      devices.set(key, (devices.get(key) ?? new Set()).add(uri));
    }
  return [...devices.values()].map((flows) => [...flows]);
}

function newestFirst(a: Binding, b: Binding): number {
  return b.untilWallMs - a.untilWallMs;
}
