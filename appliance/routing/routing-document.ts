/**
 * What a hospital decides about its calls, as data: versioned, tried on past calls before it counts, and taken back.
 * Its checks are in firmware-config; whatever comes here names only departments that exist.
 */

/** `08:00` to `17:30`; until midnight is `24:00`. Over midnight it takes two of them. */
export interface OpenHours {
  readonly from: string;
  readonly to: string;
}

export interface BusinessHours {
  /** Days by ISO 8601: 1 is Monday. */
  readonly weekly: readonly (OpenHours & { readonly days: readonly number[] })[];
  /** Holidays and days worked in exchange, by date; no hours: closed all day. */
  readonly exceptions: readonly { readonly date: string; readonly hours: readonly OpenHours[] }[];
}

export interface Department {
  readonly id: string;
  readonly names: { readonly zh: string; readonly en: string };
  /** Undefined: day and night. */
  readonly hours?: BusinessHours;
  /** Where callers go when it is closed; undefined: they hear so. */
  readonly closedTo?: string;
}

/** What a rule makes of a call. */
export interface Target {
  readonly departmentId: string;
  /** 0 is ordinary, larger goes first. */
  readonly priority: number;
  readonly skills: readonly string[];
}

export interface NumberRule extends Target {
  readonly id: string;
  /** In normalised form; `400123*` is every number that begins so. */
  readonly number: string;
  /** A number for emergencies: no department is asked whether it is open. */
  readonly isEmergency: boolean;
}

export interface CallerRule {
  readonly id: string;
  /** As in NumberRule. */
  readonly number: string;
  /** Added to what the dialled number gives: a patient after surgery, an ambulance. */
  readonly priority: number;
  readonly departmentId?: string;
}

export type TriggerAction =
  { readonly kind: 'emergency' } | ({ readonly kind: 'department' } & Target) | { readonly kind: 'callback' };

export interface KeyRule {
  readonly id: string;
  readonly key: string;
  /** Undefined: in every queue. */
  readonly departmentId?: string;
  readonly action: TriggerAction;
}

export interface WordRule {
  readonly id: string;
  /** Chinese is found anywhere in a text, other languages as whole words. */
  readonly words: readonly string[];
  readonly action: TriggerAction;
  /** Of a recogniser, 0 to 1: what is less certain is only noted. */
  readonly confidenceMin: number;
}

export interface OutboundRule {
  readonly id: string;
  /** As in NumberRule. */
  readonly number: string;
  /** In the order in which they are tried. */
  readonly trunkIds: readonly string[];
}

export interface NumberPlan {
  /** `86` */
  readonly countryCode: string;
  /** `10`, without the national prefix. */
  readonly areaCode: string;
  /** `0` */
  readonly nationalPrefix: string;
  /** `00` */
  readonly internationalPrefix: string;
  /** Numbers of at most so many digits are the house's own, or short codes; they stay as they are. */
  readonly shortDigitsMax: number;
}

export interface RoutingDocument {
  readonly numberPlan: NumberPlan;
  readonly departments: readonly Department[];
  readonly numbers: readonly NumberRule[];
  readonly callers: readonly CallerRule[];
  readonly keys: readonly KeyRule[];
  readonly words: readonly WordRule[];
  readonly outbound: readonly OutboundRule[];
  /** Where a number leads that no rule knows; undefined: it is refused with 404. */
  readonly otherwise?: Target;
}

/** Why something was decided: a rule's id, and a text key with its values for panel and log. */
export interface Reason {
  readonly key: string;
  readonly ruleId: string | undefined;
  readonly values: Readonly<Record<string, string>>;
}
