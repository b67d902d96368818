/**
 * The live picture in the page. One stream; when the node that serves it dies, the stream is opened anew at the same host
 * name until another node answers, and the page says both.
 */
import { useSyncExternalStore } from 'react';
import type { LivePicture } from '../../live/live-picture.ts';

export interface LiveState {
  /** Undefined before the first. */
  readonly picture: LivePicture | undefined;
  /** lost: what is shown is what was. over: the session has ended. */
  readonly link: 'opening' | 'open' | 'lost' | 'over';
  /** Of this browser's clock: when the last word came. */
  readonly heardAtMs: number;
  /** What this browser's clock has to be added to be the node's. */
  readonly skewMs: number;
  /** The node before the one that serves now, when it has changed since the page was opened. */
  readonly servedBefore: string | undefined;
}

/** Beats come every second. */
const SILENT_MS_MAX = 3000;
const REOPEN_MS = 700;
const WATCH_MS = 500;

let state: LiveState = {
  picture: undefined,
  link: 'opening',
  heardAtMs: 0,
  skewMs: 0,
  servedBefore: undefined,
};
const listeners = new Set<() => void>();
let source: EventSource | undefined;
let openedAtMs = 0;
let watch: number | undefined;

function set(change: Partial<LiveState>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

function heard(atWallMs: number | undefined): Partial<LiveState> {
  const nowMs = Date.now();
  return { link: 'open', heardAtMs: nowMs, ...(atWallMs === undefined ? {} : { skewMs: atWallMs - nowMs }) };
}

function takePicture(text: string): void {
  const part = JSON.parse(text) as Partial<LivePicture>;
  const before = state.picture;
  const picture = { ...before, ...part } as LivePicture;
  const hasMoved = before !== undefined && part.node !== undefined && part.node !== before.node;
  set({
    picture,
    ...heard(part.atWallMs),
    ...(hasMoved ? { servedBefore: before.node } : {}),
  });
}

function open(): void {
  source?.close();
  openedAtMs = Date.now();
  const opened = new EventSource('/api/stream');
  source = opened;
  opened.addEventListener('picture', (event: MessageEvent<string>) => {
    takePicture(event.data);
  });
  opened.addEventListener('beat', (event: MessageEvent<string>) => {
    set(heard(Number(event.data)));
  });
  opened.addEventListener('over', () => {
    opened.close();
    set({ link: 'over' });
  });
}

/** A node that lost its power sends no end of a connection: silence is what tells. */
function look(): void {
  if (state.link === 'over') return;
  const nowMs = Date.now();
  if (nowMs - state.heardAtMs <= SILENT_MS_MAX) return;
  if (state.link === 'open') set({ link: 'lost' });
  const isClosed = source?.readyState === EventSource.CLOSED;
  if (nowMs - openedAtMs > (isClosed ? REOPEN_MS : SILENT_MS_MAX)) open();
}

export function startLive(): void {
  if (watch !== undefined) return;
  state = { ...state, link: 'opening', heardAtMs: Date.now() };
  open();
  watch = window.setInterval(look, WATCH_MS);
}

export function stopLive(): void {
  source?.close();
  window.clearInterval(watch);
  watch = undefined;
  source = undefined;
  set({ picture: undefined, link: 'opening', servedBefore: undefined });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLive(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}

/** For what counts seconds: the clock of the nodes, not that of this desk. */
export function nodeNowMs(): number {
  return Date.now() + state.skewMs;
}
