/** Around every page: where one can go, how the site is in one line, who is logged in. */
import {
  ApiOutlined,
  AuditOutlined,
  BranchesOutlined,
  ClusterOutlined,
  CustomerServiceOutlined,
  DashboardOutlined,
  LogoutOutlined,
  MoonOutlined,
  PhoneOutlined,
  SettingOutlined,
  SoundOutlined,
  SunOutlined,
  TeamOutlined,
} from '@ant-design/icons';
import { Badge, Button, Layout, Menu, Spin, Tooltip } from 'antd';
import { lazy, Suspense, type ComponentType, type ReactNode } from 'react';
import { ask } from './base/api.ts';
import { timeText, useNow } from './base/clock.ts';
import { useSpoken, useTexts } from './base/i18n.tsx';
import { useLive } from './base/live.ts';
import { goTo, useRoute } from './base/route.ts';
import { hasRole, useSite } from './base/site-context.ts';
import type { TextKey } from './base/texts-zh.ts';
import type { GateProps } from './gate.tsx';
import { OverviewPage } from './overview/overview-page.tsx';

interface Page {
  readonly route: string;
  readonly title: TextKey;
  readonly icon: ReactNode;
  readonly component: ComponentType;
  /** Undefined: everybody's. */
  readonly roles?: readonly string[];
}

const CALL_ROLES = ['operations', 'dutyManager', 'supervisor', 'complianceOfficer', 'callTaker'];

/** All but the first are fetched when somebody goes there. */
const PAGES: readonly Page[] = [
  { route: 'overview', title: 'nav.overview', icon: <DashboardOutlined />, component: OverviewPage },
  {
    route: 'calls',
    title: 'nav.calls',
    icon: <PhoneOutlined />,
    component: lazy(() => import('./calls/calls-page.tsx')),
    roles: CALL_ROLES,
  },
  {
    route: 'people',
    title: 'nav.people',
    icon: <CustomerServiceOutlined />,
    component: lazy(() => import('./people/people-page.tsx')),
  },
  {
    route: 'nodes',
    title: 'nav.nodes',
    icon: <ClusterOutlined />,
    component: lazy(() => import('./nodes/nodes-page.tsx')),
  },
  {
    route: 'routing',
    title: 'nav.routing',
    icon: <BranchesOutlined />,
    component: lazy(() => import('./routing/routing-page.tsx')),
    roles: ['operations', 'dutyManager', 'systemAdministrator', 'supervisor', 'auditor'],
  },
  {
    route: 'trunks',
    title: 'nav.trunks',
    icon: <ApiOutlined />,
    component: lazy(() => import('./trunks/trunks-page.tsx')),
  },
  {
    route: 'prompts',
    title: 'nav.prompts',
    icon: <SoundOutlined />,
    component: lazy(() => import('./prompts/prompts-page.tsx')),
  },
  {
    route: 'approvals',
    title: 'nav.approvals',
    icon: <AuditOutlined />,
    component: lazy(() => import('./accounts/approvals-page.tsx')),
  },
  {
    route: 'accounts',
    title: 'nav.accounts',
    icon: <TeamOutlined />,
    component: lazy(() => import('./accounts/accounts-page.tsx')),
    roles: ['securityAdministrator', 'auditAdministrator', 'auditor', 'complianceOfficer'],
  },
  {
    route: 'settings',
    title: 'nav.settings',
    icon: <SettingOutlined />,
    component: lazy(() => import('./settings/settings-page.tsx')),
  },
];

/** A strip that is there only when something is wrong with the way to the site. */
function LinkStrip(): ReactNode {
  const t = useTexts();
  const { link, picture, servedBefore, heardAtMs } = useLive();
  const { settings } = useSite();
  if (link === 'lost')
    return (
      <div className="strip strip-bad" role="status">
        {t('link.lost', { time: timeText(heardAtMs, settings.zone) })}
      </div>
    );
  if (servedBefore !== undefined && picture !== undefined)
    return (
      <div className="strip strip-warn" role="status">
        {t('link.moved', { before: servedBefore.toUpperCase(), now: picture.node.toUpperCase() })}
      </div>
    );
  return null;
}

