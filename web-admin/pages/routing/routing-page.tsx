/** Where a call goes: departments, and the versions of the rules with what each would change. */
import { Alert, App, Button, Card, Input, Popconfirm, Table, Tag } from 'antd';
import { useCallback, useState, type ReactNode } from 'react';
import { ask, type ApiError } from '../base/api.ts';
import { timeText } from '../base/clock.ts';
import { useSpoken } from '../base/i18n.tsx';
import { ErrorNotice, Shown } from '../base/notice.tsx';
import { hasRole, useSite } from '../base/site-context.ts';
import { toApiError, useAsked } from '../base/use-asked.ts';
import {
  readActive,
  readDryRun,
  readRefusal,
  readVersions,
  type DryRun,
  type RoutingVersion,
} from './read-routing.ts';

function Report({ report }: { readonly report: DryRun }): ReactNode {
  const { t } = useSpoken();
  return (
    <Card size="small" title={t('routing.report')} className="gap-above">
      <p>{t('routing.same', { same: report.same, calls: report.calls })}</p>
      <ul>
        {report.moves.map(({ from, to, calls }) => (
          <li key={`${from} ${to}`}>{t('routing.move', { calls, from, to })}</li>
        ))}
      </ul>
      {report.emergenciesLost === 0 ? null : (
        <p className="bad-text">{t('routing.emergenciesLost', { count: report.emergenciesLost })}</p>
      )}
    </Card>
  );
}

interface ActProps {
  readonly act: (work: () => Promise<unknown>, done: string) => void;
  readonly showReport: (report: DryRun | undefined) => void;
}

function Proposal({ act, active }: ActProps & { readonly active: object | undefined }): ReactNode {
  const { t } = useSpoken();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const propose = (): void => {
    let document: object;
    try {
      document = JSON.parse(text) as object;
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      return;
    }
    act(() => ask('POST /api/routing/versions', { body: { document } }), t('routing.proposed'));
  };
  return (
    <Card
      size="small"
      title={t('routing.propose')}
      className="gap-above"
      extra={
        active === undefined ? null : (
          <Button
            size="small"
            onClick={() => {
              setText(JSON.stringify(active, undefined, 2));
            }}
          >
            {t('routing.fromActive')}
          </Button>
        )
      }
    >
      <Input.TextArea
        rows={8}
        value={text}
        aria-label={t('routing.document')}
        placeholder={t('routing.document')}
        status={problem === '' ? '' : 'error'}
        onChange={(event) => {
          setText(event.target.value);
        }}
      />
      {problem === '' ? null : <p className="bad-text">{problem}</p>}
      <Button type="primary" className="gap-above" disabled={text.trim() === ''} onClick={propose}>
        {t('routing.proposeSend')}
      </Button>
    </Card>
  );
}

/** The node that serves this page may still route by the version before. */
function Refusal({ answer }: { readonly answer: unknown }): ReactNode {
  const { t } = useSpoken();
  const refusal = readRefusal(answer);
  return refusal === undefined ? null : (
    <Alert showIcon type="error" title={t('routing.refused', refusal)} className="gap-below" />
  );
}

function Versions({
  versions,
  act,
  showReport,
}: ActProps & { readonly versions: readonly RoutingVersion[] }): ReactNode {
  const { t } = useSpoken();
  const { settings, account } = useSite();
  const mayChange = hasRole(account, 'operations', 'dutyManager', 'systemAdministrator');
  const time = (wallMs: number | null): string =>
    wallMs === null ? '' : timeText(wallMs, settings.zone, true);
  const dryRun = (version: number): void => {
    showReport(undefined);
    act(async () => {
      showReport(
        readDryRun(await ask('POST /api/routing/versions/:version/dry-run', { params: { version } })),
      );
    }, t('routing.dryRunDone'));
  };
  return (
    <Table<RoutingVersion>
      size="small"
      rowKey="version"
      dataSource={[...versions]}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      columns={[
        {
          title: t('routing.version'),
          key: 'version',
          render: (_, { version, isActive }) => (
            <>
              <b>{version}</b> {isActive ? <Tag color="green">{t('routing.active')}</Tag> : null}
            </>
          ),
        },
        {
          title: t('routing.createdBy'),
          key: 'by',
          render: (_, one) => `${one.createdBy} ${time(one.createdWallMs)}`,
        },
        {
          title: t('routing.activatedBy'),
          key: 'activated',
          render: (_, one) => `${one.activatedBy ?? ''} ${time(one.activatedWallMs)}`,
        },
        {
          title: '',
          key: 'act',
          render: (_, { version, isActive }) =>
            isActive || !mayChange ? null : (
              <>
                <Button
                  size="small"
                  onClick={() => {
                    dryRun(version);
                  }}
                >
                  {t('routing.dryRun')}
                </Button>{' '}
                <Popconfirm
                  title={t('routing.activateSure', { version })}
                  onConfirm={() => {
                    act(
                      () => ask('POST /api/routing/versions/:version/activate', { params: { version } }),
                      t('routing.activated'),
                    );
                  }}
                >
                  <Button size="small" type="primary">
                    {t('routing.activate')}
                  </Button>
                </Popconfirm>
              </>
            ),
        },
      ]}
    />
  );
}

export default function RoutingPage(): ReactNode {
  const { t, language } = useSpoken();
  const { directory, account } = useSite();
  const { message } = App.useApp();
  const read = useCallback(() => ask('GET /api/routing'), []);
  const [asked, again] = useAsked(read);
  const [report, setReport] = useState<DryRun>();
  const [error, setError] = useState<ApiError>();
  const act = (work: () => Promise<unknown>, done: string): void => {
    setError(undefined);
    work().then(
      () => {
        void message.success(done);
        again();
      },
      (problem: unknown) => {
        setError(toApiError(problem));
      },
    );
  };
  const mayChange = hasRole(account, 'operations', 'dutyManager', 'systemAdministrator');
  return (
    <>
      <div className="page-head">
        <h1>{t('nav.routing')}</h1>
        {mayChange && asked.value?.['isEditable'] === true ? (
          <Popconfirm
            title={t('routing.rollBackSure')}
            onConfirm={() => {
              act(() => ask('POST /api/routing/roll-back'), t('routing.rolledBack'));
            }}
          >
            <Button>{t('routing.rollBack')}</Button>
          </Popconfirm>
        ) : null}
      </div>
      <Card size="small" title={t('routing.departments')} className="gap-below">
        {directory.departments.map(({ id, names }) => (
          <Tag key={id}>
            {names[language]} <span className="hint">{id}</span>
          </Tag>
        ))}
      </Card>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Shown asked={asked} again={again}>
        {(answer) =>
          answer['isEditable'] !== true ? (
            <Alert showIcon type="info" title={t('error.RPC_UNKNOWN_METHOD')} />
          ) : (
            <>
              <Refusal answer={answer} />
              <Versions versions={readVersions(answer)} act={act} showReport={setReport} />
              {mayChange ? <Proposal act={act} showReport={setReport} active={readActive(answer)} /> : null}
            </>
          )
        }
      </Shown>
      {report === undefined ? null : <Report report={report} />}
    </>
  );
}
