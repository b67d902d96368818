/**
 * The records of a SIP engine in this node's own Redis, and the partner's read from the local replica (continuity.md,
 * rules 10 to 14). It has the shape of the engine's ContinuityPort, which this folder may not import; the contract
 * suite holds the two together.
 *
 * One hash per service address, a field per record: the takeover reads an address with one command, which no key can
 * slip out of meanwhile, as keys can out of a SCAN. Database 0: in databases 1 and 2 rtpengine would take each write
 * for news of a call.
 *
 * Changes leave in exchanges, one under way at a time: a pipeline of writes, and behind them one WAIT if somebody asks
 * for the partner's acknowledgement. What comes meanwhile makes up the next exchange, so they grow with the load by
 * themselves, and nothing queues up inside the client.
 *
 * Redis reads nothing more from a connection that is blocked in WAIT. It looks at the time-out of a WAIT only ten times
 * a second, so a partner that has stopped holds the writes up by 30 to 130 ms, twice; then nobody waits any more, and
 * probes ask on a connection of their own. A longer time-out would hold writes up longer and acknowledge nothing more
 * in time; a shorter one could end before our own 30 ms.
 *
 * Never: throw at the engine (reading excepted), wait for an ill Redis, keep without bound what it does not take.
 */
import type { Clock, Timer } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { HeldRounds, type HeldOutcome } from './held-rounds.js';
import { nextPairState, type PairEvent, type PairState } from './pair-state.js';
import { RedisConnection, type Client, type RedisAccess } from './redis-connection.js';
import { parseRedisInfo } from './redis-probe.js';
import { UnsentRecords, type RecordChange } from './unsent-records.js';

export interface StoredRecord {
  readonly key: string;
  readonly record: string;
}

export interface RedisContinuityOptions {
  readonly host: string;
  readonly ownPort: number;
  /** The local replica of the partner; absent: this node has no partner. */
  readonly partnerPort?: number;
  /** For both. */
  readonly access?: RedisAccess;
  /** Characters kept for a Redis that is away; default 16 Mi. Beyond, all is dropped and asked for again later. */
  readonly unsentSizeMax?: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ContinuityCounters {
  /** Changes given to the port, and how many of them were not kept because everything will be asked for anyway. */
  readonly changes: number;
  readonly ignored: number;
  readonly exchanges: number;
  /** Rounds of waiting that the partner acknowledged in time, and those it did not. */
  readonly acks: number;
  readonly misses: number;
  /** Calls that did not wait because there is no partner. */
  readonly unasked: number;
  readonly drops: number;
  readonly resets: number;
}

/** A healthy Redis of this machine answers in less than 1 ms; a WAIT may take 130. */
const DEADLINE_MS = 500;
/** A replica with 5000 records of 1 kB answers in 40 ms. */
const READ_DEADLINE_MS = 1_000;
const MISS_MS = 30;
const RESUME_MS = 100;
const PROBE_MS = 250;
/** So that a large exchange blocks Redis, and the end of it the next call, for some milliseconds only. */
const EXCHANGE_SIZE_MAX = 1 << 20;
const UNSENT_SIZE_MAX = 16 << 20;
const PROBE_KEY = 'sip-probe';

function hashOf(addressId: string): string {
  return `sip:${addressId}`;
}

/** One command for neighbours of the same address and kind: their order is the order of the changes. */
function commandsOf(changes: readonly RecordChange[]): readonly string[][] {
  const commands: string[][] = [];
  let last: string[] = [];
  for (const { addressId, key, record } of changes) {
    const head = [record === undefined ? 'HDEL' : 'HSET', hashOf(addressId)] as const;
    if (last[0] !== head[0] || last[1] !== head[1]) {
      last = [...head];
      commands.push(last);
    }
    last.push(...(record === undefined ? [key] : [key, record]));
  }
  return commands;
}

/** @returns how many replicas hold it all; 0 when nobody asked */
async function runExchange(client: Client, changes: readonly RecordChange[], asks: boolean): Promise<number> {
  const writes = commandsOf(changes).map((words) => client.sendCommand(words));
  // Behind the writes: what stands before a WAIT on its connection is what it answers for.
  const [held] = await Promise.all([asks ? client.wait(1, MISS_MS) : 0, ...writes]);
  return held;
}

export class RedisContinuity {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #own: RedisConnection;
  /** To the own Redis, too: a probe blocks its connection for as long as the partner is silent. */
  readonly #probing: RedisConnection;
  readonly #partner: RedisConnection | undefined;
  readonly #unsentSizeMax: number;

