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
  /** Ambient capabilities, in lower case without "CAP_". */
  readonly capabilities: readonly string[];
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
