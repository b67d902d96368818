/** Steps of the transaction machines as short text, so that a whole matrix can be read at a glance. */
import type {
  Step,
  TransactionEffect,
} from '../../../../../appliance/sip-engine/transaction/transaction-step.js';

function effectText(effect: TransactionEffect): string {
  switch (effect.kind) {
    case 'send':
      return `send ${effect.what}`;
    case 'startTimer':
      return `${effect.timer}=${String(effect.delayMs)}`;
    case 'stopTimer':
      return `-${effect.timer}`;
    case 'deliver':
      return `tell ${effect.what}`;
    case 'refuse':
      return `refuse ${effect.why}`;
    case 'terminate':
      return 'end';
  }
}

export function effectsText(effects: readonly TransactionEffect[]): string {
  return effects.map(effectText).join(', ');
}

/** `Next: effects`; `.` when nothing changes and nothing is done. */
export function stepText<State extends { readonly name: string }>(before: State, step: Step<State>): string {
  const effects = effectsText(step.effects);
  const isSame = JSON.stringify(before) === JSON.stringify(step.state);
  if (isSame && effects === '') return '.';
  const changed = Object.entries<string | number | boolean>({ ...step.state })
    .filter(([field, value]) => field !== 'name' && value !== before[field as keyof State])
    .map(([field, value]) => `${field}=${String(value)}`);
  return [[step.state.name, ...changed].join(' '), effects].join(': ');
}

/** Every state with every event. */
export function matrixText<State extends { readonly name: string }, Event>(
  states: Readonly<Record<string, State>>,
  events: Readonly<Record<string, Event>>,
  next: (state: State, event: Event) => Step<State>,
): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(states).map(([stateName, state]) => [
      stateName,
      Object.fromEntries(
        Object.entries(events).map(([eventName, event]) => [eventName, stepText(state, next(state, event))]),
      ),
    ]),
  );
}

/** The same, without the pairs in which nothing happens; what is not listed is a `.` and nothing else. */
export function withoutIdle(
  matrix: Record<string, Record<string, string>>,
): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(matrix).map(([state, row]) => [
      state,
      Object.fromEntries(Object.entries(row).filter(([, text]) => text !== '.')),
    ]),
  );
}
