/**
 * What a key, a word or a person's command does to a call that waits or is being answered. Pure. Everything that comes
 * in is decided on and noted, also what has no effect: only so is it known how often a trigger is right.
 */
import { matchWord, readText } from './match-words.js';
import type { Reason, RoutingDocument, TriggerAction } from './routing-document.js';

export type TriggerInput =
  | { readonly kind: 'key'; readonly key: string; readonly departmentId: string }
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Who says so: a person, or a recogniser with its name. */
      readonly source: string;
      /** 0 to 1; 1 for a person. */
      readonly confidence: number;
    }
  /** A call-taker's hot key. */
  | { readonly kind: 'hotKey' };

export interface TriggerDecision {
  readonly action: TriggerAction | { readonly kind: 'none' };
  readonly reason: Reason;
}

const NONE = { kind: 'none' } as const;

export function decideTrigger(document: RoutingDocument, input: TriggerInput): TriggerDecision {
  switch (input.kind) {
    case 'key':
      return decideKey(document, input.key, input.departmentId);
    case 'text':
      return decideText(document, input);
    case 'hotKey':
      return {
        action: { kind: 'emergency' },
        reason: { key: 'trigger.hotKey', ruleId: undefined, values: {} },
      };
  }
}

/** A rule of the department goes before one of all. */
function decideKey(document: RoutingDocument, key: string, departmentId: string): TriggerDecision {
  const fitting = document.keys.filter((rule) => rule.key === key);
  const rule =
    fitting.find((one) => one.departmentId === departmentId) ??
    fitting.find((one) => one.departmentId === undefined);
  const values = { key };
  if (rule === undefined)
    return { action: NONE, reason: { key: 'trigger.noKey', ruleId: undefined, values } };
  return { action: rule.action, reason: { key: 'trigger.key', ruleId: rule.id, values } };
}

/** An emergency goes before all else, then the order of the table. */
function decideText(
  document: RoutingDocument,
  { text, source, confidence }: Extract<TriggerInput, { kind: 'text' }>,
): TriggerDecision {
  const read = readText(text);
  let weaker: TriggerDecision | undefined;
  const inOrder = [...document.words].sort((a, b) => rank(a.action) - rank(b.action));
  for (const rule of inOrder) {
    for (const word of rule.words) {
      const match = matchWord(word, read);
      if (match === undefined) continue;
      const values = { word, source, confidence: String(confidence) };
      if (match.isDenied)
        weaker ??= { action: NONE, reason: { key: 'trigger.denied', ruleId: rule.id, values } };
      else if (confidence < rule.confidenceMin)
        weaker ??= { action: NONE, reason: { key: 'trigger.uncertain', ruleId: rule.id, values } };
      else return { action: rule.action, reason: { key: 'trigger.word', ruleId: rule.id, values } };
    }
  }
  const nothing = { key: 'trigger.noWord', ruleId: undefined, values: { source } };
  return weaker ?? { action: NONE, reason: nothing };
}

function rank({ kind }: TriggerAction): number {
  return kind === 'emergency' ? 0 : 1;
}
