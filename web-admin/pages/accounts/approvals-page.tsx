/** What waits for a second person. */
import { App, Button, Card, Form, Input, InputNumber, Modal, Tag } from 'antd';
import { useCallback, useEffect, useState, type ReactNode } from 'react';
import type { ApprovalView } from '../../api/accounts-api.ts';
import { ask, type ApiError } from '../base/api.ts';
import { timeText } from '../base/clock.ts';
import { useTexts, wordOf } from '../base/i18n.tsx';
import { ErrorNotice, Shown } from '../base/notice.tsx';
import { hasRole, useSite } from '../base/site-context.ts';
import { toApiError, useAsked } from '../base/use-asked.ts';

const ROLES = [
  'operations',
  'dutyManager',
  'complianceOfficer',
  'systemAdministrator',
  'securityAdministrator',
];
const LOOK_MS = 5000;
const COLOURS: Readonly<Record<string, string>> = { pending: 'gold', approved: 'green', refused: 'red' };

function Request({ close, done }: { readonly close: () => void; readonly done: () => void }): ReactNode {
  const t = useTexts();
  const [form] = Form.useForm<{ sentence: string; reason: string; hours: number }>();
  const [error, setError] = useState<ApiError>();
  const send = (body: { sentence: string; reason: string; hours: number }): void => {
    ask('POST /api/approvals', { body }).then(done, (problem: unknown) => {
      setError(toApiError(problem));
    });
  };
  const needed = [{ required: true, message: t('login.needed') }];
  return (
    <Modal
      open
      title={t('approval.ask')}
      onCancel={close}
      onOk={() => {
        form.submit();
      }}
      okText={t('approval.send')}
    >
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ hours: 24 }} onFinish={send}>
        <Form.Item name="sentence" label={t('approval.what')} rules={needed}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="reason" label={t('approval.why')} rules={needed}>
          <Input.TextArea rows={3} maxLength={500} />
        </Form.Item>
        <Form.Item name="hours" label={t('approval.hours')} rules={needed}>
          <InputNumber min={1} max={168} precision={0} />
        </Form.Item>
        {error === undefined ? null : <ErrorNotice error={error} />}
      </Form>
    </Modal>
  );
}

function Approval({ one, again }: { readonly one: ApprovalView; readonly again: () => void }): ReactNode {
  const t = useTexts();
  const { account, settings } = useSite();
  const { message } = App.useApp();
  const isOwn = one.requestedBy === account.accountId;
  const decide = (decision: 'approve' | 'refuse' | 'withdraw'): void => {
    ask('POST /api/approvals/:approvalId/decision', {
      params: { approvalId: one.approvalId },
      body: { decision },
    }).then(again, (error: unknown) => {
      void message.error(toApiError(error).body.message);
    });
  };
  return (
    <Card size="small" className="gap-below">
      <Tag color={COLOURS[one.state] ?? 'default'}>{wordOf(t, 'approvalState', one.state)}</Tag>{' '}
      <b>{one.sentence}</b>
      <p>{one.reason}</p>
      <p className="hint">
        {t('approval.by', {
          name: one.requestedByName,
          time: timeText(one.requestedWallMs, settings.zone, true),
        })}
        {one.decidedByName === null ? '' : ` · ${t('approval.decidedBy', { name: one.decidedByName })}`}
      </p>
      {one.state !== 'pending' || !hasRole(account, ...ROLES) ? null : isOwn ? (
        <>
          <span className="hint">{t('approval.other')}</span>{' '}
          <Button
            size="small"
            onClick={() => {
              decide('withdraw');
            }}
          >
            {t('approval.withdraw')}
          </Button>
        </>
      ) : (
        <>
          <Button
            size="small"
            type="primary"
            onClick={() => {
              decide('approve');
            }}
          >
            {t('approval.approve')}
          </Button>{' '}
          <Button
            size="small"
            danger
            onClick={() => {
              decide('refuse');
            }}
          >
            {t('approval.refuse')}
          </Button>
        </>
      )}
    </Card>
  );
}

export default function ApprovalsPage(): ReactNode {
  const t = useTexts();
  const { account } = useSite();
  const [isAsking, setAsking] = useState(false);
  const read = useCallback(() => ask('GET /api/approvals'), []);
  const [asked, again] = useAsked(read);
  useEffect(() => {
    const timer = window.setInterval(again, LOOK_MS);
    return () => {
      window.clearInterval(timer);
    };
  }, [again]);
  return (
    <>
      <div className="page-head">
        <h1>{t('nav.approvals')}</h1>
        {hasRole(account, ...ROLES) ? (
          <Button
            type="primary"
            onClick={() => {
              setAsking(true);
            }}
          >
            {t('approval.ask')}
          </Button>
        ) : null}
      </div>
      <Shown asked={asked} again={again} isEmpty={(all) => all.length === 0} emptyText={t('approval.none')}>
        {(all) => all.map((one) => <Approval key={one.approvalId} one={one} again={again} />)}
      </Shown>
      {isAsking ? (
        <Request
          close={() => {
            setAsking(false);
          }}
          done={() => {
            setAsking(false);
            again();
          }}
        />
      ) : null}
    </>
  );
}
