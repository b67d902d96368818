/**
 * The SIP engine under calls: what a call costs in CPU time of the engine and of the drachtio-srf application, how long
 * a caller waits for the answer, what a call that stands costs in memory. SIPp calls and is called; everything runs on
 * this machine over loopback, so that whatever else runs here is in the figures.
 */
import type { BenchContext } from './frame.js';
import type { Metrics } from './figures.js';
import { ApplicationProcess } from '../support/sip/application-process.js';
import { EngineProcess } from '../support/sip/engine-process.js';
import { calleeScenario, callerScenario } from '../support/sip/sipp-scenarios.js';
import { Sipp, type SippReport } from '../support/sip/sipp.js';
import { clock } from '../support/box/test-box.js';

export const name = 'sip';

const CPU = 'CPU time of engine and application a call (INVITE, 200, ACK, BYE, 200)';
const SETUP = 'INVITE to 200 as the caller sees it';

export const metrics: Metrics = {
  uasCpuMsPerCall: { unit: 'ms', help: `${CPU}; the application answers; 100 calls/s` },
  uasEngineCpuMsPerCall: { unit: 'ms', help: 'of that, the engine' },
  uasEngineShare: {
    unit: '',
    help: 'engine to application, the same library everywhere: for other machines',
  },
  uasCpuMsPerCallAt200: { unit: 'ms', help: 'the same at 200 calls/s' },
  uasCpuMsPerCallAt400: { unit: 'ms', help: 'the same at 400 calls/s' },
  b2buaCpuMsPerCall: { unit: 'ms', help: `${CPU}; the application connects two; 100 calls/s` },
  b2buaEngineCpuMsPerCall: { unit: 'ms', help: 'of that, the engine' },
  b2buaEngineShare: { unit: '', help: 'engine to application' },
  b2buaCpuMsPerCallAt200: { unit: 'ms', help: 'the same at 200 calls/s, for 60 s without --quick' },
  uasSetupMs: { unit: 'ms', help: `${SETUP}, 100 calls/s, one application that answers` },
  b2buaSetupMs: { unit: 'ms', help: `${SETUP}, 100 calls/s, through createB2BUA` },
  b2buaSetupMsAt200: { unit: 'ms', help: 'the same at 200 calls/s' },
  rssKiBPerCall: { unit: 'KiB', help: 'growth of the engine by 1000 calls that stand, per call' },
  failedCalls: { unit: 'calls', help: 'in each of the runs above' },
};
export const trials = { full: 3, quick: 1 };
export const deadlineMs = 30 * 60_000;

const CALLEE_PORT = 25_060;
const HELD_CALLS = 1000;
/** SIPp sends more datagrams than the engine takes from a stranger. */
const CONFIG = { limits: { trustedSources: ['127.0.0.0/8'] }, log: { level: 'warn' } };

interface Setting {
  readonly engine: EngineProcess;
  readonly application: ApplicationProcess;
  /** Undefined where the application answers itself. */
  readonly callee: Sipp | undefined;
}

type Kind = 'uas' | 'b2bua';

async function withSetting(kind: Kind, work: (setting: Setting) => Promise<void>): Promise<void> {
  const engine = await EngineProcess.start({ config: CONFIG });
  const callee = kind === 'b2bua' ? new Sipp({ scenario: calleeScenario(), port: CALLEE_PORT }) : undefined;
  const uri = `sip:callee@127.0.0.1:${String(CALLEE_PORT)}`;
  const application = await ApplicationProcess.start(kind, engine, { uri, options: { quiet: true } });
  try {
    await work({ engine, application, callee });
  } finally {
    await callee?.stop();
    await application.stop();
    await engine.kill();
  }
}

interface Load {
  readonly callsPerSecond: number;
  readonly seconds: number;
  readonly holdMs?: number;
}

interface LoadReport {
  readonly sipp: SippReport;
  readonly calls: number;
  readonly engineMsPerCall: number;
  readonly totalMsPerCall: number;
}

