/** A runner that runs nothing: notes what it was asked, and answers as told. */
import type { Run } from '../../../../ops/setup/runner.mjs';

export interface FakeRun {
  readonly run: Run;
  readonly commands: string[];
  /** Those that a Ctrl-C would not cut short. */
  readonly uncut: string[];
}

export interface FakeResult {
  readonly code?: number;
  readonly output?: string;
}

export function createFakeRun(answer: (command: string) => FakeResult = () => ({})): FakeRun {
  const commands: string[] = [];
  const uncut: string[] = [];
  return {
    commands,
    uncut,
    run: (command, args, options) => {
      const line = [command, ...args].join(' ');
      commands.push(line);
      if (options?.finishFirst === true) uncut.push(line);
      const { code = 0, output = '' } = answer(line);
      return Promise.resolve({ code, output });
    },
  };
}
