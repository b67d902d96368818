/**
 * One supervised process of a node, as data. The systemd unit of production and the supervisor of the site in a box
 * are both made from it, so that what is proven in the box is what runs in the rack.
 */

export interface DirectorySpec {
  readonly path: string;
  /** Such as 0o750. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

/**
 * What a process needs beyond what every process may do. Production loosens its sandbox by exactly this, with the
 * reason beside it (render/systemd-sandbox.ts); the box has no sandbox.
 *
 * | need | |
 * |---|---|
 * | nodejs | runs on Node: code made at run time, notification by a program of its own |
 * | interfaces | asks the kernel about network interfaces, or changes them |
 * | packets | sends link-layer or raw packets |
 * | arping | runs arping, which gives up every other right before it begins |
 * | otherProcesses | looks whether processes of other users run |
 * | sharedFiles | writes files that processes of other users read |
 */
export type SandboxNeed = 'nodejs' | 'interfaces' | 'packets' | 'arping' | 'otherProcesses' | 'sharedFiles';

export type Command = readonly [string, ...string[]];

export interface ServiceSpec {
  /** `rqlited`; its unit is wardline-rqlited.service. */
  readonly name: string;
  readonly description: string;
  readonly command: Command;
  /** Run as root before each start, one after the other (ExecStartPre=+). */
  readonly prepare: readonly Command[];
  /** Run as root after each end, also after a crash (ExecStopPost=+). */
  readonly cleanUp: readonly Command[];
  readonly user: string;
  readonly group: string;
  /** In lower case without "CAP_": all that root keeps, or what another user gets (ambient). */
  readonly capabilities: readonly string[];
  readonly needs: readonly SandboxNeed[];
  /** The highest real-time priority that it may ask for; without it, none. */
  readonly realtimePriorityMax?: number;
  /** Who is ended when the node runs out of memory: -1000 (never) to 1000 (first); 0 is what every process has. */
  readonly outOfMemoryScore: number;
  /** `nodeService`: not by the boot, but by the node service when it has checked that it may run. */
  readonly startedBy: 'boot' | 'nodeService';
  readonly environment: Readonly<Record<string, string>>;
  /** `notify`: up after READY=1. `started`: up once the program runs. */
  readonly readiness: 'notify' | 'started';
  readonly watchdogSeconds?: number;
  readonly openFilesMax?: number;
  readonly restartDelayMs: number;
  /** More unasked-for ends than this within the window, and it is given up. */
  readonly restartsMax: number;
  readonly restartsWindowSeconds: number;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  readonly stopTimeoutSeconds: number;
  /** Names of services of the same node that are started before. */
  readonly after: readonly string[];
  /** Made before each start. */
  readonly directories: readonly DirectorySpec[];
  /** Folders the process may write to; everything else is read-only to it. */
  readonly writablePaths: readonly string[];
}
