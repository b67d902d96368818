/** Times as people of the hospital read them. */
import { useEffect, useState } from 'react';
import { nodeNowMs } from './live.ts';

/** @returns the time of the nodes, anew each second */
export function useNow(): number {
  const [nowMs, setNowMs] = useState(nodeNowMs);
  useEffect(() => {
    const timer = window.setInterval(() => {
      setNowMs(nodeNowMs());
    }, 1000);
    return () => {
      window.clearInterval(timer);
    };
  }, []);
  return nowMs;
}

/** `1:05`, `1:02:03` */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0
    ? `${String(hours)}:${two(minutes % 60)}:${two(seconds % 60)}`
    : `${String(minutes)}:${two(seconds % 60)}`;
}

export function timeText(wallMs: number, zone: string, withDate = false): string {
  return new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    timeStyle: 'medium',
    ...(withDate ? { dateStyle: 'short' } : {}),
  }).format(wallMs);
}

/** The moment at which the day of the hospital began that has this time. */
export function startOfDayMs(wallMs: number, zone: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = timeText(wallMs, zone).split(':').map(Number);
  return Math.floor(wallMs / 1000) * 1000 - ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
