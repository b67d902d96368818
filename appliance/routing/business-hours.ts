/** Whether a department is open. Pure: what the clock on its wall shows is given (time zones are not for here). */
import type { BusinessHours, OpenHours } from './routing-document.js';

export interface LocalTime {
  /** `2026-11-26` */
  readonly date: string;
  /** 1 is Monday. */
  readonly weekday: number;
  /** Since midnight. */
  readonly minutes: number;
}

/** @param text `08:30` @returns minutes since midnight */
export function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
}

function isWithin({ from, to }: OpenHours, minutes: number): boolean {
  return minutes >= minutesOf(from) && minutes < minutesOf(to);
}

export function isOpen(hours: BusinessHours | undefined, { date, weekday, minutes }: LocalTime): boolean {
  if (hours === undefined) return true;
  const exception = hours.exceptions.find((one) => one.date === date);
  const today = exception?.hours ?? hours.weekly.filter(({ days }) => days.includes(weekday));
  return today.some((open) => isWithin(open, minutes));
}
