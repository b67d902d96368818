/** What is asked once, or again when somebody wants it: with its states, so that a page can show each of them. */
import { useCallback, useEffect, useState } from 'react';
import { ApiError } from './api.ts';

export type Asked<T> =
  | { readonly state: 'loading'; readonly value?: T }
  | { readonly state: 'done'; readonly value: T }
  /** What was known before is still shown. */
  | { readonly state: 'failed'; readonly error: ApiError; readonly value?: T };

export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(0, { code: 'PAGE', message, action: '', retryable: false });
}

/** @param ask the same function as long as the question is the same (useCallback) */
export function useAsked<T>(ask: () => Promise<T>): readonly [Asked<T>, () => void] {
  const [asked, setAsked] = useState<Asked<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    const settle = (next: (before: Asked<T>) => Asked<T>): void => {
      if (isCurrent) setAsked(next);
    };
    ask().then(
      (value) => {
        settle(() => ({ state: 'done', value }));
      },
      (error: unknown) => {
        const failed = { state: 'failed', error: toApiError(error) } as const;
        settle((before) => (before.value === undefined ? failed : { ...failed, value: before.value }));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [ask, round]);
  const again = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  return [asked, again];
}
