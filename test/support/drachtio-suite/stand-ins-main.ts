/**
 * Loaded before a file of the suite (`node --import`): gives it our modules where it requires `tape`, `config` and
 * its helper that would start containers. The suite's own files stay as they are.
 */
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { makeSuiteSipp } from './sipp.js';
import { readSettings } from './suite-folder.js';
import { defineTest } from './tape.js';

const folder = dirname(dirname(process.argv[1] ?? ''));
const require = createRequire(join(folder, 'test/'));
const settings = await readSettings(folder);
const sipp = makeSuiteSipp(folder, settings);

function standIn(name: string, exports: unknown): void {
  const path = require.resolve(name);
  require.cache[path] = Object.assign(new Module(path), { exports, loaded: true, filename: path });
}

standIn('tape', defineTest);
standIn('config', { get: (name: string) => settings.config[name] });
standIn('./sipp', () => sipp);
