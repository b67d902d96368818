/** sipp processes: their command lines, and the two functions by which the suite starts its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { diesWithParent } from '../../../ops/lab/shell.js';
import type { SuiteHost } from './compose-file.js';
import type { TestbedSettings } from './suite-folder.js';

/** Two callers may run at once, and the answers to one must not reach the other. */
const CALLER_ADDRESSES = Array.from({ length: 100 }, (_, index) => `172.29.0.${String(100 + index)}`);
const SIP_PORT = '5060';

function scenarioWords(folder: string, scenario: string, address: string): string[] {
  const path = join(folder, 'test/scenarios', scenario);
  const errors = ['-trace_err', '-error_file', join(folder, 'logs', `${scenario}-${address}.log`)];
  return ['sipp', '-sf', path, '-i', address, '-p', SIP_PORT, '-nostdin', ...errors];
}

/** A sipp that answers calls until it is killed. */
export function answererWords(folder: string, host: SuiteHost & { readonly scenario: string }): string[] {
  return scenarioWords(folder, host.scenario, host.address);
}

export function spawnSipp(words: readonly string[]): ChildProcess {
  const [program, ...args] = diesWithParent(words);
  return spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its screens need a terminal's name, whatever this process was started from.
    env: { ...process.env, TERM: 'dumb' },
  });
}

/** What `require('./sipp')(network)` returns. */
export interface SuiteSipp {
  output(): string;
  sippUac(scenario: string): Promise<void>;
  sippUas(scenario: string, hostName: string): Promise<void>;
}

export function makeSuiteSipp(folder: string, { hosts, hostsOfTests }: TestbedSettings): SuiteSipp {
  let output = '';
  let callers = 0;
  const target = hosts.find(({ name }) => name === 'drachtio-sut')?.address ?? '';

  const runOnce = (words: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = spawnSipp([...words, '-m', '1']);
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('latin1').on('data', (chunk: string) => {
          output += chunk;
        });
      }
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`${words[2] ?? ''}: sipp ended with ${String(signal ?? code)}`));
      });
    });

  return {
    output: () => output,
    sippUac(scenario) {
      output = '';
      const address = CALLER_ADDRESSES[callers % CALLER_ADDRESSES.length] ?? '';
      callers += 1;
      const callId = `%u-%p@%s-${String(callers)}`;
      const words = scenarioWords(folder, scenario, address);
      return runOnce([...words, '-sleep', '250ms', '-cid_str', callId, target]);
    },
    sippUas(scenario, hostName) {
      const host = hostsOfTests.find(({ name }) => name === hostName);
      if (host === undefined) throw new Error(`the testbed has no address for ${hostName}`);
      return runOnce(answererWords(folder, { ...host, scenario }));
    },
  };
}
