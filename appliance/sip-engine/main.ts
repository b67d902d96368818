/**
 * The SIP engine as a process: `npm run sip-engine -- --help`.
 *
 * SIGTERM drains: no new calls, those that exist go on; a second one, or DRAIN_MS_MAX, ends it. SIGINT ends it at
 * once. SIGHUP reads the certificate of the SIP side and the users again.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { RealClock, type Clock } from '../../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../../cluster/base/errors.js';
import { openLog, type Log } from '../../cluster/base/log.js';
import { systemRng } from '../../cluster/base/rng.js';
import { openServiceNotify } from '../../cluster/base/service-notify.js';
import { RedisContinuity } from '../../cluster/live-state/redis-continuity.js';
import type { ContinuityConfig } from './config/engine-config.js';
import { ENGINE_HELP, parseEngineArguments, wantsHelp } from './config/parse-engine-arguments.js';
import { RunningEngine } from './running-engine.js';

/** An hour: the longest call that anybody should have to wait for. */
const DRAIN_MS_MAX = 3_600_000;

function accessOf({ passwordFile, tls }: ContinuityConfig) {
  const password = passwordFile === undefined ? {} : { password: readFileSync(passwordFile, 'utf8').trim() };
  if (tls === undefined) return password;
  const { keyFile, certFile, caFile } = tls;
  const authority = caFile === undefined ? {} : { ca: readFileSync(caFile) };
  return { ...password, tls: { key: readFileSync(keyFile), cert: readFileSync(certFile), ...authority } };
}

async function openContinuity(
  config: ContinuityConfig | undefined,
  clock: Clock,
  log: Log,
): Promise<RedisContinuity | undefined> {
  if (config === undefined) return undefined;
  const { own, partner } = config;
  const continuity = new RedisContinuity({ own, partner, access: accessOf(config), clock, log });
  await continuity.open();
  return continuity;
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (wantsHelp(argv)) {
    process.stdout.write(ENGINE_HELP);
    return;
  }
  const config = parseEngineArguments(argv, process.env, (path) => readFileSync(path, 'utf8'));
  const clock = new RealClock();
  const log = openLog({ name: 'sip-engine', level: config.log.level, destination: process.stderr });
  const continuity = await openContinuity(config.continuity, clock, log);
  const running = await RunningEngine.open({
    ...{ config, clock, log, rng: systemRng() },
    ...(continuity === undefined ? {} : { continuity }),
  });

  const { NOTIFY_SOCKET, WATCHDOG_USEC } = process.env;
  const notify = openServiceNotify({ socketPath: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, clock, log });
  const [sip, control] = [running.sipHostPorts.join(','), running.controlHostPorts.join(',')];
  process.stdout.write(`sip-engine ready control=${control} sip=${sip}\n`);
  notify.ready(`serves ${sip}`);
  notify.startWatchdog(() => Promise.resolve(true));

  const end = async (): Promise<void> => {
    notify.stop();
    await running.close();
    continuity?.close();
    process.exit(0);
  };
  const drain = async (): Promise<void> => {
    log.info('no new calls, waiting for those that exist');
    notify.status('takes no new calls and waits for those that exist');
    const untilMs = clock.monotonicMs() + DRAIN_MS_MAX;
    await running.engine.drain(() => clock.monotonicMs() >= untilMs);
    await end();
  };
  process.once('SIGTERM', () => {
    process.once('SIGTERM', () => void end());
    void drain();
  });
  process.once('SIGINT', () => void end());
  const readAgain = (what: string, read: () => void): void => {
    try {
      read();
      log.info({ what }, 'read again');
    } catch (error) {
      log.error({ err: error, what }, 'cannot be used, the old one stays');
    }
  };
  process.on('SIGHUP', () => {
    // One that is wrong keeps the other from nothing.
    if (config.tls !== undefined) {
      readAgain('certificate', () => {
        running.reloadTls();
      });
    }
    if (config.digest !== undefined) {
      readAgain('users', () => {
        running.reloadUsers();
      });
    }
  });
}

main().catch((error: unknown) => {
  const action = isOperatingError(error) ? `\n${error.action}` : '';
  process.stderr.write(`${describeErrorChain(error)}${action}\n`);
  process.exit(1);
});
