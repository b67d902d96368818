/** The SIP engine as a process of its own, as systemd starts it, on ports that are free. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../project-files.js';
import { LineProcess, type ProcessUsage } from './line-process.js';

export interface EngineOptions {
  readonly secret?: string;
  /** Default `127.0.0.1:0`. */
  readonly control?: string;
  /** `udp:127.0.0.1:0` and so on; that one is the default. */
  readonly listen?: readonly string[];
  /** The configuration file, as data. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly namespace?: string;
}

export interface SipPort {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

export const ENGINE_PROGRAM = join(projectRoot, 'dist/appliance/sip-engine/main.js');
const SECRET = 'cymru';
const READY = /^sip-engine ready control=(\S+) sip=(\S+)$/;

function parseEndpoint(text: string): SipPort {
  const slash = text.indexOf('/');
  const colon = text.lastIndexOf(':');
  const address = text.slice(slash + 1, colon).replace(/^\[(.*)\]$/, '$1');
  return { protocol: text.slice(0, slash), address, port: Number(text.slice(colon + 1)) };
}

export class EngineProcess {
  readonly secret: string;
  readonly control: SipPort;
  readonly sip: readonly SipPort[];
  readonly #process: LineProcess;
  readonly #folder: string;

  private constructor(process: LineProcess, folder: string, secret: string, readyLine: string) {
    const [, control = '', sip = ''] = READY.exec(readyLine) ?? [];
    this.#process = process;
    this.#folder = folder;
    this.secret = secret;
    this.control = parseEndpoint(control);
    this.sip = sip.split(',').map(parseEndpoint);
  }

  /** @throws when it does not become ready, with what it logged */
  static async start(options: EngineOptions = {}): Promise<EngineProcess> {
    const secret = options.secret ?? SECRET;
    const folder = mkdtempSync(join(tmpdir(), 'sip-engine-'));
    const listen = (options.listen ?? ['udp:127.0.0.1:0']).flatMap((one) => ['--listen', one]);
    const words = ['--control', options.control ?? '127.0.0.1:0', '--secret', secret, ...listen];
    if (options.config !== undefined) {
      writeFileSync(join(folder, 'engine.json'), JSON.stringify(options.config));
      words.push('--config', join(folder, 'engine.json'));
    }
    const child = new LineProcess({
      command: [process.execPath, '--enable-source-maps', ENGINE_PROGRAM, ...words],
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    });
    try {
      const line = await child.line('the engine is ready', (one) => READY.test(one));
      return new EngineProcess(child, folder, secret, line);
    } catch (error) {
      await child.kill();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Undefined while it runs. */
  get exit(): string | undefined {
    return this.#process.exit;
  }

  /** Its log: JSON lines. */
  get log(): string {
    return this.#process.errors;
  }

  usage(): ProcessUsage {
    return this.#process.usage();
  }

  /** @throws when it does not listen there */
  at(protocol: 'udp' | 'tcp' | 'tls' = 'udp'): SipPort {
    const found = this.sip.find((one) => one.protocol === protocol);
    if (found === undefined) throw new Error(`the engine does not listen on ${protocol}`);
    return found;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Waits for its end. @returns its code or signal */
  ended(): Promise<string> {
    return this.#process.ended();
  }

  /** In good order; a drain that lasts is cut short. @returns its code or signal */
  async stop(graceMs = 1_000): Promise<string> {
    const exit = await this.#process.stop(graceMs);
    rmSync(this.#folder, { recursive: true, force: true });
    return exit;
  }

  async kill(): Promise<void> {
    await this.#process.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
