/** Who sits where and can be rung. */
import { Card, Empty, Skeleton, Tag } from 'antd';
import type { ReactNode } from 'react';
import type { PictureCall, PictureSeat } from '../../live/live-picture.ts';
import { durationText, useNow } from '../base/clock.ts';
import { useSpoken, wordOf } from '../base/i18n.tsx';
import { useLive } from '../base/live.ts';
import { callTakerName, departmentName, useSite } from '../base/site-context.ts';

interface SeatProps {
  readonly seat: PictureSeat;
  readonly call: PictureCall | undefined;
  readonly nowMs: number;
}

function SeatCard({ seat, call, nowMs }: SeatProps): ReactNode {
  const { t, language } = useSpoken();
  const { directory } = useSite();
  const { extension, callTakerId, state, isReachable, takesEmergencies, reason, departmentIds, node } = seat;
  const shown = isReachable ? state : 'unreachable';
  const why = directory.reasons.find(({ code }) => code === reason)?.names[language];
  return (
    <li className={`seat seat-${shown}`}>
      <div className="seat-head">
        <b>{extension}</b>
        {takesEmergencies ? <Tag color="red">{t('seat.emergencies')}</Tag> : null}
        <span className="seat-node">{node === null ? '' : node.toUpperCase()}</span>
      </div>
      <div className="seat-who">
        {callTakerId === null ? t('seat.nobody') : callTakerName(directory, callTakerId)}
      </div>
      <div className="seat-state">
        {wordOf(t, 'seatState', shown)}
        {why === undefined || state !== 'notReady' ? '' : ` · ${why}`}
        {call === undefined ? '' : ` · ${durationText(nowMs - call.openedWallMs)}`}
      </div>
      <div className="hint">
        {departmentIds.map((id) => departmentName(directory, id, language)).join(' · ')}
      </div>
    </li>
  );
}

export default function PeoplePage(): ReactNode {
  const { t, language } = useSpoken();
  const { directory } = useSite();
  const { picture } = useLive();
  const nowMs = useNow();
  if (picture === undefined) return <Skeleton active />;
  const callOf = (seatId: string): PictureCall | undefined =>
    picture.calls.find(({ caller, other }) => caller.seatId === seatId || other?.seatId === seatId);
  const isIn = new Set(picture.seats.map(({ callTakerId }) => callTakerId));
  return (
    <>
      <h1>{t('nav.people')}</h1>
      {picture.seats.length === 0 ? <Empty description={t('seat.none')} /> : null}
      <ul className="seats">
        {picture.seats.map((seat) => (
          <SeatCard key={seat.seatId} seat={seat} call={callOf(seat.seatId)} nowMs={nowMs} />
        ))}
      </ul>
      <Card size="small" title={t('people.callTakers')} className="gap-above">
        <ul className="people">
          {directory.callTakers.map(({ id, name, departments, skills }) => (
            <li key={id}>
              <span className={`dot ${isIn.has(id) ? 'dot-good' : 'dot-unknown'}`} aria-hidden="true" />
              <b>{name}</b> <span className="hint">{id}</span>
              <span className="hint">
                {[...departments.map((one) => departmentName(directory, one, language)), ...skills].join(
                  ' · ',
                )}
              </span>
              <span>{t(isIn.has(id) ? 'people.in' : 'people.out')}</span>
            </li>
          ))}
        </ul>
      </Card>
    </>
  );
}
