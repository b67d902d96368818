/**
 * A ladder diagram as lines of text: a column for each end, an arrow for each message.
 *
 *                      10.0.0.7:5062                  10.0.0.11:5060
 *   14:30:05.120             | 7 INVITE sip:200@h ---------->|
 */
import type { LadderMessage } from './ladder-trace.js';

const COLUMN = 32;
const TIME_WIDTH = 13;
/** More ends than a terminal is wide share the last column. */
const COLUMNS_MAX = 6;
const OTHERS = 'others';

function endsOf(messages: readonly LadderMessage[]): string[] {
  const ends = [...new Set(messages.flatMap(({ from, to }) => [from, to]))];
  return ends.length <= COLUMNS_MAX ? ends : [...ends.slice(0, COLUMNS_MAX - 1), OTHERS];
}

function columnOf(ends: readonly string[], end: string): number {
  const column = ends.indexOf(end);
  return column < 0 ? ends.length - 1 : column;
}

/** The time of day, UTC: both nodes and the phones' own logs can be laid beside it. */
function timeOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(11, 23).padEnd(TIME_WIDTH);
}

function centred(text: string, width: number): string {
  const cut = text.slice(0, width);
  return cut.padStart(Math.floor((width + cut.length) / 2)).padEnd(width);
}

/** `7 INVITE sip:200@a`, `7 INVITE 180 Ringing`; `~` for a request within a dialog. */
function labelOf({ firstLine, cseq, hasToTag }: LadderMessage): string {
  if (firstLine.startsWith('SIP/2.0 ')) return `${cseq} ${firstLine.slice('SIP/2.0 '.length)}`.trim();
  const [method = '', uri = ''] = firstLine.split(' ', 2);
  const number = cseq.split(' ', 1)[0] ?? '';
  return `${number}${hasToTag ? '~' : ''} ${method} ${uri}`.trim();
}

function arrow(label: string, width: number, isRightwards: boolean): string {
  const text = ` ${label.slice(0, width - 4)} `;
  const line = '-'.repeat(width - text.length - 1);
  return isRightwards ? `${text}${line}>` : `<${line}${text}`;
}

/** What an end sends to itself, or one of the others to another. */
function selfArrow(label: string, column: number, columns: number): string {
  const before = bars(0, column);
  const text = `|o ${label}`;
  return column === columns - 1
    ? `${before}${text}`
    : `${before}${text.slice(0, COLUMN).padEnd(COLUMN)}${bars(column + 1, columns)}`;
}

/** The lines of the columns `from` to `to`, exclusive, each with the space to the next. */
function bars(from: number, to: number): string {
  return '|'.padEnd(COLUMN).repeat(Math.max(0, to - from));
}

function rung(message: LadderMessage, ends: readonly string[]): string {
  const [from, to] = [columnOf(ends, message.from), columnOf(ends, message.to)];
  const label = labelOf(message);
  if (from === to) return selfArrow(label, from, ends.length);
  const [left, right] = [Math.min(from, to), Math.max(from, to)];
  const width = (right - left) * COLUMN - 1;
  return `${bars(0, left)}|${arrow(label, width, from < to)}${bars(right, ends.length)}`;
}

/** @returns lines, each with its end; one line when there is nothing */
export function ladderText(messages: readonly LadderMessage[], dropped: number): string {
  if (messages.length === 0) return 'no message yet\n';
  const ends = endsOf(messages);
  const margin = ' '.repeat(TIME_WIDTH + COLUMN / 2);
  const head = ends.map((end) => centred(end, COLUMN - 1)).join(' ');
  const lines = messages.map(
    (message) => `${timeOf(message.wallMs)}${margin.slice(TIME_WIDTH)}${rung(message, ends)}`,
  );
  const older = dropped === 0 ? [] : [`(${String(dropped)} older messages are not kept)`];
  return [...older, `${' '.repeat(TIME_WIDTH)}${head}`, ...lines]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
