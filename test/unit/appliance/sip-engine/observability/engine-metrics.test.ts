import {
  EngineMetrics,
  type EngineReadings,
} from '../../../../../appliance/sip-engine/observability/engine-metrics.js';
import { assert, spec } from '../../../../support/spec.js';

const READINGS: EngineReadings = {
  stableDialogs: () => ({ uac: 3, uas: 4 }),
  appConnections: () => 2,
  registeredEndpoints: () => 5000,
  transactionsByState: () => ({ 'inviteServer.Proceeding': 7 }),
  controlQueueBytes: () => 1024,
  loopLag: () => ({ p50: 1, p99: 20, max: 300 }),
  isOverloaded: () => true,
};

function metricsOf(readings: Partial<EngineReadings> = {}): EngineMetrics {
  return new EngineMetrics({
    version: 'v0.9.0',
    startedWallMs: 1_700_000_000_000,
    readings: { ...READINGS, ...readings },
  });
}

async function samplesOf(metrics: EngineMetrics): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

async function valuesOf(metrics: EngineMetrics, prefix: string): Promise<string[]> {
  return (await samplesOf(metrics)).filter((line) => line.startsWith(prefix));
}

spec('engine-metrics', (it) => {
  it('counts messages under the names that operators of drachtio know', async () => {
    const metrics = metricsOf();
    metrics.countRequestIn('INVITE');
    metrics.countRequestIn('INVITE');
    metrics.countRequestOut('BYE');
    metrics.countResponseIn('INVITE', 200);
    metrics.countResponseOut('REGISTER', 401);
    assert.equal(await valuesOf(metrics, 'drachtio_sip_'), [
      'drachtio_sip_requests_in_total{method="INVITE"} 2',
      'drachtio_sip_requests_out_total{method="BYE"} 1',
      'drachtio_sip_responses_in_total{method="INVITE",code="200"} 1',
      'drachtio_sip_responses_out_total{method="REGISTER",code="401"} 1',
    ]);
  });

  it('goes on counting from one scrape to the next', async () => {
    const metrics = metricsOf();
    const requestsIn = (): Promise<string[]> => valuesOf(metrics, 'drachtio_sip_requests_in_total');
    metrics.countRequestIn('ACK');
    await requestsIn();
    assert.equal(await requestsIn(), ['drachtio_sip_requests_in_total{method="ACK"} 1']);
    metrics.countRequestIn('ACK');
    assert.equal(await requestsIn(), ['drachtio_sip_requests_in_total{method="ACK"} 2']);
  });

  it('asks for states when it is scraped', async () => {
    const samples = await samplesOf(metricsOf());
    for (const line of [
      'drachtio_stable_dialogs{type="uac"} 3',
      'drachtio_stable_dialogs{type="uas"} 4',
      'drachtio_app_connections 2',
      'drachtio_registered_endpoints 5000',
      'drachtio_build_info{version="v0.9.0"} 1',
      'drachtio_time_started 1700000000',
      'wardline_sip_transactions{machine="inviteServer",state="Proceeding"} 7',
      'wardline_sip_control_queue_bytes 1024',
      'wardline_sip_loop_lag_recent_seconds{stat="p99"} 0.02',
      'wardline_sip_loop_lag_recent_seconds{stat="max"} 0.3',
      'wardline_sip_overloaded 1',
    ]) {
      assert.ok(samples.includes(line), `${line} in\n${samples.join('\n')}`);
    }
  });

  it('forgets a state in which nothing is any more', async () => {
    const states: Record<string, number>[] = [
      { 'inviteServer.Proceeding': 1 },
      { 'inviteServer.Accepted': 1 },
    ];
    const metrics = metricsOf({ transactionsByState: () => states.shift() ?? {} });
    await metrics.text();
    assert.equal(await valuesOf(metrics, 'wardline_sip_transactions'), [
      'wardline_sip_transactions{machine="inviteServer",state="Accepted"} 1',
    ]);
    assert.equal(await valuesOf(metrics, 'wardline_sip_transactions'), []);
  });

  it('sorts the time to the answer and the lag into buckets', async () => {
    const metrics = metricsOf();
    metrics.observeAnswer('in', 4);
    metrics.observeAnswer('out', 0.2);
    metrics.observePostDialDelay('out', 1.5);
    metrics.observeLoopLag(30);
    const samples = await samplesOf(metrics);
    for (const line of [
      'drachtio_call_answer_seconds_in_bucket{le="3"} 0',
      'drachtio_call_answer_seconds_in_bucket{le="5"} 1',
      'drachtio_call_answer_seconds_out_sum 0.2',
      'drachtio_call_pdd_seconds_out_count 1',
      'drachtio_call_pdd_seconds_in_count 0',
      'wardline_sip_loop_lag_seconds_bucket{le="0.02"} 0',
      'wardline_sip_loop_lag_seconds_bucket{le="0.05"} 1',
    ]) {
      assert.ok(samples.includes(line), `${line} in\n${samples.join('\n')}`);
    }
  });

  it('counts what was turned away by reason, and how waits for the partner ended', async () => {
    const metrics = metricsOf();
    metrics.countRefused('rate');
    metrics.countRefused('rate');
    metrics.countContinuity('ack');
    assert.equal(await valuesOf(metrics, 'wardline_sip_refused'), [
      'wardline_sip_refused_total{reason="rate"} 2',
    ]);
    assert.equal(await valuesOf(metrics, 'wardline_sip_continuity'), [
      'wardline_sip_continuity_waits_total{outcome="ack"} 1',
      'wardline_sip_continuity_waits_total{outcome="alone"} 0',
    ]);
  });

  it('stays bounded when a reason is none', async () => {
    const metrics = metricsOf();
    for (let index = 0; index < 1000; index += 1) metrics.countRefused(`reason ${String(index)}`);
    metrics.countRefused('reason 3');
    const lines = await valuesOf(metrics, 'wardline_sip_refused');
    assert.is(lines.length, 65);
    assert.ok(lines.includes('wardline_sip_refused_total{reason="other"} 936'), lines.join('\n'));
    assert.ok(lines.includes('wardline_sip_refused_total{reason="reason 3"} 2'), lines.join('\n'));
  });

  it('has a registry of its own', async () => {
    const [one, other] = [metricsOf(), metricsOf()];
    one.countRequestIn('INVITE');
    assert.equal(await valuesOf(other, 'drachtio_sip_requests_in_total'), []);
  });

  it('names the format of its text', () => {
    assert.match(metricsOf().contentType, /^text\/plain; version=0\.0\.4/);
  });
});
