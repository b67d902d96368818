/** Which files are played for what. Pure. */

export type PromptLanguage = 'zh' | 'en';

/** Folder names of the languages (BCP 47). */
const FOLDERS: Readonly<Record<PromptLanguage, string>> = { zh: 'zh-CN', en: 'en' };

export class PromptFiles {
  readonly #folder: string;
  readonly #languages: readonly PromptLanguage[];

  constructor(folder: string, languages: readonly PromptLanguage[]) {
    this.#folder = folder;
    this.#languages = languages;
  }

  /** In the order of the languages of the house. */
  spoken(id: string): readonly string[] {
    return this.#languages.map((language) => `${this.#folder}/${FOLDERS[language]}/${id}.wav`);
  }

  get music(): string {
    return `${this.#folder}/music/hold.wav`;
  }
}
