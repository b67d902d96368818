/** The site as it is now. On the wall it has to be read from across the room, and to tell the truth at a glance. */
import { Alert, Button, Card, Progress, Skeleton, Statistic } from 'antd';
import { ExpandOutlined } from '@ant-design/icons';
import { lazy, Suspense, type ReactNode } from 'react';
import type { Alarm } from '../../live/decide-alarms.ts';
import type { LivePicture, PictureQueue } from '../../live/live-picture.ts';
import { durationText, useNow } from '../base/clock.ts';
import { useSpoken, useTexts, wordOf } from '../base/i18n.tsx';
import { useLive } from '../base/live.ts';
import { goTo, useRoute } from '../base/route.ts';
import { departmentName, useSite } from '../base/site-context.ts';
import { SitePicture } from './site-picture.tsx';

const FlowChart = lazy(() => import('./flow-chart.tsx'));

/** Beyond it the number of seconds is shown as what it is: too long. */
const WAIT_WARN_MS = 60_000;
const WAIT_BAD_MS = 180_000;

function waitMood(waitedMs: number, hasEmergency: boolean): string {
  if (hasEmergency || waitedMs > WAIT_BAD_MS) return 'bad';
  return waitedMs > WAIT_WARN_MS ? 'warn' : 'good';
}

function AlarmLine({ alarm }: { readonly alarm: Alarm }): ReactNode {
  const t = useTexts();
  const params = Object.fromEntries(
    Object.entries(alarm.params).map(([name, value]) => [
      name,
      name === 'node' || name === 'home' || name === 'holder' ? value.toUpperCase() : value,
    ]),
  );
  return (
    <Alert
      showIcon
      type={alarm.severity === 'critical' ? 'error' : 'warning'}
      title={t(`alarm.${alarm.code}`, params)}
      description={t(`alarm.${alarm.code}.next`, params)}
    />
  );
}

function Alarms({ alarms }: { readonly alarms: readonly Alarm[] }): ReactNode {
  const t = useTexts();
  return (
    <section aria-label={t('overview.alarms')} aria-live="polite" className="alarms">
      {alarms.length === 0 ? <p className="calm">{t('overview.calm')}</p> : null}
      {alarms.map((alarm) => (
        <AlarmLine key={alarm.alarmId} alarm={alarm} />
      ))}
    </section>
  );
}

function QueueCard({ queue, nowMs }: { readonly queue: PictureQueue; readonly nowMs: number }): ReactNode {
  const { t, language } = useSpoken();
  const { directory } = useSite();
  const waitedMs = queue.oldestWallMs === null ? 0 : nowMs - queue.oldestWallMs;
  const mood = queue.waiting === 0 ? 'calm' : waitMood(waitedMs, queue.emergencies > 0);
  return (
    <li className={`queue queue-${mood}`}>
      <h3>{departmentName(directory, queue.departmentId, language)}</h3>
      <div className="queue-figures">
        <span className="queue-waiting">{queue.waiting}</span>
        <span className="queue-clock">
          {queue.waiting === 0 ? t('queue.nobody') : durationText(waitedMs)}
        </span>
      </div>
      <div className="queue-seats">
        {t('queue.seats', { ready: queue.seatsReady, talking: queue.seatsTalking, in: queue.seatsIn })}
        {queue.callbacks === 0 ? null : ` · ${t('queue.callbacks', { count: queue.callbacks })}`}
      </div>
      {queue.seatsIn === 0 && queue.waiting > 0 ? (
        <div className="queue-empty">{t('queue.noSeat')}</div>
      ) : null}
    </li>
  );
}

