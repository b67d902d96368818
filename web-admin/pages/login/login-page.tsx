/** Two steps: a password, then a second factor; the very first time, a code of the node and an account. */
import { startAuthentication } from '@simplewebauthn/browser';
import { Button, Card, Form, Input, QRCode, Steps, Typography, type FormInstance } from 'antd';
import { useEffect, useState, type ReactNode } from 'react';
import type { SessionView } from '../../api/session-api.ts';
import { ask, type ApiError } from '../base/api.ts';
import { useSpoken, useTexts } from '../base/i18n.tsx';
import { ErrorNotice } from '../base/notice.tsx';
import { toApiError } from '../base/use-asked.ts';
import type { GateProps } from '../gate.tsx';

interface StepProps {
  readonly session: SessionView;
  readonly setSession: (session: SessionView) => void;
}

/** Sends a form; what is wrong with a field is said at the field. */
function useSubmit(setSession: (session: SessionView) => void, form?: FormInstance) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const submit = (work: () => Promise<SessionView>): void => {
    setBusy(true);
    setError(undefined);
    work()
      .then(setSession, (problem: unknown) => {
        const failed = toApiError(problem);
        const fields = failed.body.fields ?? [];
        form?.setFields(fields.map(({ path, fix }) => ({ name: path, errors: [fix] })));
        setError(failed);
      })
      .finally(() => {
        setBusy(false);
      });
  };
  return { isBusy, error, submit };
}

function PasswordStep({ setSession }: StepProps): ReactNode {
  const t = useTexts();
  const [form] = Form.useForm<{ name: string; password: string }>();
  const { isBusy, error, submit } = useSubmit(setSession, form);
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={(body) => {
        submit(() => ask('POST /api/session', { body }));
      }}
    >
      <Form.Item
        name="name"
        label={t('login.name')}
        rules={[{ required: true, message: t('login.nameNeeded') }]}
      >
        <Input autoComplete="username" autoFocus maxLength={64} />
      </Form.Item>
      <Form.Item
        name="password"
        label={t('login.password')}
        rules={[{ required: true, message: t('login.passwordNeeded') }]}
      >
        <Input.Password autoComplete="current-password" maxLength={128} />
      </Form.Item>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Button type="primary" htmlType="submit" block size="large" loading={isBusy} className="gap-above">
        {t('login.next')}
      </Button>
    </Form>
  );
}

function FirstStep({ setSession }: StepProps): ReactNode {
  const t = useTexts();
  const [form] = Form.useForm<{ code: string; name: string; displayName: string; password: string }>();
  const { isBusy, error, submit } = useSubmit(setSession, form);
  const needed = [{ required: true, message: t('login.needed') }];
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={(body) => {
        submit(() => ask('POST /api/session/first', { body }));
      }}
    >
      <Typography.Paragraph>{t('first.intro')}</Typography.Paragraph>
      <Form.Item name="code" label={t('first.code')} rules={needed} extra={t('first.codeHelp')}>
        <Input autoComplete="off" autoFocus maxLength={40} />
      </Form.Item>
      <Form.Item name="name" label={t('login.name')} rules={needed}>
        <Input autoComplete="username" maxLength={32} />
      </Form.Item>
      <Form.Item name="displayName" label={t('first.displayName')} rules={needed}>
        <Input autoComplete="name" maxLength={64} />
      </Form.Item>
      <Form.Item
        name="password"
        label={t('login.password')}
        extra={t('first.passwordHelp')}
        rules={[...needed, { min: 12, message: t('first.passwordHelp') }]}
      >
        <Input.Password autoComplete="new-password" maxLength={128} />
      </Form.Item>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Button type="primary" htmlType="submit" block size="large" loading={isBusy} className="gap-above">
        {t('first.make')}
      </Button>
    </Form>
  );
}

