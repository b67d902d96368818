/**
 * The suite as it runs here: a temporary copy of the tests of the installed drachtio-srf, next to the same library.
 * Three things differ: scenarios that sipp 3.6 cannot read are spelt so that it can, the configuration names the
 * engines of the testbed, and the modules `tape`, `config` and `./sipp` are placeholders for stand-ins-main.ts.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../project-files.js';
import { parseComposeFile, type SuiteHost } from './compose-file.js';

/** Host names that tests start a sipp for by themselves; docker would give them any address. */
const HOSTS_OF_TESTS: readonly SuiteHost[] = [
  { name: 'sipp-uas-b-teardown', address: '172.29.0.50', scenario: 'uas.xml' },
];
export const CONTROL_PORT = 9022;
export const CONTROL_SECRET = 'cymru';
const STAND_INS = ['tape', 'config'] as const;

/** What the processes of a testbed know; a file in its folder, because some of them run in other namespaces. */
export interface TestbedSettings {
  /** Started before the tests. */
  readonly hosts: readonly SuiteHost[];
  readonly hostsOfTests: readonly SuiteHost[];
  /** As `config.get(name)` returns it. */
  readonly config: Readonly<Record<string, unknown>>;
}

export function settingsPathIn(folder: string): string {
  return join(folder, 'testbed.json');
}

export async function readSettings(folder: string): Promise<TestbedSettings> {
  return JSON.parse(await readFile(settingsPathIn(folder), 'utf8')) as TestbedSettings;
}

/**
 * XML forbids "<" in the value of an attribute, and the reader of sipp 3.6 takes ">" in one for the end of the tag.
 * Their entities mean the same.
 */
export function spellScenario(text: string): string {
  const spell = (attribute: string): string => attribute.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return text.replaceAll(/regexp="[^"]*"/g, spell);
}

/** Every server of the suite's configuration that is a host of the testbed is reached there. */
export function pointAtHosts(
  config: Readonly<Record<string, unknown>>,
  hosts: readonly SuiteHost[],
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(config).map(([name, value]): [string, unknown] => {
    const host = hosts.find((one) => one.name === name);
    if (host === undefined || typeof value !== 'object') return [name, value];
    return [name, { ...value, host: host.address, port: CONTROL_PORT, secret: CONTROL_SECRET }];
  });
  return Object.fromEntries(entries);
}

async function spellScenarios(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.xml')) continue;
    const path = join(folder, name);
    await writeFile(path, spellScenario(await readFile(path, 'utf8')));
  }
}

async function readSettingsOfSuite(suite: string): Promise<TestbedSettings> {
  const compose = await readFile(join(suite, 'test/docker-compose-testbed.yaml'), 'utf8');
  const config = JSON.parse(await readFile(join(suite, 'config/test.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const hosts = parseComposeFile(compose);
  return { hosts, hostsOfTests: HOSTS_OF_TESTS, config: pointAtHosts(config, hosts) };
}

/** What the suite's files require: placeholders, and the one package that they share with the library. */
async function makePackages(suite: string, folder: string): Promise<void> {
  for (const name of STAND_INS) {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'index.js'), '');
  }
  const debug = createRequire(join(suite, 'package.json')).resolve('debug/package.json');
  await symlink(dirname(debug), join(folder, 'debug'));
}

/** @returns the folder; whoever makes it removes it */
export async function makeSuiteFolder(): Promise<string> {
  const suite = join(projectRoot, 'node_modules/drachtio-srf');
  const folder = await mkdtemp(join(tmpdir(), 'wardline-srf-suite-'));
  for (const name of ['test', 'package.json']) {
    await cp(join(suite, name), join(folder, name), { recursive: true });
  }
  // A link, so that the library finds its own packages where they are.
  await symlink(join(suite, 'lib'), join(folder, 'lib'));
  await spellScenarios(join(folder, 'test/scenarios'));
  await makePackages(suite, join(folder, 'node_modules'));
  await mkdir(join(folder, 'logs'));
  await writeFile(settingsPathIn(folder), JSON.stringify(await readSettingsOfSuite(suite)));
  return folder;
}
