/** One node as its own panel sees it, and how the panels tell each other. */
import type { ApprovalRecord, Revocation } from '../../cluster/store/identity-port.js';
import type { NodeStatus } from '../status-source.js';

/** The answers of call control's admin socket; what is not understood is left out by whoever shows it. */
export interface ControlParty {
  readonly kind: 'trunk' | 'seat';
  readonly trunkId?: string;
  readonly number?: string;
  readonly seatId?: string;
}

export interface ControlCall {
  readonly callId: string;
  readonly name: string;
  readonly direction: string;
  readonly dialled: string;
  readonly place?: {
    readonly departmentId: string;
    readonly priority: number;
    readonly arrivedWallMs: number;
    readonly trigger?: string;
  };
  readonly openedWallMs: number;
  readonly caller: ControlParty;
  readonly other?: ControlParty;
}

export interface ControlSeat {
  readonly seatId: string;
  readonly extension: string;
  readonly callTakerId?: string;
  readonly state: string;
  readonly reason?: string;
  readonly departmentIds: readonly string[];
  readonly takesEmergencies: boolean;
  readonly isReachable: boolean;
}

export interface ControlEntry {
  readonly callId: string;
  readonly departmentId: string;
  readonly priority: number;
  readonly arrivedWallMs: number;
  readonly emergency?: {
    readonly sinceWallMs: number;
    readonly trigger: string;
    readonly isOutsideRung: boolean;
  };
  readonly offer?: { readonly seatIds: readonly string[]; readonly sinceWallMs: number };
  readonly mediaNode?: string;
  /** Nobody is on the line: he is called back. */
  readonly callback?: { readonly number: string };
}

/** Of a service address that is here, at a carrier that wants it (appliance/trunk-registrar.ts). */
export interface ControlRegistration {
  readonly home: string;
  readonly isRegistered: boolean;
  /** 0: not tried yet; 408: no answer. */
  readonly lastStatus: number;
  readonly sinceWallMs: number;
}

export interface ControlTrunk {
  readonly trunkId: string;
  readonly registrations?: readonly ControlRegistration[];
  readonly isUp?: boolean;
  readonly lastStatus?: number;
  readonly sinceWallMs: number;
}

/** A call over a trunk to an emergency number of the house (appliance/test-calls.ts). */
export interface ControlTest {
  readonly number: string;
  readonly trunkId: string;
  readonly outcome?: string;
  /** SIP status that ended it. */
  readonly status?: number;
  readonly returnedMs?: number;
  readonly atWallMs?: number;
  readonly failuresInARow: number;
}

export interface ControlStatus {
  readonly calls: number;
  readonly opened: number;
  readonly waiting: number;
  readonly seatsReady: number;
  readonly isMediaReachable: boolean;
  readonly isDraining?: boolean;
  /** Null: a node alone. */
  readonly partner?: { readonly isLinked: boolean; readonly sinceWallMs: number } | null;
  readonly tests?: readonly ControlTest[];
  readonly routing?: { readonly version: number; readonly refused: number | null };
  readonly records?: {
    readonly backlog?: {
      readonly entries: number;
      readonly oldestAgeMs: number;
      readonly isStoreReachable: boolean;
    };
  };
}

export interface ControlSnapshot {
  readonly status: ControlStatus;
  readonly calls: readonly ControlCall[];
  readonly seats: readonly ControlSeat[];
  readonly trunks: readonly ControlTrunk[];
  readonly queue: readonly ControlEntry[];
}

export interface NodeSnapshot {
  readonly nodeId: string;
  readonly atWallMs: number;
  readonly report: NodeStatus;
  /** Null: call control of the node does not answer. */
  readonly control: ControlSnapshot | null;
  /** What the panel of the node has decided; the store may not have it. */
  readonly approvals: readonly ApprovalRecord[];
  readonly revocations: readonly Revocation[];
}
