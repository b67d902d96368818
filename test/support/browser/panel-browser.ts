/** Debian's Chromium at a desk of the box: it reaches the panel over the network of the box, as people do. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { Box } from '../../../ops/lab/box.js';
import { getSpace } from '../../../ops/lab/box-plan.js';
import { decodeBase32, totpCode, totpStepOf } from '../../../web-admin/identity/totp.js';
import { projectRoot } from '../project-files.js';
import { waitFor } from '../wait.js';

const CHROMIUM = '/usr/bin/chromium';
export const PASSWORD = 'a password of the test';
/** Looked at by people; kept as an artefact of every run. */
const SHOTS = join(projectRoot, 'artefacts/panel-shots');
const STEP_MS = 30_000;

export interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly targets: readonly string[];
}

/** The one-time code as the panel of the node has printed it. */
export async function readFirstCode(box: Box, node: string): Promise<string> {
  const printed = await readFile(`${box.stateFolder}/${node}/log/admin.log`, 'utf8');
  return /one-time code ([A-Z2-7-]+)$/m.exec(printed)?.[1] ?? '';
}

export class PanelBrowser {
  readonly page: Page;
  /** What the console has said that it should not have. */
  readonly errors: string[] = [];
  readonly #browser: Browser;
  readonly #axe: string;
  #usedStep = 0;

  private constructor(browser: Browser, page: Page, axe: string) {
    this.#browser = browser;
    this.page = page;
    this.#axe = axe;
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.message));
  }

  static async open(box: Box): Promise<PanelBrowser> {
    await mkdir(SHOTS, { recursive: true });
    const wrapper = join(box.stateFolder, 'browser.sh');
    const namespace = getSpace(box.plan, 'his').namespace;
    await writeFile(wrapper, `#!/bin/sh\nexec ip netns exec ${namespace} ${CHROMIUM} "$@"\n`);
    await chmod(wrapper, 0o755);
    const browser = await chromium.launch({ executablePath: wrapper, args: ['--no-sandbox'] });
    // Every node has a certificate of its own making.
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS);
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    return new PanelBrowser(browser, page, axe);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  /** The first account of the site, by the code, up to its session. @returns the key of its authenticator */
  async makeFirst(code: string): Promise<string> {
    await this.page.fill('#code', code);
    await this.page.fill('#name', 'li.na');
    await this.page.fill('#displayName', '李娜');
    await this.page.fill('#password', PASSWORD);
    await this.page.click('button[type=submit]');
    const key = (await this.page.locator('.key').innerText()).trim();
    await this.giveCode(key);
    return key;
  }

  async logIn(key: string): Promise<void> {
    await this.page.fill('#name', 'li.na');
    await this.page.fill('#password', PASSWORD);
    await this.page.click('button[type=submit]');
    await this.giveCode(key);
  }

  /** A code is good once: whoever is too quick waits for the next. */
  async giveCode(key: string): Promise<void> {
    await waitFor('the next code of the authenticator', () => totpStepOf(Date.now()) > this.#usedStep, {
      deadlineMs: STEP_MS + 5000,
    });
    this.#usedStep = totpStepOf(Date.now());
    await this.page.fill('#code', totpCode(decodeBase32(key), this.#usedStep));
    await this.page.click('button[type=submit]');
  }

  async goTo(route: string): Promise<void> {
    await this.page.evaluate((to) => {
      (globalThis as unknown as { location: { hash: string } }).location.hash = `/${to}`;
    }, route);
    await this.page.locator('h1').first().waitFor();
    await this.page.waitForLoadState('networkidle').catch(() => undefined);
  }

  async shoot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`) });
  }

  /** What somebody who cannot see, or cannot see well, would stumble over seriously. */
  async findViolations(): Promise<readonly Violation[]> {
    // Not as a script of the page: its policy would refuse it, as it should.
    await this.page.evaluate(this.#axe);
    return this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: {
          run: () => Promise<{
            violations: { id: string; impact: string; nodes: { target: string[] }[] }[];
          }>;
        };
      };
      const { violations } = await axe.run();
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, impact, nodes }) => ({
          ...{ id, impact },
          targets: nodes.slice(0, 5).map(({ target }) => target.join(' ')),
        }));
    });
  }
}