async function load(
  { engine, application }: Setting,
  { callsPerSecond, seconds, holdMs }: Load,
): Promise<LoadReport> {
  const calls = callsPerSecond * seconds;
  const before = [engine.usage().cpuMs, application.usage().cpuMs] as const;
  const sipp = await new Sipp({
    scenario: callerScenario(holdMs),
    target: engine.at(),
    calls,
    callsPerSecond,
    callsAtOnceMax: 10 * callsPerSecond,
    deadlineMs: (seconds + 45) * 1000,
  }).report();
  const [engineMs, applicationMs] = [engine.usage().cpuMs - before[0], application.usage().cpuMs - before[1]];
  return {
    sipp,
    calls,
    engineMsPerCall: engineMs / calls,
    totalMsPerCall: (engineMs + applicationMs) / calls,
  };
}

interface Plan {
  readonly kind: Kind;
  readonly callsPerSecond: number;
  readonly seconds: number;
  readonly cpu: string;
  readonly engineCpu?: string;
  readonly share?: string;
  readonly setup?: string;
}

function plans({ quick }: BenchContext): readonly Plan[] {
  const seconds = quick ? 5 : 15;
  return [
    {
      ...{ kind: 'uas', callsPerSecond: 100, seconds, cpu: 'uasCpuMsPerCall' },
      ...{ engineCpu: 'uasEngineCpuMsPerCall', share: 'uasEngineShare', setup: 'uasSetupMs' },
    },
    { kind: 'uas', callsPerSecond: 200, seconds, cpu: 'uasCpuMsPerCallAt200' },
    { kind: 'uas', callsPerSecond: 400, seconds, cpu: 'uasCpuMsPerCallAt400' },
    {
      ...{ kind: 'b2bua', callsPerSecond: 100, seconds, cpu: 'b2buaCpuMsPerCall' },
      ...{ engineCpu: 'b2buaEngineCpuMsPerCall', share: 'b2buaEngineShare', setup: 'b2buaSetupMs' },
    },
    {
      ...{ kind: 'b2bua', callsPerSecond: 200, seconds: quick ? 5 : 60, cpu: 'b2buaCpuMsPerCallAt200' },
      setup: 'b2buaSetupMsAt200',
    },
  ];
}

/** What is compiled on the first calls is no cost of a call. */
const WARM_UP: Load = { callsPerSecond: 200, seconds: 10 };

async function measure(plan: Plan, context: BenchContext): Promise<void> {
  await withSetting(plan.kind, async (setting) => {
    await load(setting, WARM_UP);
    const report = await load(setting, plan);
    const { sipp, calls, totalMsPerCall } = report;
    context.add(plan.cpu, totalMsPerCall);
    if (plan.engineCpu !== undefined) context.add(plan.engineCpu, report.engineMsPerCall);
    if (plan.share !== undefined)
      context.add(plan.share, report.engineMsPerCall / (totalMsPerCall - report.engineMsPerCall));
    if (plan.setup !== undefined) for (const ms of sipp.responseMs) context.add(plan.setup, ms);
    context.add('failedCalls', calls - sipp.successful);
    const rate = `${plan.kind} ${String(plan.callsPerSecond)}/s x ${String(plan.seconds)} s`;
    const cost = `${totalMsPerCall.toFixed(2)} ms CPU a call (engine ${report.engineMsPerCall.toFixed(2)})`;
    const ends = `${String(sipp.successful)} of ${String(calls)} calls, ${String(sipp.retransmissions)} retransmissions`;
    context.say(`${rate}: ${cost}, ${ends}`);
  });
}

/** All calls stand at once before the first one ends. */
async function measureMemory(context: BenchContext): Promise<void> {
  await withSetting('uas', async (setting) => {
    await load(setting, WARM_UP);
    const before = setting.engine.usage().rssKiB;
    const seconds = 5;
    const running = load(setting, { callsPerSecond: HELD_CALLS / seconds, seconds, holdMs: seconds * 2000 });
    await clock.sleep(seconds * 1000 + 2000);
    const grown = setting.engine.usage().rssKiB - before;
    const { sipp, calls } = await running;
    context.add('rssKiBPerCall', grown / HELD_CALLS);
    context.add('failedCalls', calls - sipp.successful);
  });
}

export async function run(context: BenchContext): Promise<void> {
  for (let trial = 1; trial <= context.trials && !context.signal.aborted; trial += 1) {
    for (const plan of plans(context)) {
      if (context.remainingMs() < (plan.seconds + 60) * 1000) return;
      await measure(plan, context);
    }
    await measureMemory(context);
  }
}
