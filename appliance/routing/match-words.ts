/**
 * Finds words of a table in what somebody typed or a recogniser heard. Full width and half width, upper and lower case
 * are the same. Chinese has no spaces: a word is found wherever it stands. Other words are found as words, in the
 * singular or the plural, also with a hyphen between them.
 *
 * A word that is denied right before it (没有胸痛, "no chest pain") is reported as denied. Only right before it: a
 * denial further away may mean something else (没有力气，胸痛), and to miss an emergency costs more than to ring a
 * seat for nothing.
 *
 * The cost is the length of the text times the number of words, whatever the text holds.
 */

/** Longer texts are no sentence of a caller; what stands behind is not looked at. */
const TEXT_CHARACTERS_MAX = 4000;

const MARKS = ',.;:!?';

const DENIALS_ZH = ['没有', '没', '无', '不', '未', '否认', '并无'];
const DENIALS_EN = ['no', 'not', 'without', 'denies', 'never'];
/** Latin Extended-B ends here. */
const LATIN_MAX = 0x24f;
/** With the spaces around it. */
const DENIAL_CHARACTERS_MAX = 10;

export interface WordMatch {
  readonly word: string;
  readonly isDenied: boolean;
}

interface ReadText {
  readonly plain: string;
  /** Latin words, with one space before, between and behind. */
  readonly tokens: string;
}

function normalised(text: string): string {
  return text.slice(0, TEXT_CHARACTERS_MAX).normalize('NFKC').toLowerCase();
}

function isLatinWord(character: string): boolean {
  return (
    (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character === "'"
  );
}

/** `No, chest-pains!` -> ` no , chest pain ! `: what a mark divides is not one thing. */
function tokensOf(plain: string): string {
  let tokens = ' ';
  let word = '';
  const endWord = (): void => {
    if (word !== '') tokens += `${singular(word)} `;
    word = '';
  };
  for (const character of plain) {
    if (isLatinWord(character)) word += character;
    else {
      endWord();
      if (MARKS.includes(character)) tokens += `${character} `;
    }
  }
  endWord();
  return tokens;
}

/** Good enough to take "pains" for "pain"; both sides of a comparison pass it. */
function singular(word: string): string {
  return word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

export function readText(text: string): ReadText {
  const plain = normalised(text);
  return { plain, tokens: tokensOf(plain) };
}

function isLatin(word: string): boolean {
  for (let index = 0; index < word.length; index += 1) if (word.charCodeAt(index) > LATIN_MAX) return false;
  return true;
}

/** Every place where the word stands; one that is not denied decides. */
function findIn(text: string, wanted: string, isDeniedAt: (at: number) => boolean): boolean | undefined {
  let found: boolean | undefined;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    if (!isDeniedAt(at)) return false;
    found = true;
  }
  return found;
}

function isDeniedZh(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at);
  return DENIALS_ZH.some((denial) => before.endsWith(denial));
}

function isDeniedEn(tokens: string, at: number): boolean {
  const before = tokens.slice(Math.max(0, at - DENIAL_CHARACTERS_MAX), at + 1);
  return DENIALS_EN.some((denial) => before.endsWith(` ${denial} `));
}

/** @returns undefined when the word is not there */
export function matchWord(word: string, { plain, tokens }: ReadText): WordMatch | undefined {
  const wanted = normalised(word);
  const isDenied = isLatin(wanted)
    ? findIn(tokens, tokensOf(wanted), (at) => isDeniedEn(tokens, at))
    : findIn(plain, wanted, (at) => isDeniedZh(plain, at));
  return isDenied === undefined ? undefined : { word, isDenied };
}
