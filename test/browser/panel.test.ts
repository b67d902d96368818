/** The panel as people use it: a real browser at a desk, real nodes, a real call. */
import { CallLab } from '../support/box/call-lab.js';
import { clock, isEverythingInSync, makeTestBox, SERVICE_ADDRESSES } from '../support/box/test-box.js';
import { PanelBrowser, readFirstCode } from '../support/browser/panel-browser.js';
import { assert, spec } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const URL_A = `https://${SERVICE_ADDRESSES.a}:8443/`;
const ROUTES = [
  ...['overview', 'calls', 'people', 'nodes', 'routing', 'trunks', 'prompts', 'approvals', 'accounts'],
  ...['settings', 'wall'],
];
/** What the page says when its node is gone is said by the browser, too. */
const LOST = /net::ERR_|Failed to load resource/;
const LIVE_MS_MAX = 1000;

spec('the panel in a browser', { deadlineMs: 240_000 }, (it, before) => {
  const { box } = makeTestBox({ isAllDay: true });
  let lab: CallLab;
  let browser: PanelBrowser;
  let key = '';

  before(async (t) => {
    t.defer(() => box.stop());
    await box.start();
    await waitFor('everything is in step', () => isEverythingInSync(box), { deadlineMs: 30_000 });
    lab = await CallLab.open(box);
    t.defer(() => lab.close());
    browser = await PanelBrowser.open(box);
    t.defer(() => browser.close());
  });

  it('lets the first person in by the one-time code, a password and an authenticator', async () => {
    const { page } = browser;
    await page.goto(URL_A);
    await page.locator('#code').waitFor();
    await browser.shoot('first');
    key = await browser.makeFirst(await readFirstCode(box, 'a'));
    await page.locator('.queue').first().waitFor();
    assert.is(await page.locator('h1').first().innerText(), '站点总览');
    assert.match(await page.locator('.served').innerText(), /节点 A/);
    assert.equal(browser.errors, []);
  });

  it('asks for the second factor at every other login, and refuses a wrong code', async () => {
    const { page } = browser;
    await page.getByLabel('退出登录').click();
    await page.fill('#name', 'li.na');
    await page.fill('#password', 'not the password');
    await page.click('button[type=submit]');
    await page.getByText('用户名或密码不正确').waitFor();
    await browser.logIn(key);
    await page.locator('.queue').first().waitFor();
    // The one that was refused is told by the browser as well.
    assert.equal(
      browser.errors.splice(0).filter((error) => !/401/.test(error)),
      [],
    );
  });

  it('shows a call that arrives within a second, and an emergency before anything else', async () => {
    const { page } = browser;
    const phone = await lab.plugIn('8005');
    await lab.logIn(phone, '1005');
    await lab.openCarrier();
    await page.getByText('空闲 1', { exact: false }).first().waitFor();
    const id = await lab.trunk.call('carrier', '01065129000');
    await lab.until(
      lab.phones,
      '8005',
      undefined,
      ({ progress }) => progress === 'ringing',
      'the seat rings',
    );
    const sinceMs = clock.monotonicMs();
    const reception = page.locator('.queue', { hasText: '总机' }).locator('.queue-waiting');
    await waitFor(
      'the page shows it',
      async () => (await reception.innerText()) === '1' || notYet('not there'),
      {
        deadlineMs: 5000,
        intervalMs: 50,
      },
    );
    const lagMs = clock.monotonicMs() - sinceMs;
    assert.ok(lagMs < LIVE_MS_MAX, `shown ${lagMs.toFixed(0)} ms after the seat rang`);
    const emergency = await lab.trunk.call('carrier', '01065129120');
    await page.locator('.emergency-waits').waitFor({ timeout: 5000 });
    await browser.shoot('emergency');
    for (const call of [id, emergency]) await lab.trunk.order({ do: 'hangUp', call });
    await page.locator('.emergency-waits').waitFor({ state: 'detached', timeout: 5000 });
  });

  it('has a picture for every page, no error in the console, and nothing that keeps people out', async () => {
    for (const route of ROUTES) {
      await browser.goTo(route);
      await browser.shoot(route);
      assert.equal(await browser.findViolations(), [], route);
      assert.equal(browser.errors, [], route);
    }
  });

  it('calls an emergency number as a test, and says that the carrier does not bring it back', async () => {
    const { page } = browser;
    await browser.goTo('trunks');
    await page.getByRole('button', { name: '立即测试' }).first().click();
    await page.getByText('无人应答', { exact: false }).first().waitFor({ timeout: 15_000 });
    await browser.shoot('test-calls');
    assert.equal(browser.errors, []);
  });

  it('has a rule changed: proposed from the active one, refused when it leads nowhere, tried, activated, rolled back', async () => {
    const { page } = browser;
    const isActive = (version: number): Promise<void> =>
      page
        .locator('tr', { hasText: '生效中' })
        .filter({ has: page.locator('b', { hasText: new RegExp(`^${String(version)}$`) }) })
        .waitFor({ timeout: 10_000 });
    await browser.goTo('routing');
    await isActive(1);
    const text = page.getByLabel('路由文档（JSON）');
    await page.getByRole('button', { name: '从当前版本开始修改' }).click();
    const active = await text.inputValue();
    await text.fill(active.replace('"departmentId": "reception"', '"departmentId": "nowhere"'));
    await page.getByRole('button', { name: '检查并保存' }).click();
    await page.getByText('there is no department "nowhere"', { exact: false }).first().waitFor();
    await browser.shoot('routing-refused');
    await text.fill(active.replace('"departmentId": "reception"', '"departmentId": "complaints"'));
    await page.getByRole('button', { name: '检查并保存' }).click();
    const proposed = page.locator('tr', { has: page.locator('b', { hasText: /^2$/ }) });
    await proposed.getByRole('button', { name: '试运行' }).click();
    await page.getByText('试运行结果').waitFor();
    await browser.shoot('routing-dry-run');
    await proposed.getByRole('button', { name: /生\s*效/ }).click();
    await page.getByRole('button', { name: /确\s*定/ }).click();
    await isActive(2);
    await page.getByRole('button', { name: '回退到上一版本' }).click();
    await page
      .getByRole('button', { name: /确\s*定/ })
      .last()
      .click();
    await isActive(1);
    // The browser tells of the document that was refused.
    assert.equal(
      browser.errors.splice(0).filter((error) => !/4\d\d/.test(error)),
      [],
    );
  });

  it('speaks English, too, with no word of Chinese left in its own texts', async () => {
    const { page } = browser;
    await browser.goTo('overview');
    await page.getByRole('button', { name: 'English' }).click();
    assert.is(await page.locator('h1').first().innerText(), 'The site now');
    for (const route of ['overview', 'nodes', 'trunks', 'settings']) {
      await browser.goTo(route);
      const own = await page.locator('main, [role=main]').first().innerText();
      assert.not.match(own, /\p{Script=Han}/u, route);
      await browser.shoot(`${route}-en`);
    }
    await page.getByRole('button', { name: '中文' }).click();
  });

  it('lives on when its node dies, says so, and shows who took over', async () => {
    const { page } = browser;
    await browser.goTo('overview');
    const marked = await page.evaluate(() => {
      (globalThis as unknown as { mark: number }).mark = 7;
      return true;
    });
    assert.ok(marked);
    await box.kill('a');
    await page.locator('.strip').waitFor({ timeout: 20_000 });
    await page.getByText('现在由节点 B 接替', { exact: false }).waitFor({ timeout: 30_000 });
    await page.getByText('节点 A 没有应答', { exact: true }).first().waitFor({ timeout: 10_000 });
    const holder = page.locator('.node-box', { hasText: '10.77.0.11' }).filter({ hasText: /B\s*院内/ });
    await holder.waitFor();
    await browser.shoot('node-dead');
    const mark = await page.evaluate(() => (globalThis as unknown as { mark?: number }).mark);
    assert.is(mark, 7, 'the page was not loaded again');
    assert.equal(
      browser.errors.splice(0).filter((error) => !LOST.test(error)),
      [],
    );
    await browser.goTo('nodes');
    await browser.shoot('nodes-dead');
    await box.powerOn('a');
    await page
      .getByText('节点 A 没有应答', { exact: true })
      .first()
      .waitFor({ state: 'detached', timeout: 40_000 });
  });
});
