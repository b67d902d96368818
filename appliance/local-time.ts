/** What the clock on the wall of this machine shows; its time zone is the hospital's. */
import type { LocalTime } from './routing/business-hours.js';

export function localTimeOf(wallMs: number): LocalTime {
  const date = new Date(wallMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    date: `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    weekday: ((date.getDay() + 6) % 7) + 1,
    minutes: date.getHours() * 60 + date.getMinutes(),
  };
}
