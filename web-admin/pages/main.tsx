/** The pages: one application, the same from whichever node serves it. */
import { App as AntApp, ConfigProvider, theme } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { StrictMode, useCallback, useMemo, useState, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { LanguageProvider, type Language } from './base/i18n.tsx';
import { nonce } from './base/style-nonce.ts';
import { Gate } from './gate.tsx';
import './panel.css';

/** A wish of this browser; nothing depends on it. */
function kept<T extends string>(name: string, values: readonly T[], otherwise: T): T {
  const value = window.localStorage.getItem(`wardline.${name}`);
  return values.find((one) => one === value) ?? otherwise;
}

const COLOURS = { colorPrimary: '#2aa198', colorInfo: '#2aa198', borderRadius: 8, fontSize: 14 };
const FONT =
  'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif';
/** For eyes that have been open all night: no white, and no grey that cannot be read. */
const DARK = {
  ...COLOURS,
  colorBgBase: '#0d141c',
  colorBgContainer: '#141d28',
  colorBgElevated: '#1b2735',
  colorBgLayout: '#0a1017',
  colorTextSecondary: 'rgba(255,255,255,0.74)',
  colorTextTertiary: 'rgba(255,255,255,0.62)',
  colorTextDescription: 'rgba(255,255,255,0.66)',
  colorTextPlaceholder: 'rgba(255,255,255,0.6)',
  colorPrimary: '#128a7f',
  colorLink: '#5fd0c3',
};
const LIGHT = {
  ...COLOURS,
  colorPrimary: '#0f766e',
  colorLink: '#0f766e',
  colorTextTertiary: 'rgba(0,0,0,0.62)',
  colorTextDescription: 'rgba(0,0,0,0.64)',
  colorTextPlaceholder: 'rgba(0,0,0,0.6)',
};

const DARK_SIDE = '#0d141c';

function Root(): ReactNode {
  const [language, setLanguage] = useState<Language>(() => kept('language', ['zh', 'en'], 'zh'));
  const [isDark, setDark] = useState(() => kept('theme', ['dark', 'light'], 'dark') === 'dark');
  const changeLanguage = useCallback((next: Language) => {
    window.localStorage.setItem('wardline.language', next);
    document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
    setLanguage(next);
  }, []);
  const changeTheme = useCallback((next: boolean) => {
    window.localStorage.setItem('wardline.theme', next ? 'dark' : 'light');
    setDark(next);
  }, []);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  const sideColour = isDark ? DARK_SIDE : '#ffffff';
  const look = useMemo(
    () => ({
      algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
      token: { ...(isDark ? DARK : LIGHT), fontFamily: FONT },
      components: {
        Layout: { siderBg: sideColour, headerBg: sideColour },
        Tabs: isDark ? { itemSelectedColor: '#5fd0c3', itemHoverColor: '#5fd0c3' } : {},
        Menu: { darkItemBg: DARK_SIDE, darkItemSelectedBg: '#17453f', darkItemSelectedColor: '#d8fff8' },
      },
    }),
    [isDark, sideColour],
  );
  return (
    <ConfigProvider csp={{ nonce }} theme={look} locale={language === 'zh' ? zhCN : enUS}>
      <AntApp>
        <LanguageProvider language={language} setLanguage={changeLanguage}>
          <Gate isDark={isDark} setDark={changeTheme} />
        </LanguageProvider>
      </AntApp>
    </ConfigProvider>
  );
}

const root = document.querySelector('#root');
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <Root />
    </StrictMode>,
  );