  readonly #unsent = new UnsentRecords();
  readonly #rounds: HeldRounds;
  #state: PairState = { name: 'away' };
  /** Changes were dropped: what is stored is right again only after everything has been put again. */
  #isIncomplete = false;
  /** Addresses of which records have been changed here; no other's records are touched by a reset. */
  readonly #addressIds = new Set<string>();

  #runId: string | undefined;
  #clientId: number | undefined;
  #isSending = false;
  #isResuming = false;
  #isProbing = false;
  #isClosed = false;
  #resumeTimer: Timer | undefined;
  #probeTimer: Timer | undefined;

  readonly #resetListeners: (() => void)[] = [];
  readonly #stateListeners: ((state: PairState['name']) => void)[] = [];
  readonly #counters = {
    changes: 0,
    ignored: 0,
    exchanges: 0,
    acks: 0,
    misses: 0,
    unasked: 0,
    drops: 0,
    resets: 0,
  };

  constructor(options: RedisContinuityOptions) {
    const { host, ownPort, partnerPort, access = {}, clock, log } = options;
    this.#clock = clock;
    this.#log = log;
    this.#unsentSizeMax = options.unsentSizeMax ?? UNSENT_SIZE_MAX;
    const common = { host, access, clock, log };
    const own = { ...common, port: ownPort, deadlineMs: DEADLINE_MS };
    this.#own = new RedisConnection({
      ...own,
      onUp: () => {
        // Nothing is known of a Redis that has just been connected to, not even that it is the same one.
        this.#lose();
        void this.#resume();
      },
      onDown: () => {
        this.#lose();
      },
    });
    this.#probing = new RedisConnection(own);
    this.#partner =
      partnerPort === undefined
        ? undefined
        : new RedisConnection({ ...common, port: partnerPort, deadlineMs: READ_DEADLINE_MS });
    this.#rounds = new HeldRounds({
      clock,
      missMs: MISS_MS,
      onAck: () => {
        this.#counters.acks += 1;
        this.#step({ kind: 'acked' });
      },
      onMiss: () => {
        this.#counters.misses += 1;
        this.#step({ kind: 'missed' });
      },
    });
  }

  /** Resolves when all are connected or their deadlines are over: they go on trying. Never fails. */
  async open(): Promise<void> {
    await Promise.all([this.#own.open(), this.#probing.open(), this.#partner?.open()]);
  }

  /** What has not been sent is lost. */
  close(): void {
    this.#isClosed = true;
    this.#step({ kind: 'lost' });
    this.#resumeTimer?.cancel();
    this.#probeTimer?.cancel();
    for (const connection of [this.#own, this.#probing, this.#partner]) connection?.close();
  }

  put(addressId: string, key: string, record: string): void {
    this.#change({ addressId, key, record });
  }

  remove(addressId: string, key: string): void {
    this.#change({ addressId, key, record: undefined });
  }

  whenHeld(deadlineMs: number): Promise<HeldOutcome> {
    if (this.#state.name !== 'paired') {
      this.#counters.unasked += 1;
      return Promise.resolve('alone');
    }
    const held = this.#rounds.join(deadlineMs);
    this.#wake();
    return held;
  }

  /** What the partner wrote; nothing without a partner. @throws LIVE_STATE_AWAY */
  async readPartner(addressId: string): Promise<readonly StoredRecord[]> {
    return this.#partner === undefined ? [] : readRecords(this.#partner, addressId);
  }

  /** What this node wrote, for an engine that has been restarted. @throws LIVE_STATE_AWAY */
  async readOwn(addressId: string): Promise<readonly StoredRecord[]> {
    return readRecords(this.#own, addressId);
  }

  onReset(listener: () => void): void {
    this.#resetListeners.push(listener);
  }

  state(): PairState['name'] {
    return this.#state.name;
  }

  onState(listener: (state: PairState['name']) => void): void {
    this.#stateListeners.push(listener);
  }

  counters(): ContinuityCounters {
    return { ...this.#counters };
  }

  #change(change: RecordChange): void {
    this.#counters.changes += 1;
    if (this.#isIncomplete) {
      this.#counters.ignored += 1;
      return;
    }
    this.#addressIds.add(change.addressId);
    this.#unsent.add(change);
    // While Redis answers, no more can gather than there are records.
    if (this.#state.name === 'away' && this.#unsent.size > this.#unsentSizeMax) this.#drop();
    else this.#wake();
  }

  #drop(): void {
    this.#log.warn(
      { size: this.#unsent.size },
      'live state is away for too long, records are put again later',
    );
    this.#unsent.clear();
    this.#isIncomplete = true;
    this.#counters.drops += 1;
  }

  #wake(): void {
    if (this.#isSending || this.#state.name === 'away') return;
    this.#isSending = true;
    queueMicrotask(() => void this.#sendAll());
  }

  async #sendAll(): Promise<void> {
    try {
      while (this.#state.name !== 'away' && (!this.#unsent.isEmpty || this.#rounds.isWanted)) {
        await this.#exchange();
      }
    } catch (error) {
      this.#lose(error);
    } finally {
      this.#isSending = false;
    }
  }

  /** @throws LIVE_STATE_AWAY; the changes are unsent again then, for some of them may have arrived or not */
  async #exchange(): Promise<void> {
    const changes = this.#unsent.take(EXCHANGE_SIZE_MAX);
    const asks = this.#unsent.isEmpty && this.#rounds.isWanted;
    if (asks) this.#rounds.depart();
    this.#counters.exchanges += 1;
    try {
      const held = await this.#own.ask('take records', (client) => runExchange(client, changes, asks));
      if (asks) this.#rounds.arrive(held > 0);
    } catch (error) {
      this.#unsent.giveBack(changes);
      throw error;
    }
  }

  /** The own Redis has failed: nobody waits for it, and it is asked again until it takes a write. */
  #lose(error?: unknown): void {
    if (this.#isClosed) return;
    if (this.#state.name !== 'away') this.#log.warn({ err: error }, 'live state is away, calls do not wait');
    this.#step({ kind: 'lost' });
    this.#resumeLater();
  }

  #resumeLater(): void {
    if (this.#isClosed) return;
    this.#resumeTimer?.cancel();
    this.#resumeTimer = this.#clock.schedule(RESUME_MS, () => void this.#resume());
  }

  async #resume(): Promise<void> {
    if (this.#isResuming || this.#isClosed || this.#state.name !== 'away') return;
    this.#isResuming = true;
    try {
      const leftovers = await this.#greet();
      this.#step({ kind: 'resumed' });
      if (leftovers !== undefined) this.#startOver(leftovers);
      this.#wake();
    } catch (error) {
      this.#log.debug({ err: error }, 'live state is still away');
      this.#resumeLater();
    } finally {
      this.#isResuming = false;
    }
  }

  /**
   * Makes sure that the own Redis takes writes, and finds out whether it is the one that has what was written.
   * @returns what is stored, when everything has to be put again
   * @throws LIVE_STATE_AWAY
   */
  async #greet(): Promise<readonly RecordChange[] | undefined> {
    const [info, clientId] = await this.#own.ask('take a write', (client) =>
      Promise.all([client.info('server'), client.clientId(), client.set(PROBE_KEY, 'own')]),
    );
    const runId = parseRedisInfo(info).get('run_id');
    const isOther = this.#runId !== undefined && runId !== this.#runId;
    if (!isOther) await this.#endConnectionBefore(clientId);
    const leftovers = isOther || this.#isIncomplete ? await this.#readStored() : undefined;
    this.#runId = runId;
    this.#clientId = clientId;
    return leftovers;
  }

  /** A Redis that hung has still to read what was sent on a connection we gave up, and it would overwrite newer. */
  async #endConnectionBefore(clientId: number): Promise<void> {
    const before = this.#clientId;
    if (before === undefined || before === clientId) return;
    const words = ['CLIENT', 'KILL', 'ID', String(before)];
    await this.#own.ask('end the connection before', (client) => client.sendCommand(words));
  }

  async #readStored(): Promise<readonly RecordChange[]> {
    const perAddress = [...this.#addressIds].map(async (addressId) => {
      const keys = await this.#own.ask('list records', (client) => client.hKeys(hashOf(addressId)));
      return keys.map((key): RecordChange => ({ addressId, key, record: undefined }));
    });
    return (await Promise.all(perAddress)).flat();
  }

  /** What is stored and not put again was removed while nobody could be told: such a call must not come to life. */
  #startOver(stored: readonly RecordChange[]): void {
    this.#log.warn('live state has lost records, all are put again');
    this.#unsent.clear();
    this.#isIncomplete = false;
    this.#counters.resets += 1;
    for (const listener of this.#resetListeners) this.#tell(listener);
    for (const change of stored) {
      if (!this.#unsent.has(change.addressId, change.key)) this.#unsent.add(change);
    }
  }

  #step(event: PairEvent): void {
    const before = this.#state.name;
    this.#state = nextPairState(this.#state, event);
    const { name } = this.#state;
    if (name === before) return;
    if (name !== 'paired') this.#rounds.releaseAll();
    if (name === 'alone') this.#beAlone(before);
    if (name === 'paired') this.#log.info('the partner holds the records');
    for (const listener of this.#stateListeners) {
      this.#tell(() => {
        listener(name);
      });
    }
  }

  #beAlone(before: PairState['name']): void {
    if (before === 'paired')
      this.#log.warn('the partner does not hold the records in time, calls do not wait');
    void this.#probe();
  }

  async #probe(): Promise<void> {
    if (this.#isProbing || this.#partner === undefined || this.#state.name !== 'alone') return;
    this.#isProbing = true;
    const ackMs = await this.#measureAck();
    this.#isProbing = false;
    this.#step({ kind: 'probed', ackMs });
    if (this.state() !== 'alone') return;
    this.#probeTimer?.cancel();
    this.#probeTimer = this.#clock.schedule(PROBE_MS, () => void this.#probe());
  }

  /** @returns undefined when no replica acknowledged */
  async #measureAck(): Promise<number | undefined> {
    const startMs = this.#clock.monotonicMs();
    try {
      const [, held] = await this.#probing.ask('hold a probe', (client) =>
        Promise.all([client.set(PROBE_KEY, 'pair'), client.wait(1, MISS_MS)]),
      );
      return held > 0 ? this.#clock.monotonicMs() - startMs : undefined;
    } catch (error) {
      this.#log.debug({ err: error }, 'the probe was not answered');
      return undefined;
    }
  }

  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#log.error({ err: error }, 'a listener of the live state failed');
    }
  }
}

async function readRecords(connection: RedisConnection, addressId: string): Promise<readonly StoredRecord[]> {
  const fields = await connection.ask('answer for records', (client) => client.hGetAll(hashOf(addressId)));
  return Object.entries(fields).map(([key, record]) => ({ key, record }));
}
