/** What callers hear, to listen to. */
import { Table } from 'antd';
import { useCallback, type ReactNode } from 'react';
import type { PromptView } from '../../api/site-api.ts';
import { ask, urlOf } from '../base/api.ts';
import { durationText } from '../base/clock.ts';
import { useTexts } from '../base/i18n.tsx';
import { Shown } from '../base/notice.tsx';
import { useAsked } from '../base/use-asked.ts';

export default function PromptsPage(): ReactNode {
  const t = useTexts();
  const read = useCallback(() => ask('GET /api/prompts'), []);
  const [asked, again] = useAsked(read);
  return (
    <>
      <h1>{t('nav.prompts')}</h1>
      <Shown
        asked={asked}
        again={again}
        isEmpty={(prompts) => prompts.length === 0}
        emptyText={t('prompt.none')}
      >
        {(prompts) => (
          <Table<PromptView>
            size="small"
            rowKey={({ language, name }) => `${language}/${name}`}
            dataSource={[...prompts]}
            pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
            columns={[
              { title: t('prompt.language'), dataIndex: 'language' },
              { title: t('prompt.name'), dataIndex: 'name' },
              { title: t('prompt.length'), dataIndex: 'ms', render: (ms: number) => durationText(ms) },
              {
                title: t('prompt.listen'),
                key: 'listen',
                render: (_, { language, name }) => (
                  <audio
                    controls
                    preload="none"
                    aria-label={`${t('prompt.listen')} ${name}`}
                    src={urlOf('/api/prompts/:language/:name', { params: { language, name } })}
                  />
                ),
              },
            ]}
          />
        )}
      </Shown>
    </>
  );
}
