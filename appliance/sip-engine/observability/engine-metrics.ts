/**
 * What the engine counts, in the text format of Prometheus. Names and labels that begin with `drachtio_` mean what
 * they mean in drachtio-server, so that the dashboards of its operators go on; the engine's own are `wardline_sip_`.
 *
 * Events are counted here as they happen; states (dialogs, connections, transactions) are asked for when somebody
 * scrapes. No label takes a value from the network: each has a list that is closed, or a bound.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HeldOutcome } from '../continuity/continuity-port.js';
import type { LagReading } from './loop-lag.js';
import { RequestTally, ResponseTally } from './message-tally.js';

/** Asked at each scrape; a throw fails the scrape. */
export interface EngineReadings {
  readonly stableDialogs: () => Readonly<Record<'uac' | 'uas', number>>;
  /** Applications, authenticated. */
  readonly appConnections: () => number;
  readonly registeredEndpoints: () => number;
  /** As TransactionCounts has it: `inviteServer.Proceeding`. */
  readonly transactionsByState: () => Readonly<Record<string, number>>;
  /** Bytes that wait for applications to read them. */
  readonly controlQueueBytes: () => number;
  /** Since the last scrape: the second of two scrapers sees what the first has left. The histogram serves both. */
  readonly loopLag: () => LagReading;
  readonly isOverloaded: () => boolean;
}

export interface EngineMetricsOptions {
  readonly version: string;
  readonly startedWallMs: number;
  readonly readings: EngineReadings;
}

/** Seconds. A phone rings for minutes, a machine answers at once. */
const ANSWER_BUCKETS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120];
const LAG_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
/** Reasons are names out of the engine; the bound is for the day when one is not. */
const REASONS_MAX = 64;

interface Answered {
  readonly answer: Histogram;
  readonly postDial: Histogram;
}

export class EngineMetrics {
  readonly #registry = new Registry();
  readonly #requestsIn = new RequestTally();
  readonly #requestsOut = new RequestTally();
  readonly #responsesIn = new ResponseTally();
  readonly #responsesOut = new ResponseTally();
  readonly #refused = new Map<string, number>();
  readonly #continuity = { ack: 0, alone: 0 };
  readonly #incoming: Answered;
  readonly #outgoing: Answered;
  readonly #lag: Histogram;