/** The worst news of the site in one word, on every page. */
export function SiteLight(): ReactNode {
  const t = useTexts();
  const { picture, link } = useLive();
  const critical = picture?.alarms.filter(({ severity }) => severity === 'critical').length ?? 0;
  const warnings = (picture?.alarms.length ?? 0) - critical;
  const mood =
    picture === undefined || link === 'lost'
      ? 'unknown'
      : critical > 0
        ? 'bad'
        : warnings > 0
          ? 'warn'
          : 'good';
  const text = {
    unknown: t('light.unknown'),
    bad: t('light.bad', { count: critical }),
    warn: t('light.warn', { count: warnings }),
    good: t('light.good'),
  }[mood];
  return (
    <button
      type="button"
      className="site-light"
      onClick={() => {
        goTo('overview');
      }}
    >
      <span className={`dot dot-${mood}`} aria-hidden="true" />
      {text}
    </button>
  );
}

function Clock(): ReactNode {
  const { settings } = useSite();
  const nowMs = useNow();
  return (
    <time className="clock" title={settings.zone}>
      {timeText(nowMs, settings.zone)}
    </time>
  );
}

function Header({ isDark, setDark }: GateProps): ReactNode {
  const { t, language, setLanguage } = useSpoken();
  const { account, setSession } = useSite();
  const { picture } = useLive();
  const logOut = (): void => {
    const leave = (): void => {
      setSession({ state: 'none', isFirst: false, node: '' });
    };
    ask('DELETE /api/session').then(leave, leave);
  };
  return (
    <Layout.Header className="head">
      <SiteLight />
      <span className="head-rest">
        <span className="served">
          {picture === undefined ? '' : t('head.servedBy', { node: picture.node.toUpperCase() })}
        </span>
        <Clock />
        <Button
          type="text"
          onClick={() => {
            setLanguage(language === 'zh' ? 'en' : 'zh');
          }}
          lang={language === 'zh' ? 'en' : 'zh-CN'}
        >
          {language === 'zh' ? 'English' : '中文'}
        </Button>
        <Tooltip title={t(isDark ? 'head.light' : 'head.dark')}>
          <Button
            type="text"
            aria-label={t(isDark ? 'head.light' : 'head.dark')}
            icon={isDark ? <SunOutlined /> : <MoonOutlined />}
            onClick={() => {
              setDark(!isDark);
            }}
          />
        </Tooltip>
        <span className="who">{account.displayName}</span>
        <Tooltip title={t('head.logout')}>
          <Button type="text" aria-label={t('head.logout')} icon={<LogoutOutlined />} onClick={logOut} />
        </Tooltip>
      </span>
    </Layout.Header>
  );
}

export function Frame({ isDark, setDark }: GateProps): ReactNode {
  const t = useTexts();
  const { account } = useSite();
  const route = useRoute();
  const { picture } = useLive();
  const [name = ''] = route.split('/');
  if (name === 'wall')
    return (
      <main className="wall">
        <LinkStrip />
        <OverviewPage />
      </main>
    );
  const allowed = PAGES.filter(({ roles }) => roles === undefined || hasRole(account, ...roles));
  const page = allowed.find((one) => one.route === name) ?? allowed[0];
  const alarms = picture?.alarms.length ?? 0;
  const items = allowed.map(({ route: key, title, icon }) => ({
    key,
    icon,
    label: (
      <a href={`#/${key}`}>
        {t(title)} {key === 'overview' && alarms > 0 ? <Badge count={alarms} size="small" /> : null}
      </a>
    ),
  }));
  const Shown = page?.component ?? OverviewPage;
  return (
    <Layout className="frame">
      <Layout.Sider
        theme={isDark ? 'dark' : 'light'}
        width={208}
        breakpoint="lg"
        collapsedWidth={56}
        className="side"
      >
        <div className="brand">
          <span className="brand-mark" aria-hidden="true" /> <span className="brand-name">Wardline</span>
        </div>
        <nav aria-label={t('nav.label')}>
          <Menu
            mode="inline"
            theme={isDark ? 'dark' : 'light'}
            selectedKeys={[page?.route ?? '']}
            items={items}
          />
        </nav>
      </Layout.Sider>
      <Layout>
        <Header isDark={isDark} setDark={setDark} />
        <LinkStrip />
        <Layout.Content className="content" role="main">
          <Suspense fallback={<Spin />}>
            <Shown />
          </Suspense>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}
