/** As much of a browser as the page's script uses: elements with text, and fetch. It runs the script as it is sent. */
import { createContext, runInContext } from 'node:vm';

export class FakeElement {
  readonly dataset: Record<string, string> = {};
  children: FakeElement[] = [];
  #text = '';

  get textContent(): string {
    return this.#text + this.children.map((child) => child.textContent).join(' ');
  }

  set textContent(text: string) {
    this.children = [];
    this.#text = text;
  }

  append(child: FakeElement): void {
    this.children.push(child);
  }

  replaceChildren(...children: FakeElement[]): void {
    this.#text = '';
    this.children = children;
  }
}

export interface FakeBrowser {
  element(id: string): FakeElement;
  /** Runs what the page has scheduled, against what the server now answers. */
  refresh(): Promise<void>;
}

/** The text between the script tags whose start matches. */
export function scriptOf(html: string, opening: RegExp): string {
  const start = opening.exec(html);
  if (start === null) throw new Error(`no ${String(opening)} in the page`);
  const from = start.index + start[0].length;
  return html.slice(from, html.indexOf('</script>', from));
}

/** @param answer what /api/status answers now; undefined for a lost connection */
export function openPage(html: string, answer: () => unknown): FakeBrowser {
  const elements = new Map<string, FakeElement>();
  const element = (id: string): FakeElement => {
    if (!html.includes(`id="${id}"`)) throw new Error(`the page has no element "${id}"`);
    const found = elements.get(id) ?? new FakeElement();
    elements.set(id, found);
    return found;
  };
  element('first').textContent = scriptOf(html, /<script type="application\/json" id="first">/);
  let scheduled: (() => Promise<void>) | undefined;
  const context = createContext({
    document: { title: '', getElementById: element, createElement: () => new FakeElement() },
    AbortSignal,
    fetch: () => {
      const body = answer();
      if (body === undefined) return Promise.reject(new TypeError('fetch failed'));
      return Promise.resolve({ ok: true, json: () => Promise.resolve(body) });
    },
    setTimeout: (action: () => Promise<void>) => {
      scheduled = action;
    },
  });
  runInContext(scriptOf(html, /<script nonce="[^"]*">/), context);
  return {
    element,
    refresh: async () => {
      await scheduled?.();
    },
  };
}
