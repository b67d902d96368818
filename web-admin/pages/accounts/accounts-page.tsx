/** Who may use the panel and as what; and what people have done at it. */
import { App, Button, Form, Input, Modal, Popconfirm, Select, Switch, Table, Tabs, Tag } from 'antd';
import { useCallback, useState, type ReactNode } from 'react';
import type { AuditEntry } from '../../../cluster/store/identity-port.ts';
import type { AccountView } from '../../api/session-api.ts';
import { ROLES, SEPARATED_ROLES, type Role } from '../../identity/roles.ts';
import { ask, type ApiError } from '../base/api.ts';
import { timeText } from '../base/clock.ts';
import { useSpoken, useTexts, wordOf } from '../base/i18n.tsx';
import { ErrorNotice, Shown } from '../base/notice.tsx';
import { hasRole, useSite } from '../base/site-context.ts';
import { toApiError, useAsked } from '../base/use-asked.ts';

interface Values {
  readonly name: string;
  readonly displayName: string;
  readonly password?: string;
  readonly roles: Role[];
  readonly departments: string[];
  readonly isDisabled: boolean;
  readonly resetSecondFactor: boolean;
}

function save(account: AccountView | undefined, values: Values): Promise<AccountView> {
  const { name, password, isDisabled, resetSecondFactor, ...fields } = values;
  if (account === undefined)
    return ask('POST /api/accounts', { body: { ...fields, name, password: password ?? '' } });
  return ask('PATCH /api/accounts/:accountId', {
    params: { accountId: account.accountId },
    body: {
      ...fields,
      ...{ revision: account.revision, isDisabled },
      ...(resetSecondFactor ? { resetSecondFactor } : {}),
      ...(password === undefined || password === '' ? {} : { password }),
    },
  });
}

/** The server refuses it as well; here it is said before. */
function separated(roles: readonly string[]): boolean {
  return SEPARATED_ROLES.filter((role) => roles.includes(role)).length > 1;
}

function AccountForm(props: {
  readonly account: AccountView | undefined;
  readonly close: () => void;
  readonly done: () => void;
}): ReactNode {
  const { account, close, done } = props;
  const { t, language } = useSpoken();
  const { directory } = useSite();
  const [form] = Form.useForm<Values>();
  const [error, setError] = useState<ApiError>();
  const needed = { required: true, message: t('login.needed') };
  const send = (values: Values): void => {
    save(account, values).then(done, (problem: unknown) => {
      const failed = toApiError(problem);
      form.setFields(
        (failed.body.fields ?? []).map(({ path, fix }) => ({
          name: path.split('.')[0] as keyof Values,
          errors: [fix],
        })),
      );
      setError(failed);
    });
  };
  const initial = account ?? { departments: [], roles: [], isDisabled: false };
  return (
    <Modal
      open
      title={t(account === undefined ? 'account.add' : 'account.change')}
      onCancel={close}
      onOk={() => {
        form.submit();
      }}
      okText={t('account.save')}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ ...initial, resetSecondFactor: false }}
        onFinish={send}
      >
        <Form.Item name="name" label={t('login.name')} rules={[needed]}>
          <Input disabled={account !== undefined} maxLength={32} autoComplete="off" />
        </Form.Item>
        <Form.Item name="displayName" label={t('first.displayName')} rules={[needed]}>
          <Input maxLength={64} autoComplete="off" />
        </Form.Item>
        <Form.Item
          name="roles"
          label={t('account.roles')}
          rules={[
            needed,
            {
              validator: (_, roles: readonly string[] = []) =>
                separated(roles) ? Promise.reject(new Error(t('account.separated'))) : Promise.resolve(),
            },
          ]}
        >
          <Select
            mode="multiple"
            options={ROLES.map((role) => ({ value: role, label: wordOf(t, 'role', role) }))}
          />
        </Form.Item>
        <Form.Item name="departments" label={t('account.departments')} extra={t('account.departmentsHelp')}>
          <Select
            mode="multiple"
            options={directory.departments.map(({ id, names }) => ({ value: id, label: names[language] }))}
          />
        </Form.Item>
        <Form.Item
          name="password"
          label={t(account === undefined ? 'account.password' : 'account.newPassword')}
          rules={[{ required: account === undefined, min: 12, message: t('first.passwordHelp') }]}
        >
          <Input.Password autoComplete="new-password" maxLength={128} />
        </Form.Item>
        {account === undefined ? null : (
          <>
            <Form.Item name="isDisabled" label={t('account.disabled')} valuePropName="checked">
              <Switch />
            </Form.Item>
            <Form.Item name="resetSecondFactor" label={t('account.resetSecond')} valuePropName="checked">
              <Switch />
            </Form.Item>
          </>
        )}
        {error === undefined ? null : <ErrorNotice error={error} />}
      </Form>
    </Modal>
  );
}

