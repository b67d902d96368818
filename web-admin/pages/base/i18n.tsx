/** Texts in Chinese first, and in English. */
import { createContext, useContext, useMemo, type ReactNode } from 'react';
import { en } from './texts-en.ts';
import { zh, type TextKey } from './texts-zh.ts';

export type Language = 'zh' | 'en';
export type Texts = (key: TextKey, params?: Readonly<Record<string, string | number>>) => string;

const TEXTS: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { zh, en };

function fill(text: string, params: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''));
}

interface Spoken {
  readonly language: Language;
  readonly t: Texts;
  readonly setLanguage: (language: Language) => void;
}

const Context = createContext<Spoken | undefined>(undefined);

export function LanguageProvider(props: {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly children: ReactNode;
}): ReactNode {
  const { language, setLanguage, children } = props;
  const spoken = useMemo<Spoken>(
    () => ({ language, setLanguage, t: (key, params = {}) => fill(TEXTS[language][key], params) }),
    [language, setLanguage],
  );
  return <Context value={spoken}>{children}</Context>;
}

export function useSpoken(): Spoken {
  const spoken = useContext(Context);
  if (spoken === undefined) throw new Error('texts are asked for outside of their provider');
  return spoken;
}

export function useTexts(): Texts {
  return useSpoken().t;
}

/** A word that the machine uses, in the language of people when it is known. */
export function wordOf(t: Texts, prefix: string, word: string): string {
  const key = `${prefix}.${word}`;
  return Object.hasOwn(zh, key) ? t(key as TextKey) : word;
}
