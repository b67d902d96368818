/**
 * One spelling for each telephone number, so that rules and records can compare them: `+861065123456` for a number of
 * the network, digits for a short one of the house. Pure; the cost is linear and bounded.
 */
import type { NumberPlan } from './routing-document.js';

/** E.164 has 15 digits; prefixes come on top. */
const CHARACTERS_MAX = 32;
const SEPARATORS = new Set([' ', '-', '.', '(', ')', '/']);

function digitsOf(text: string): string | undefined {
  let digits = '';
  for (const character of text.slice(0, CHARACTERS_MAX + 1)) {
    if (SEPARATORS.has(character)) continue;
    const isDigit = character >= '0' && character <= '9';
    // Feature codes are numbers, too.
    if (!isDigit && character !== '*' && character !== '#') return undefined;
    digits += character;
  }
  return digits === '' || digits.length > CHARACTERS_MAX ? undefined : digits;
}

/** @param written user part of a URI, or what somebody typed @returns undefined for what is no number */
export function normaliseNumber(written: string, plan: NumberPlan): string | undefined {
  const isInternational = written.startsWith('+');
  const digits = digitsOf(isInternational ? written.slice(1) : written);
  if (digits === undefined) return undefined;
  if (isInternational) return `+${digits}`;
  if (/[*#]/.test(digits) || digits.length <= plan.shortDigitsMax) return digits;
  const { internationalPrefix, nationalPrefix, countryCode, areaCode } = plan;
  if (digits.startsWith(internationalPrefix)) return `+${digits.slice(internationalPrefix.length)}`;
  if (digits.startsWith(nationalPrefix)) return `+${countryCode}${digits.slice(nationalPrefix.length)}`;
  // Mobile numbers of the country are dialled as they are; everything else is of the own area.
  return isMobile(digits, plan) ? `+${countryCode}${digits}` : `+${countryCode}${areaCode}${digits}`;
}

/** China: eleven digits that begin with 1 (工信部 numbering plan). */
function isMobile(digits: string, { countryCode }: NumberPlan): boolean {
  return countryCode === '86' && digits.length === 11 && digits.startsWith('1');
}

/** @param pattern a number, or its beginning with `*` behind it */
export function matchesNumber(pattern: string, number: string): boolean {
  return pattern.endsWith('*') ? number.startsWith(pattern.slice(0, -1)) : number === pattern;
}

/** The rule that says most about the number: the whole number, then the longest beginning; the first of equal ones. */
export function findNumberRule<T extends { readonly number: string }>(
  rules: readonly T[],
  number: string,
): T | undefined {
  let best: T | undefined;
  for (const rule of rules) {
    if (!matchesNumber(rule.number, number)) continue;
    if (best === undefined || specificity(rule.number) > specificity(best.number)) best = rule;
  }
  return best;
}

function specificity(pattern: string): number {
  return pattern.endsWith('*') ? pattern.length - 1 : Infinity;
}
