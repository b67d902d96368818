/** Calls and waiting callers since this page was opened, at most the last quarter of an hour. */
import { LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use, type ECharts } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef, type ReactNode } from 'react';
import { timeText } from '../base/clock.ts';
import { useTexts } from '../base/i18n.tsx';
import { nodeNowMs, useLive } from '../base/live.ts';
import { useSite } from '../base/site-context.ts';

use([LineChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, CanvasRenderer]);

const SAMPLE_MS = 2000;
const SAMPLES_MAX = 450;

interface Sample {
  readonly atMs: number;
  readonly calls: number;
  readonly waiting: number;
}

/** Outlives the page that shows it: whoever comes back sees what was. */
const samples: Sample[] = [];

export default function FlowChart(): ReactNode {
  const t = useTexts();
  const { picture, link } = useLive();
  const { settings, isDark } = useSite();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | undefined>(undefined);
  const isDrawn = useRef(false);

  useEffect(() => {
    if (place.current === null) return undefined;
    const made = init(place.current);
    chart.current = made;
    const resize = new ResizeObserver(() => {
      made.resize();
    });
    resize.observe(place.current);
    return () => {
      resize.disconnect();
      made.dispose();
      chart.current = undefined;
      isDrawn.current = false;
    };
  }, []);

  useEffect(() => {
    // What was heard last is no news while nothing is heard.
    if (picture === undefined || link === 'lost') return;
    const atMs = nodeNowMs();
    const isDue = atMs - (samples.at(-1)?.atMs ?? 0) >= SAMPLE_MS;
    // A chart that was just made is drawn at once, with what is known.
    if (!isDue && isDrawn.current) return;
    isDrawn.current = true;
    const waiting = picture.queues.reduce((sum, queue) => sum + queue.waiting, 0);
    if (isDue) samples.push({ atMs, calls: picture.capacity.nowCalls, waiting });
    if (samples.length > SAMPLES_MAX) samples.shift();
    const ink = isDark ? '#c9d3de' : '#33404d';
    const grid = isDark ? '#243142' : '#e3e8ee';
    const line = (name: string, colour: string, values: readonly (readonly number[])[]) => ({
      ...{ name, type: 'line' as const, showSymbol: false, data: values.map((pair) => [...pair]) },
      ...{ lineStyle: { width: 2, color: colour }, itemStyle: { color: colour }, step: 'end' as const },
    });
    chart.current?.setOption({
      aria: { enabled: true },
      animation: false,
      grid: { left: 36, right: 12, top: 30, bottom: 24 },
      legend: { top: 0, left: 0, textStyle: { color: ink } },
      tooltip: { trigger: 'axis' },
      xAxis: {
        type: 'time',
        min: atMs - SAMPLES_MAX * SAMPLE_MS,
        max: atMs,
        axisLabel: {
          color: ink,
          hideOverlap: true,
          formatter: (value: number) => timeText(value, settings.zone).slice(0, 5),
        },
        axisLine: { lineStyle: { color: grid } },
      },
      yAxis: {
        type: 'value',
        minInterval: 1,
        axisLabel: { color: ink },
        splitLine: { lineStyle: { color: grid } },
      },
      series: [
        line(
          t('figure.calls'),
          '#2fb3a3',
          samples.map(({ atMs: at, calls }) => [at, calls]),
        ),
        line(
          t('figure.waiting'),
          '#e0a33a',
          samples.map(({ atMs: at, waiting: count }) => [at, count]),
        ),
      ],
    });
  }, [picture, link, isDark, settings.zone, t]);

  return <div ref={place} className="chart" role="img" aria-label={t('flow.title')} />;
}