function CodeForm({
  setSession,
  label,
}: {
  readonly setSession: StepProps['setSession'];
  readonly label: string;
}): ReactNode {
  const t = useTexts();
  const [form] = Form.useForm<{ code: string }>();
  const { isBusy, error, submit } = useSubmit(setSession, form);
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={({ code }) => {
        submit(() => ask('POST /api/session/totp', { body: { code: code.replaceAll(' ', '') } }));
      }}
    >
      <Form.Item name="code" label={label} rules={[{ required: true, message: t('second.codeNeeded') }]}>
        <Input
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          maxLength={7}
          size="large"
          className="code-input"
        />
      </Form.Item>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Button type="primary" htmlType="submit" block size="large" loading={isBusy} className="gap-above">
        {t('second.finish')}
      </Button>
    </Form>
  );
}

function EnrolStep({ setSession }: StepProps): ReactNode {
  const t = useTexts();
  const [made, setMade] = useState<{ key: string; uri: string }>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    let isCurrent = true;
    ask('POST /api/session/totp/enrol').then(
      (answer) => {
        if (isCurrent) setMade(answer);
      },
      (problem: unknown) => {
        if (isCurrent) setError(toApiError(problem));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  return (
    <>
      <Typography.Paragraph>{t('second.enrol')}</Typography.Paragraph>
      {error === undefined ? null : <ErrorNotice error={error} />}
      {made === undefined ? null : (
        <div className="enrol">
          <QRCode value={made.uri} size={168} type="svg" bgColor="#ffffff" color="#000000" />
          <Typography.Text copyable code className="key">
            {made.key}
          </Typography.Text>
        </div>
      )}
      <CodeForm setSession={setSession} label={t('second.code')} />
    </>
  );
}

function PasskeyButton({ setSession }: StepProps): ReactNode {
  const t = useTexts();
  const { isBusy, error, submit } = useSubmit(setSession);
  const use = (): void => {
    submit(async () => {
      const optionsJSON = await ask('POST /api/session/passkey/options');
      const response = await startAuthentication({
        optionsJSON: optionsJSON as Parameters<typeof startAuthentication>[0]['optionsJSON'],
      });
      return ask('POST /api/session/passkey', { body: { response } });
    });
  };
  return (
    <>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Button block size="large" loading={isBusy} onClick={use} className="gap-above">
        {t('second.passkey')}
      </Button>
    </>
  );
}

function SecondStep(props: StepProps): ReactNode {
  const t = useTexts();
  const { session, setSession } = props;
  if (session.second?.enrol === true) return <EnrolStep {...props} />;
  return (
    <>
      {session.second?.totp === true ? <CodeForm setSession={setSession} label={t('second.code')} /> : null}
      {session.second?.passkey === true ? <PasskeyButton {...props} /> : null}
    </>
  );
}

export function LoginPage(props: StepProps & GateProps): ReactNode {
  const { session } = props;
  const { t, language, setLanguage } = useSpoken();
  const isSecond = session.state === 'second';
  return (
    <main className="login">
      <Card className="login-card">
        <div className="login-head">
          <h1>
            <span className="brand-mark" aria-hidden="true" /> Wardline
          </h1>
          <Button
            type="text"
            onClick={() => {
              setLanguage(language === 'zh' ? 'en' : 'zh');
            }}
            lang={language === 'zh' ? 'en' : 'zh-CN'}
          >
            {language === 'zh' ? 'English' : '中文'}
          </Button>
        </div>
        <Steps
          size="small"
          current={isSecond ? 1 : 0}
          items={[
            { title: t(session.isFirst ? 'first.title' : 'login.title') },
            { title: t('second.title') },
          ]}
          className="gap-below"
        />
        {isSecond ? (
          <SecondStep {...props} />
        ) : session.isFirst ? (
          <FirstStep {...props} />
        ) : (
          <PasswordStep {...props} />
        )}
        <p className="login-foot">
          {session.node === '' ? '' : t('head.servedBy', { node: session.node.toUpperCase() })}
        </p>
      </Card>
    </main>
  );
}
