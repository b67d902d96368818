/** What the site is told to be, and what belongs to the person who is logged in. */
import { startRegistration } from '@simplewebauthn/browser';
import { App, Button, Card, Form, Input } from 'antd';
import { useState, type ReactNode } from 'react';
import { ask, type ApiError } from '../base/api.ts';
import { timeText } from '../base/clock.ts';
import { useTexts } from '../base/i18n.tsx';
import { ErrorNotice } from '../base/notice.tsx';
import { useSite } from '../base/site-context.ts';
import { toApiError } from '../base/use-asked.ts';

function PasswordForm(): ReactNode {
  const t = useTexts();
  const { message } = App.useApp();
  const [form] = Form.useForm<{ old: string; password: string }>();
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const send = (body: { old: string; password: string }): void => {
    setBusy(true);
    setError(undefined);
    ask('POST /api/session/password', { body })
      .then(
        () => {
          form.resetFields();
          void message.success(t('settings.passwordDone'));
        },
        (problem: unknown) => {
          const failed = toApiError(problem);
          form.setFields(
            (failed.body.fields ?? []).map(({ path, fix }) => ({ name: path as 'old', errors: [fix] })),
          );
          setError(failed);
        },
      )
      .finally(() => {
        setBusy(false);
      });
  };
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={send}>
      <Form.Item
        name="old"
        label={t('settings.oldPassword')}
        rules={[{ required: true, message: t('login.needed') }]}
      >
        <Input.Password autoComplete="current-password" maxLength={128} />
      </Form.Item>
      <Form.Item
        name="password"
        label={t('settings.newPassword')}
        rules={[{ required: true, min: 12, message: t('first.passwordHelp') }]}
      >
        <Input.Password autoComplete="new-password" maxLength={128} />
      </Form.Item>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Button type="primary" htmlType="submit" loading={isBusy}>
        {t('settings.changePassword')}
      </Button>
    </Form>
  );
}

function Passkeys(): ReactNode {
  const t = useTexts();
  const { account, settings, setSession } = useSite();
  const { message } = App.useApp();
  const [name, setName] = useState('');
  const [error, setError] = useState<ApiError>();
  const add = async (): Promise<void> => {
    const optionsJSON = await ask('POST /api/passkeys/options');
    const response = await startRegistration({
      optionsJSON: optionsJSON as Parameters<typeof startRegistration>[0]['optionsJSON'],
    });
    await ask('POST /api/passkeys', { body: { name, response } });
    setSession(await ask('GET /api/session'));
    setName('');
    void message.success(t('settings.passkeyDone'));
  };
  return (
    <>
      <ul className="plain">
        {account.passkeys.map((passkey) => (
          <li key={`${passkey.name} ${String(passkey.addedWallMs)}`}>
            {passkey.name} <span className="hint">{timeText(passkey.addedWallMs, settings.zone, true)}</span>
          </li>
        ))}
      </ul>
      <p className="hint">{t('settings.passkeyHelp')}</p>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Input
        className="input-short"
        aria-label={t('settings.passkeyName')}
        placeholder={t('settings.passkeyName')}
        maxLength={40}
        value={name}
        onChange={(event) => {
          setName(event.target.value);
        }}
      />{' '}
      <Button
        disabled={name.trim() === ''}
        onClick={() => {
          setError(undefined);
          add().catch((problem: unknown) => {
            setError(toApiError(problem));
          });
        }}
      >
        {t('settings.addPasskey')}
      </Button>
    </>
  );
}

export default function SettingsPage(): ReactNode {
  const t = useTexts();
  const { settings } = useSite();
  const facts = [
    [t('settings.site'), settings.siteId],
    [t('settings.layout'), settings.layout],
    [t('settings.zone'), settings.zone],
    [t('settings.version'), settings.version],
    [t('settings.adverts'), `${String(settings.advertIntervalMs)} ms`],
    ...Object.entries(settings.ports).map(
      ([name, port]) => [`${t('settings.port')} ${name}`, String(port)] as const,
    ),
  ] as const;
  return (
    <>
      <h1>{t('nav.settings')}</h1>
      <div className="nodes">
        <Card size="small" title={t('settings.siteTitle')}>
          <dl className="facts">
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </Card>
        <Card size="small" title={t('settings.passkeys')}>
          <Passkeys />
        </Card>
        <Card size="small" title={t('settings.password')}>
          <PasswordForm />
        </Card>
      </div>
    </>
  );
}
