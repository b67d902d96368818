/** The phones of phone-farm-main.ts, seen from the test. */
import { fileURLToPath } from 'node:url';
import { LineProcess } from './line-process.js';

export interface FarmResult {
  readonly done: number;
  readonly failures: readonly string[];
}

export class PhoneFarm {
  readonly #process: LineProcess;
  #lastCommand = 0;

  private constructor(process: LineProcess) {
    this.#process = process;
  }

  static async start(namespace: string, address: string): Promise<PhoneFarm> {
    const program = fileURLToPath(new URL('phone-farm-main.js', import.meta.url));
    const child = new LineProcess({ namespace, command: [process.execPath, program, address] });
    await child.line('the phones are ready', (line) => line === 'ready');
    return new PhoneFarm(child);
  }

  /** @throws what the phones say */
  async do(command: string, fields: object = {}, deadlineMs = 15_000): Promise<FarmResult> {
    this.#lastCommand += 1;
    const id = this.#lastCommand;
    this.#process.write(JSON.stringify({ id, do: command, ...fields }));
    const start = `{"id":${String(id)},`;
    const line = await this.#process.line(
      `the phones have done: ${command}`,
      (one) => one.startsWith(start),
      deadlineMs,
    );
    const { result, error } = JSON.parse(line) as { result: FarmResult; error?: string };
    if (error !== undefined) throw new Error(error);
    return result;
  }

  stop(): Promise<string> {
    return this.#process.stop(500);
  }
}