  constructor({ version, startedWallMs, readings }: EngineMetricsOptions) {
    this.#addMessageCounters();
    this.#addOwnCounters();
    this.#addDrachtioGauges(readings);
    this.#addOwnGauges(readings);
    this.#addConstants(version, startedWallMs);
    this.#incoming = this.#addAnswered('in', 'incoming');
    this.#outgoing = this.#addAnswered('out', 'outgoing');
    this.#lag = this.#addHistogram(
      'wardline_sip_loop_lag_seconds',
      'how late a timer of the event loop was, looked at every 100 ms',
      LAG_BUCKETS,
    );
  }

  /** Of the answer to a scrape. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** @throws what a reading throws */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  countRequestIn(method: string): void {
    this.#requestsIn.count(method);
  }

  countRequestOut(method: string): void {
    this.#requestsOut.count(method);
  }

  /** @param method of its CSeq */
  countResponseIn(method: string, status: number): void {
    this.#responsesIn.count(method, status);
  }

  countResponseOut(method: string, status: number): void {
    this.#responsesOut.count(method, status);
  }

  /** @param reason a fixed name (`oversize`, `rate`, `wrong-response`), never text of a message */
  countRefused(reason: string): void {
    const name = this.#refused.has(reason) || this.#refused.size < REASONS_MAX ? reason : 'other';
    this.#refused.set(name, (this.#refused.get(name) ?? 0) + 1);
  }

  /** How a wait for the partner ended. */
  countContinuity(outcome: HeldOutcome): void {
    this.#continuity[outcome] += 1;
  }

  /** From the INVITE to its 200. */
  observeAnswer(direction: 'in' | 'out', seconds: number): void {
    this.#answered(direction).answer.observe(seconds);
  }

  /** From the INVITE to its first response from 180 on. */
  observePostDialDelay(direction: 'in' | 'out', seconds: number): void {
    this.#answered(direction).postDial.observe(seconds);
  }

  observeLoopLag(lagMs: number): void {
    this.#lag.observe(lagMs / 1000);
  }

  #answered(direction: 'in' | 'out'): Answered {
    return direction === 'in' ? this.#incoming : this.#outgoing;
  }

  #addMessageCounters(): void {
    this.#addCounter(
      'drachtio_sip_requests_in_total',
      'count of sip requests received',
      ['method'],
      (add) => {
        this.#requestsIn.forEach(add);
      },
    );
    this.#addCounter('drachtio_sip_requests_out_total', 'count of sip requests sent', ['method'], (add) => {
      this.#requestsOut.forEach(add);
    });
    const labels = ['method', 'code'];
    this.#addCounter('drachtio_sip_responses_in_total', 'count of sip responses received', labels, (add) => {
      this.#responsesIn.forEach(add);
    });
    this.#addCounter('drachtio_sip_responses_out_total', 'count of sip responses sent', labels, (add) => {
      this.#responsesOut.forEach(add);
    });
  }

  #addOwnCounters(): void {
    this.#addCounter('wardline_sip_refused_total', 'messages turned away', ['reason'], (add) => {
      for (const [reason, count] of this.#refused) add({ reason }, count);
    });
    const help = 'waits for the partner to hold the state of a call, by how they ended';
    this.#addCounter('wardline_sip_continuity_waits_total', help, ['outcome'], (add) => {
      for (const [outcome, count] of Object.entries(this.#continuity)) add({ outcome }, count);
    });
  }

  #addDrachtioGauges(readings: EngineReadings): void {
    this.#addGauge('drachtio_stable_dialogs', 'count of SIP dialogs in progress', ['type'], (set) => {
      for (const [type, count] of Object.entries(readings.stableDialogs())) set({ type }, count);
    });
    this.#addGauge('drachtio_app_connections', 'count of connections to applications', [], (set) => {
      set({}, readings.appConnections());
    });
    this.#addGauge('drachtio_registered_endpoints', 'count of registered endpoints', [], (set) => {
      set({}, readings.registeredEndpoints());
    });
  }

  #addOwnGauges(readings: EngineReadings): void {
    const labels = ['machine', 'state'];
    this.#addGauge('wardline_sip_transactions', 'transactions that exist', labels, (set) => {
      for (const [name, count] of Object.entries(readings.transactionsByState())) {
        const [machine = '', state = ''] = name.split('.');
        set({ machine, state }, count);
      }
    });
    const waiting = 'bytes that wait for applications to read them';
    this.#addGauge('wardline_sip_control_queue_bytes', waiting, [], (set) => {
      set({}, readings.controlQueueBytes());
    });
    const lag = 'how late the event loop was since the last scrape';
    this.#addGauge('wardline_sip_loop_lag_recent_seconds', lag, ['stat'], (set) => {
      for (const [stat, ms] of Object.entries(readings.loopLag())) set({ stat }, Number(ms) / 1000);
    });
    this.#addGauge('wardline_sip_overloaded', '1 while new INVITEs are turned away', [], (set) => {
      set({}, readings.isOverloaded() ? 1 : 0);
    });
  }

  #addConstants(version: string, startedWallMs: number): void {
    this.#addCounter('drachtio_build_info', 'version running', ['version'], (add) => {
      add({ version }, 1);
    });
    this.#addGauge('drachtio_time_started', 'start time', [], (set) => {
      set({}, startedWallMs / 1000);
    });
  }

  #addAnswered(direction: 'in' | 'out', word: string): Answered {
    const answer = `time to answer ${word} call`;
    const postDial = `call post-dial delay in seconds, ${word}`;
    return {
      answer: this.#addHistogram(`drachtio_call_answer_seconds_${direction}`, answer, ANSWER_BUCKETS),
      postDial: this.#addHistogram(`drachtio_call_pdd_seconds_${direction}`, postDial, ANSWER_BUCKETS),
    };
  }

  #addHistogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.#registry] });
  }

  #addCounter(name: string, help: string, labelNames: string[], copy: (add: Note) => void): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        copy((labels, count) => {
          counter.inc({ ...labels }, count);
        });
      },
    });
  }

  /** What a state had and has no more must not stand there with its last value. */
  #addGauge(name: string, help: string, labelNames: string[], read: (set: Note) => void): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        read((labels, value) => {
          gauge.set({ ...labels }, value);
        });
      },
    });
  }
}

type Note = (labels: Readonly<Record<string, string>>, value: number) => void;
