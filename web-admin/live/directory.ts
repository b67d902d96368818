/** What the site has, as call control knows it: names for the ids of everything else. */

export interface Names {
  readonly zh: string;
  readonly en: string;
}

export interface Directory {
  readonly departments: readonly { readonly id: string; readonly names: Names }[];
  readonly seats: readonly {
    readonly id: string;
    readonly extension: string;
    readonly departments: readonly string[];
    readonly skills: readonly string[];
    readonly takesEmergencies: boolean;
  }[];
  readonly callTakers: readonly {
    readonly id: string;
    readonly name: string;
    readonly departments: readonly string[];
    readonly skills: readonly string[];
    readonly language: string;
  }[];
  readonly trunks: readonly {
    readonly id: string;
    readonly kind: string;
    readonly host: string;
    readonly port: number;
    readonly transport: string;
    readonly callsMax: number;
    readonly isEmergencyTrunk: boolean;
    readonly backupFor?: string;
    readonly callerId: string;
    readonly drWay: string;
  }[];
  readonly reasons: readonly { readonly code: string; readonly names: Names }[];
  readonly dispositions: readonly { readonly code: string; readonly names: Names }[];
}
