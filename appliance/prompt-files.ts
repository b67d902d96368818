/** Which files are played for what. Pure. */
import { SPOKEN_MINUTES, SPOKEN_PLACES } from '../firmware-config/defaults/spoken-numbers.js';

export type PromptLanguage = 'zh' | 'en';

/** Folder names of the languages (BCP 47). */
const FOLDERS: Readonly<Record<PromptLanguage, string>> = { zh: 'zh-CN', en: 'en' };

/** Rounded up; undefined: more than anybody should be told. */
function spokenMinutes(estimateMs: number): number | undefined {
  return SPOKEN_MINUTES.find((minutes) => estimateMs <= minutes * 60_000);
}

export class PromptFiles {
  readonly #folder: string;
  readonly #languages: readonly PromptLanguage[];

  constructor(folder: string, languages: readonly PromptLanguage[]) {
    this.#folder = folder;
    this.#languages = languages;
  }

  /** In the order of the languages of the house. */
  spoken(id: string): readonly string[] {
    return this.#languages.map((language) => this.#fileOf(language, id));
  }

  /** Number of the place and, as far as anybody can say, how long it takes; each language in one piece. */
  place(position: number, estimateMs: number | undefined): readonly string[] {
    const number = `number-${String(Math.min(position, SPOKEN_PLACES))}`;
    const minutes = estimateMs === undefined ? undefined : spokenMinutes(estimateMs);
    const ids = ['position', number, ...(minutes === undefined ? [] : [`wait-${String(minutes)}`])];
    return this.#languages.flatMap((language) => ids.map((id) => this.#fileOf(language, id)));
  }

  #fileOf(language: PromptLanguage, id: string): string {
    return `${this.#folder}/${FOLDERS[language]}/${id}.wav`;
  }

  get music(): string {
    return `${this.#folder}/music/hold.wav`;
  }
}
