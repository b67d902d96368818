/**
 * What a call-taker dials to say something to the call centre: `*11*4711*1234#`. Pure; the codes are configuration,
 * because a house may have them already for something else.
 */

export type FeatureCommand =
  | { readonly kind: 'login'; readonly callTakerId: string; readonly pin: string }
  | { readonly kind: 'logout' }
  | { readonly kind: 'ready' }
  /** The reason as its number in the house's list; empty when none was dialled. */
  | { readonly kind: 'notReady'; readonly reason: string }
  | { readonly kind: 'disposition'; readonly code: string }
  | { readonly kind: 'emergency' };

export type FeatureCodes = Readonly<Record<FeatureCommand['kind'], string>>;

export const DEFAULT_FEATURE_CODES: FeatureCodes = {
  login: '*11',
  logout: '*12',
  ready: '*13',
  notReady: '*14',
  disposition: '*15',
  emergency: '*99',
};

/** More is no code that anybody dials. */
const CHARACTERS_MAX = 40;

/** @returns the parts behind the code; undefined when it is not this one */
function partsOf(dialled: string, code: string): readonly string[] | undefined {
  if (!dialled.startsWith(code)) return undefined;
  const rest = dialled.slice(code.length).replace(/#$/, '');
  if (rest === '') return [];
  return rest.startsWith('*') ? rest.slice(1).split('*') : undefined;
}

function isDigits(text: string): boolean {
  return /^\d{1,16}$/.test(text);
}

/** How many numbers may follow each code, at least and at most. */
const NUMBERS: Readonly<Record<FeatureCommand['kind'], readonly [least: number, most: number]>> = {
  login: [2, 2],
  logout: [0, 0],
  ready: [0, 0],
  notReady: [0, 1],
  disposition: [1, 1],
  emergency: [0, 0],
};

function build(kind: FeatureCommand['kind'], parts: readonly string[]): FeatureCommand | undefined {
  const [least, most] = NUMBERS[kind];
  if (parts.length < least || parts.length > most || !parts.every(isDigits)) return undefined;
  const [first = '', pin = ''] = parts;
  if (kind === 'login') return { kind, callTakerId: first, pin };
  if (kind === 'notReady') return { kind, reason: first };
  return kind === 'disposition' ? { kind, code: first } : { kind };
}

/** @returns undefined for anything that is no code of the house, or one without what it needs */
export function findFeatureCommand(dialled: string, codes: FeatureCodes): FeatureCommand | undefined {
  if (dialled.length > CHARACTERS_MAX) return undefined;
  for (const [kind, code] of Object.entries(codes) as [FeatureCommand['kind'], string][]) {
    const parts = partsOf(dialled, code);
    const command = parts === undefined ? undefined : build(kind, parts);
    if (command !== undefined) return command;
  }
  return undefined;
}
