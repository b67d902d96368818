/** What a machine looks like before a node starts on it: read by read-world-facts.ts, judged by decide-world-problems.ts. */

/** A socket that somebody listens on. */
export interface HeldPort {
  readonly protocol: 'tcp' | 'udp';
  /** `*` for every address. */
  readonly address: string;
  readonly port: number;
  /** Name of the program; empty when it could not be found out. */
  readonly program: string;
  readonly pid?: number;
  /** The systemd unit that the process belongs to. */
  readonly unit?: string;
}

/** Who answers an ARP request for an address. */
export interface ArpAnswer {
  readonly address: string;
  /** Of the network card, in lower case. */
  readonly mac: string;
}

export interface FolderFacts {
  /** Of the file system it is or would be on. */
  readonly fileSystem: 'tmpfs' | 'other';
  readonly freeBytes: number;
  /** Why nothing can be written there, as the system says it. */
  readonly writeProblem?: string;
}

export interface WorldFacts {
  /** IPv4 addresses of each network interface that exists. */
  readonly interfaces: ReadonlyMap<string, readonly string[]>;
  /** Answers for the service addresses and the partner's own address; this machine's own are not among them. */
  readonly arpAnswers: readonly ArpAnswer[];
  /** Why nobody could be asked by ARP. */
  readonly arpProblem?: string;
  readonly heldPorts: readonly HeldPort[];
  readonly dataFolder: FolderFacts;
  readonly runFolder: FolderFacts;
  readonly wallMs: number;
  /** When this program was built: no correct clock shows less. */
  readonly builtAtMs: number;
  /** The partner's clock minus ours, when the partner could be asked. */
  readonly partnerClockOffsetMs?: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  /** How many files a single process may be allowed to open at most (fs.nr_open). */
  readonly openFilesMax: number;
}
