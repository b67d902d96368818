/** What every page needs to know: who is logged in, the zone, names for ids. */
import { createContext, useContext } from 'react';
import type { AccountView, SessionView } from '../../api/session-api.ts';
import type { SettingsView } from '../../api/site-api.ts';
import type { Directory } from '../../live/directory.ts';
import type { Language } from './i18n.tsx';

export interface SiteContext {
  readonly account: AccountView;
  readonly settings: SettingsView;
  readonly directory: Directory;
  readonly setSession: (session: SessionView) => void;
  readonly isDark: boolean;
}

export const Site = createContext<SiteContext | undefined>(undefined);

export function useSite(): SiteContext {
  const site = useContext(Site);
  if (site === undefined) throw new Error('the site is asked for outside of its provider');
  return site;
}

export function hasRole(account: AccountView, ...roles: readonly string[]): boolean {
  return roles.some((role) => account.roles.includes(role));
}

export function departmentName(directory: Directory, id: string | null, language: Language): string {
  return directory.departments.find((one) => one.id === id)?.names[language] ?? id ?? '';
}

export function callTakerName(directory: Directory, id: string | null): string {
  if (id === null) return '';
  return directory.callTakers.find((one) => one.id === id)?.name ?? id;
}
