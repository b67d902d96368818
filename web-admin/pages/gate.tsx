/** Nobody gets further than the login without a session. */
import { Spin } from 'antd';
import { useCallback, useEffect, useState, type ReactNode } from 'react';
import type { SessionView } from '../api/session-api.ts';
import type { SettingsView } from '../api/site-api.ts';
import type { Directory } from '../live/directory.ts';
import { ask } from './base/api.ts';
import { startLive, stopLive, useLive } from './base/live.ts';
import { ErrorNotice } from './base/notice.tsx';
import { useRoute } from './base/route.ts';
import { Site } from './base/site-context.ts';
import { toApiError, useAsked } from './base/use-asked.ts';
import { Frame } from './frame.tsx';
import { LoginPage } from './login/login-page.tsx';
import type { ApiError } from './base/api.ts';

export interface GateProps {
  readonly isDark: boolean;
  readonly setDark: (isDark: boolean) => void;
}

const AGAIN_MS = 2000;
const RENEW_MS = 60_000;
const DIRECTORY_MS = 10_000;

/** Somebody who moves is there; a wall board is there as long as it hangs. */
function useRenewal(isOpen: boolean, isWall: boolean, over: () => void): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    let isActive = false;
    const note = (): void => {
      isActive = true;
    };
    for (const name of ['pointerdown', 'keydown'] as const) window.addEventListener(name, note);
    const timer = window.setInterval(() => {
      if (!isActive && !isWall) return;
      isActive = false;
      ask('POST /api/session/renew').catch((error: unknown) => {
        if (toApiError(error).status === 401) over();
      });
    }, RENEW_MS);
    return () => {
      window.clearInterval(timer);
      for (const name of ['pointerdown', 'keydown'] as const) window.removeEventListener(name, note);
    };
  }, [isOpen, isWall, over]);
}

function Inside({ session, setSession, isDark, setDark }: GateProps & InsideProps): ReactNode {
  const readSettings = useCallback(
    async (): Promise<readonly [SettingsView, Directory]> =>
      Promise.all([ask('GET /api/settings'), ask('GET /api/directory')]),
    [],
  );
  const [asked, again] = useAsked(readSettings);
  const route = useRoute();
  const { link } = useLive();
  const leave = useCallback(() => {
    setSession({ state: 'none', isFirst: false, node: '' });
  }, [setSession]);
  useRenewal(true, route === 'wall', leave);
  useEffect(() => {
    startLive();
    return stopLive;
  }, []);
  useEffect(() => {
    if (link === 'over') leave();
  }, [link, leave]);
  const isIncomplete = asked.value !== undefined && asked.value[1].departments.length === 0;
  useEffect(() => {
    // Departments are there once call control answers, and change with the rules.
    const timer = window.setInterval(again, isIncomplete ? AGAIN_MS : DIRECTORY_MS);
    return () => {
      window.clearInterval(timer);
    };
  }, [again, isIncomplete]);
  const { account } = session;
  if (account === undefined) return null;
  if (asked.value === undefined)
    return asked.state === 'failed' ? <ErrorNotice error={asked.error} again={again} /> : <Spin fullscreen />;
  const [settings, directory] = asked.value;
  return (
    <Site value={{ account, settings, directory, setSession, isDark }}>
      <Frame isDark={isDark} setDark={setDark} />
    </Site>
  );
}

interface InsideProps {
  readonly session: SessionView;
  readonly setSession: (session: SessionView) => void;
}

export function Gate({ isDark, setDark }: GateProps): ReactNode {
  const [session, setSession] = useState<SessionView>();
  const [error, setError] = useState<ApiError>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    let timer: number | undefined;
    ask('GET /api/session').then(
      (found) => {
        setError(undefined);
        setSession(found);
      },
      (problem: unknown) => {
        setError(toApiError(problem));
        // The node may be one that is dying: the same name soon leads to another.
        timer = window.setTimeout(() => {
          setRound((before) => before + 1);
        }, AGAIN_MS);
      },
    );
    return () => {
      window.clearTimeout(timer);
    };
  }, [round]);
  if (session === undefined) return error === undefined ? <Spin fullscreen /> : <ErrorNotice error={error} />;
  if (session.state !== 'open')
    return <LoginPage session={session} setSession={setSession} isDark={isDark} setDark={setDark} />;
  return <Inside session={session} setSession={setSession} isDark={isDark} setDark={setDark} />;
}
