/** A drachtio-srf application as a process of its own, seen from the test: commands in, events out. */
import { fileURLToPath } from 'node:url';
import { notYet, waitFor } from '../wait.js';
import type { EngineProcess } from './engine-process.js';
import { LineProcess, type ProcessUsage } from './line-process.js';
import { parseSipText, type SipText } from './sip-text.js';

export type ApplicationName = 'uas' | 'b2bua' | 'registrar' | 'controllable' | 'holder';

export interface ApplicationOptions {
  readonly tags?: readonly string[];
  readonly methods?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly uri?: string;
  readonly adopt?: boolean;
  readonly namespace?: string;
}

/** One line of its output. */
export interface ApplicationEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A command failed; drachtio-srf's error, with the status when it was a response that said no. */
export class CommandFailed extends Error {
  readonly status: number | undefined;
  readonly code: string | undefined;

  constructor(event: ApplicationEvent) {
    super(String(event['message']));
    this.status = event['status'] as number | undefined;
    this.code = event['code'] as string | undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

export class ApplicationProcess {
  readonly #process: LineProcess;
  readonly #taken = new Set<ApplicationEvent>();
  readonly #events: ApplicationEvent[] = [];
  #linesRead = 0;
  #lastCommand = 0;

  private constructor(process: LineProcess) {
    this.#process = process;
  }

  /** Resolves when the engine has accepted it. */
  static async start(
    name: ApplicationName,
    engine: Pick<EngineProcess, 'control' | 'secret'>,
    options: ApplicationOptions = {},
  ): Promise<ApplicationProcess> {
    const program = fileURLToPath(new URL(`applications/${name}-app-main.js`, import.meta.url));
    const words = [
      ...['--control', `${engine.control.address}:${String(engine.control.port)}`, '--secret', engine.secret],
      ...(options.tags ?? []).flatMap((tag) => ['--tag', tag]),
      ...(options.methods ?? []).flatMap((method) => ['--method', method]),
      ...['--options', JSON.stringify(options.options ?? {}), '--uri', options.uri ?? ''],
      ...(options.adopt === true ? ['--adopt'] : []),
    ];
    const child = new LineProcess({
      command: [process.execPath, program, ...words],
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    });
    const application = new ApplicationProcess(child);
    try {
      await application.expect('the engine accepts the application', 'connected', {}, 10_000);
    } catch (error) {
      await child.kill();
      throw error;
    }
    return application;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get events(): readonly ApplicationEvent[] {
    this.#readLines();
    return this.#events;
  }

  usage(): ProcessUsage {
    return this.#process.usage();
  }

  /** Begins a command. @returns its number, for `result`, `sent` and `provisional` */
  begin(command: string, fields: Fields = {}): number {
    this.#lastCommand += 1;
    this.#process.write(JSON.stringify({ id: this.#lastCommand, do: command, ...fields }));
    return this.#lastCommand;
  }

  /** @throws CommandFailed */
  async result(id: number, deadlineMs = 8_000): Promise<ApplicationEvent> {
    const event = await this.#expectWhere(
      `command ${String(id)} is done`,
      (one) => (one.event === 'done' || one.event === 'failed') && one['id'] === id,
      deadlineMs,
    );
    if (event.event === 'failed') throw new CommandFailed(event);
    return event['result'] as ApplicationEvent;
  }

  /** @throws CommandFailed */
  do(command: string, fields: Fields = {}, deadlineMs?: number): Promise<ApplicationEvent> {
    return this.result(this.begin(command, fields), deadlineMs);
  }

  /** For commands that have to fail. @returns why */
  async failure(id: number, deadlineMs?: number): Promise<CommandFailed> {
    try {
      await this.result(id, deadlineMs);
    } catch (error) {
      if (error instanceof CommandFailed) return error;
      throw error;
    }
    throw new Error(`command ${String(id)} was done instead of failing`);
  }

  /** Waits for an event with these fields that nobody has taken yet. */
  expect(
    sentence: string,
    event: string,
    fields: Fields = {},
    deadlineMs = 5_000,
  ): Promise<ApplicationEvent> {
    const fits = (one: ApplicationEvent): boolean =>
      one.event === event && Object.entries(fields).every(([name, value]) => one[name] === value);
    return this.#expectWhere(sentence, fits, deadlineMs);
  }

  /** The next request that waits for the application's answer. */
  async request(
    method: string,
    deadlineMs?: number,
  ): Promise<{ readonly name: string; readonly message: SipText }> {
    const event = await this.expect(`the application gets a ${method}`, 'request', { method }, deadlineMs);
    return { name: event['request'] as string, message: parseSipText(event['text'] as string) };
  }

  /** The next event of a dialog. */
  dialogEvent(dialog: unknown, name: string, deadlineMs?: number): Promise<ApplicationEvent> {
    return this.expect(`the dialog has the event ${name}`, 'dialog', { dialog, name }, deadlineMs);
  }

  /** SIGKILL: the application has no chance to say goodbye. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  stop(): Promise<string> {
    return this.#process.stop(500);
  }

  #expectWhere(
    sentence: string,
    fits: (event: ApplicationEvent) => boolean,
    deadlineMs: number,
  ): Promise<ApplicationEvent> {
    return waitFor(
      sentence,
      () => {
        const found = this.events.find((one) => !this.#taken.has(one) && fits(one));
        if (found === undefined)
          return notYet({ last: this.#events.slice(-5), errors: this.#process.errors.slice(-2_000) });
        this.#taken.add(found);
        return found;
      },
      { deadlineMs, intervalMs: 3 },
    );
  }

  #readLines(): void {
    const { lines } = this.#process;
    for (; this.#linesRead < lines.length; this.#linesRead += 1) {
      const line = lines[this.#linesRead] ?? '';
      this.#events.push(
        line.startsWith('{') ? (JSON.parse(line) as ApplicationEvent) : { event: 'text', line },
      );
    }
  }
}
