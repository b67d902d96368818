/** The states of a page that has nothing to show yet, or no more. */
import { Alert, Button, Empty, Skeleton } from 'antd';
import type { ReactNode } from 'react';
import type { ApiError } from './api.ts';
import { useTexts, wordOf } from './i18n.tsx';
import type { Asked } from './use-asked.ts';

export function ErrorNotice({
  error,
  again,
}: {
  readonly error: ApiError;
  readonly again?: () => void;
}): ReactNode {
  const t = useTexts();
  const { code, message, action } = error.body;
  const known = wordOf(t, 'error', code);
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={known === code ? message : known}
      description={
        <>
          {known === code ? action : null} <span className="code">{code}</span>
          {(error.body.fields ?? []).map(({ path, fix }) => (
            <div key={path}>
              <b>{path}</b> {fix}
            </div>
          ))}
        </>
      }
      action={again === undefined ? null : <Button onClick={again}>{t('common.again')}</Button>}
    />
  );
}

export function Shown<T>(props: {
  readonly asked: Asked<T>;
  readonly again: () => void;
  readonly isEmpty?: (value: T) => boolean;
  readonly emptyText?: string;
  readonly children: (value: T) => ReactNode;
}): ReactNode {
  const { asked, again, isEmpty, emptyText, children } = props;
  const t = useTexts();
  const { value } = asked;
  const notice = asked.state === 'failed' ? <ErrorNotice error={asked.error} again={again} /> : null;
  if (value === undefined) return notice ?? <Skeleton active paragraph={{ rows: 6 }} />;
  return (
    <>
      {notice}
      {isEmpty?.(value) === true ? <Empty description={emptyText ?? t('common.nothing')} /> : children(value)}
    </>
  );
}