function EmergencyLight({
  picture,
  nowMs,
}: {
  readonly picture: LivePicture;
  readonly nowMs: number;
}): ReactNode {
  const t = useTexts();
  const all = picture.calls.filter(({ emergency }) => emergency !== null);
  const queued = picture.queues.reduce((sum, { emergencies }) => sum + emergencies, 0);
  const waiting = all.filter(({ waitingSinceWallMs }) => waitingSinceWallMs !== null);
  const oldest = Math.min(...waiting.map(({ emergency }) => emergency?.sinceWallMs ?? Infinity));
  const isLit = queued > 0 || all.length > 0;
  return (
    <section
      className={`emergency ${queued > 0 ? 'emergency-waits' : isLit ? 'emergency-talks' : ''}`}
      aria-live="assertive"
    >
      <span className="emergency-lamp" aria-hidden="true" />
      <div>
        <h2>{t('emergency.title')}</h2>
        <p>
          {queued > 0
            ? t('emergency.waiting', {
                count: queued,
                time: Number.isFinite(oldest) ? durationText(nowMs - oldest) : '',
              })
            : isLit
              ? t('emergency.talking', { count: all.length })
              : t('emergency.none')}
        </p>
      </div>
    </section>
  );
}

function Capacity({ picture }: { readonly picture: LivePicture }): ReactNode {
  const t = useTexts();
  const { aloneCalls, nowCalls, bound } = picture.capacity;
  const percent = Math.min(100, Math.round((nowCalls / Math.max(1, aloneCalls)) * 100));
  return (
    <Card size="small" title={t('capacity.title')}>
      <p className="capacity-text">{t('capacity.text', { alone: aloneCalls, now: nowCalls })}</p>
      <Progress
        percent={percent}
        status={percent > 80 ? 'exception' : 'normal'}
        aria-label={t('capacity.title')}
      />
      <p className="hint">{wordOf(t, 'capacity.bound', bound)}</p>
    </Card>
  );
}

function Figures({ picture }: { readonly picture: LivePicture }): ReactNode {
  const t = useTexts();
  const waiting = picture.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const isIn = picture.seats.filter(({ callTakerId }) => callTakerId !== null);
  const ready = isIn.filter(({ state, isReachable }) => state === 'ready' && isReachable).length;
  const figures = [
    [t('figure.calls'), picture.capacity.nowCalls],
    [t('figure.waiting'), waiting],
    [t('figure.ready'), `${String(ready)} / ${String(isIn.length)}`],
  ] as const;
  return (
    <div className="figures">
      {figures.map(([title, value]) => (
        <Card size="small" key={title}>
          <Statistic title={title} value={value} />
        </Card>
      ))}
    </div>
  );
}

export function OverviewPage(): ReactNode {
  const t = useTexts();
  const { picture, link } = useLive();
  const route = useRoute();
  const nowMs = useNow();
  if (picture === undefined) return <Skeleton active paragraph={{ rows: 8 }} />;
  const isWall = route === 'wall';
  return (
    <div className={`overview ${link === 'lost' ? 'is-stale' : ''}`}>
      <div className="page-head">
        <h1>{t('overview.title')}</h1>
        <Button
          icon={<ExpandOutlined />}
          onClick={() => {
            goTo(isWall ? 'overview' : 'wall');
          }}
        >
          {t(isWall ? 'overview.leaveWall' : 'overview.wall')}
        </Button>
      </div>
      <div className="overview-grid">
        <div className="overview-left">
          <EmergencyLight picture={picture} nowMs={nowMs} />
          <Figures picture={picture} />
          <section aria-label={t('overview.queues')}>
            <ul className="queues">
              {picture.queues.map((queue) => (
                <QueueCard key={queue.departmentId} queue={queue} nowMs={nowMs} />
              ))}
            </ul>
          </section>
          <Card size="small" title={t('flow.title')}>
            <Suspense fallback={<div className="chart" />}>
              <FlowChart />
            </Suspense>
          </Card>
        </div>
        <div className="overview-right">
          <Alarms alarms={picture.alarms} />
          <SitePicture picture={picture} />
          <Capacity picture={picture} />
        </div>
      </div>
    </div>
  );
}