function Accounts(): ReactNode {
  const t = useTexts();
  const { account: own } = useSite();
  const { message } = App.useApp();
  const read = useCallback(() => ask('GET /api/accounts'), []);
  const [asked, again] = useAsked(read);
  const [shown, setShown] = useState<{ readonly account: AccountView | undefined }>();
  const mayChange = hasRole(own, 'securityAdministrator');
  const revoke = ({ accountId }: AccountView): void => {
    ask('POST /api/accounts/:accountId/revoke', { params: { accountId } }).then(
      () => {
        void message.success(t('account.revoked'));
      },
      (error: unknown) => {
        void message.error(toApiError(error).body.message);
      },
    );
  };
  return (
    <>
      {mayChange ? (
        <Button
          type="primary"
          className="gap-below"
          onClick={() => {
            setShown({ account: undefined });
          }}
        >
          {t('account.add')}
        </Button>
      ) : null}
      <Shown asked={asked} again={again}>
        {(accounts) => (
          <Table<AccountView>
            size="small"
            rowKey="accountId"
            dataSource={[...accounts]}
            pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
            columns={[
              { title: t('login.name'), dataIndex: 'name' },
              { title: t('first.displayName'), dataIndex: 'displayName' },
              {
                title: t('account.roles'),
                dataIndex: 'roles',
                render: (roles: readonly string[]) =>
                  roles.map((role) => <Tag key={role}>{wordOf(t, 'role', role)}</Tag>),
              },
              {
                title: t('account.second'),
                key: 'second',
                render: (_, { hasTotp, passkeys }) =>
                  [hasTotp ? 'TOTP' : '', passkeys.length > 0 ? t('settings.passkeys') : '']
                    .filter(Boolean)
                    .join(' · '),
              },
              {
                title: t('account.state'),
                dataIndex: 'isDisabled',
                render: (isDisabled: boolean) => (
                  <Tag color={isDisabled ? 'red' : 'green'}>
                    {t(isDisabled ? 'account.disabled' : 'account.enabled')}
                  </Tag>
                ),
              },
              {
                title: '',
                key: 'act',
                render: (_, account) =>
                  mayChange ? (
                    <>
                      <Button
                        size="small"
                        onClick={() => {
                          setShown({ account });
                        }}
                      >
                        {t('account.change')}
                      </Button>{' '}
                      <Popconfirm
                        title={t('account.revokeSure')}
                        onConfirm={() => {
                          revoke(account);
                        }}
                      >
                        <Button size="small">{t('account.revoke')}</Button>
                      </Popconfirm>
                    </>
                  ) : null,
              },
            ]}
          />
        )}
      </Shown>
      {shown === undefined ? null : (
        <AccountForm
          account={shown.account}
          close={() => {
            setShown(undefined);
          }}
          done={() => {
            setShown(undefined);
            again();
          }}
        />
      )}
    </>
  );
}

function Audit(): ReactNode {
  const t = useTexts();
  const { settings } = useSite();
  const read = useCallback(() => ask('GET /api/audit', { query: { limit: 200 } }), []);
  const [asked, again] = useAsked(read);
  return (
    <Shown asked={asked} again={again} isEmpty={(entries) => entries.length === 0}>
      {(entries) => (
        <Table<AuditEntry>
          size="small"
          rowKey="entryId"
          dataSource={[...entries]}
          pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
          columns={[
            {
              title: t('audit.time'),
              dataIndex: 'wallMs',
              render: (wallMs: number) => timeText(wallMs, settings.zone, true),
            },
            { title: t('calls.node'), dataIndex: 'node', render: (node: string) => node.toUpperCase() },
            { title: t('audit.actor'), dataIndex: 'actor' },
            {
              title: t('audit.action'),
              dataIndex: 'action',
              render: (action: string) => wordOf(t, 'audit', action),
            },
            { title: t('audit.subject'), dataIndex: 'subject' },
            {
              title: t('audit.outcome'),
              dataIndex: 'outcome',
              render: (outcome: string) => (
                <Tag color={outcome === 'done' ? 'green' : 'red'}>{wordOf(t, 'outcome', outcome)}</Tag>
              ),
            },
          ]}
        />
      )}
    </Shown>
  );
}

export default function AccountsPage(): ReactNode {
  const t = useTexts();
  const { account } = useSite();
  const items = [
    {
      key: 'accounts',
      label: t('nav.accounts'),
      children: <Accounts />,
      roles: ['securityAdministrator', 'auditAdministrator', 'auditor'],
    },
    {
      key: 'audit',
      label: t('audit.title'),
      children: <Audit />,
      roles: ['auditAdministrator', 'auditor', 'complianceOfficer'],
    },
  ];
  return (
    <>
      <h1>{t('nav.accounts')}</h1>
      <Tabs
        items={items
          .filter(({ roles }) => hasRole(account, ...roles))
          .map(({ key, label, children }) => ({ key, label, children }))}
      />
    </>
  );
}
