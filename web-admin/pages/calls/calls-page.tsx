/** Calls that are, and calls that were. */
import { Tabs } from 'antd';
import type { ReactNode } from 'react';
import { useTexts } from '../base/i18n.tsx';
import { LiveCalls } from './live-calls.tsx';
import { CallRecords } from './call-records.tsx';

export default function CallsPage(): ReactNode {
  const t = useTexts();
  return (
    <>
      <h1>{t('nav.calls')}</h1>
      <Tabs
        items={[
          { key: 'live', label: t('calls.live'), children: <LiveCalls /> },
          { key: 'records', label: t('calls.records'), children: <CallRecords /> },
        ]}
      />
    </>
  );
}
