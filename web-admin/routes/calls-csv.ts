/** Records of calls for a spreadsheet (RFC 4180), times in the hospital's zone. Pure. */
import type { CallRecord } from '../../cluster/store/call-record-read-port.js';

/** Spreadsheets take what begins so for a formula, and a caller decides what his number is. */
const FORMULA = /^[=+\-@\t\r]/;
/** A number of the world is none: it is kept as a text all the same. */
const BOM = '\ufeff';

function cell(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** `2026-11-27 08:30:00` */
export function localTextOf(wallMs: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(
    wallMs,
  );
}

export function renderCsv(calls: readonly CallRecord[], zone: string): string {
  const time = (wallMs: number | null): string | null => (wallMs === null ? null : localTextOf(wallMs, zone));
  const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms / 1000));
  const columns: readonly (readonly [string, (call: CallRecord) => string | number | boolean | null])[] = [
    ['call', ({ callId }) => callId],
    ['node', ({ node }) => node],
    ['direction', ({ direction }) => direction],
    ['opened', ({ openedWallMs }) => time(openedWallMs)],
    ['answered', ({ answeredWallMs }) => time(answeredWallMs)],
    ['ended', ({ endedWallMs }) => time(endedWallMs)],
    ['caller', ({ caller }) => caller],
    ['dialled', ({ dialled }) => dialled],
    ['department', ({ department }) => department],
    ['emergency', ({ isEmergency }) => isEmergency],
    ['seat', ({ seat }) => seat],
    ['call-taker', ({ callTaker }) => callTaker],
    ['waited seconds', ({ waitedMs }) => seconds(waitedMs)],
    ['talked seconds', ({ talkedMs }) => seconds(talkedMs)],
    ['end', ({ endReason }) => endReason],
    ['disposition', ({ disposition }) => disposition],
  ];
  const rows = [columns.map(([name]) => name), ...calls.map((call) => columns.map(([, read]) => read(call)))];
  return `${BOM}${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}
