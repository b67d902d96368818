import { embedJson, escapeHtml, renderPage } from '../../../web-admin/page.js';
import type { PanelStatus } from '../../../web-admin/panel-status.js';
import { assert, spec } from '../../support/spec.js';
import { openPage } from './fake-browser.js';

const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028"\'&';
const STATUS: PanelStatus = {
  node: { id: 'a', place: 'site', address: '10.77.0.1', serviceAddress: '10.77.0.11' },
  time: '2026-01-01T00:00:00.000Z',
  home: 'a',
  light: 'home',
  report: {
    state: 'fresh',
    since: '2026-01-01T00:00:00.000Z',
    sentence: 'all well',
    daemons: [
      { name: 'keepalived', state: 'Up' },
      { name: 'redis-own', state: 'Failed', detail: 'exit status 1' },
      { name: 'new-daemon', state: 'constructor' },
    ],
    serviceAddresses: [
      { address: '10.77.0.11', isHeld: true },
      { address: '10.77.0.12', isHeld: false },
    ],
  },
};

function withReport(
  report: Partial<PanelStatus['report']>,
  light: PanelStatus['light'] = 'home',
): PanelStatus {
  return { ...STATUS, light, report: { ...STATUS.report, ...report } };
}

spec('the page', (it) => {
  it('shows at once which node serves, in Chinese first, with its daemons', () => {
    const page = openPage(renderPage(STATUS, 'n'), () => STATUS);
    assert.is(page.element('light').dataset['light'], 'home');
    assert.is(page.element('zh').textContent, '节点 a 正在服务');
    assert.is(page.element('en').textContent, 'Node a is serving');
    assert.is(page.element('service').textContent, '10.77.0.11');
    assert.is(page.element('held').textContent, '10.77.0.11');
    assert.is(page.element('said').textContent, 'all well');
    const daemons = page.element('daemons').children;
    assert.equal(
      daemons.map((item) => item.dataset['mood']),
      ['good', 'bad', 'unknown'],
    );
    assert.is(daemons[1]?.textContent, 'redis-own 失败 Failed · exit status 1');
    assert.is(daemons[2]?.textContent, 'new-daemon constructor');
  });

  it('follows a takeover without being loaded again', async () => {
    const node = { ...STATUS.node, id: 'b' };
    const page = openPage(renderPage(STATUS, 'n'), () => ({ ...STATUS, node, home: 'a', light: 'away' }));
    await page.refresh();
    assert.is(page.element('light').dataset['light'], 'away');
    assert.is(page.element('en').textContent, 'Node b has taken over the address of node a');
  });

  it('says that the connection is lost, and recovers by itself', async () => {
    const answers: PanelStatus[] = [];
    const page = openPage(renderPage(STATUS, 'n'), () => answers[0]);
    await page.refresh();
    assert.is(page.element('light').dataset['light'], 'unknown');
    assert.match(page.element('zh').textContent, /连接中断/);
    answers.push(STATUS);
    await page.refresh();
    assert.is(page.element('light').dataset['light'], 'home');
  });

  it('says since when there is no report', () => {
    const daemons = (status: PanelStatus): string =>
      openPage(renderPage(status, 'n'), () => status).element('daemons').textContent;
    assert.match(daemons(withReport({ state: 'stale' }, 'unknown')), /^自 2026.* 起没有报告/);
    const absent: PanelStatus = {
      ...STATUS,
      light: 'unknown',
      report: { state: 'absent', daemons: [], serviceAddresses: [] },
    };
    assert.match(daemons(absent), /还没有报告 no report yet/);
  });

  it('shows hostile text as text', () => {
    const status = withReport({
      sentence: HOSTILE,
      daemons: [{ name: HOSTILE, state: HOSTILE, detail: HOSTILE }],
    });
    const html = renderPage({ ...status, node: { ...status.node, id: HOSTILE } }, 'n');
    assert.is(html.split('<script').length, 3, 'the two of ours and no other');
    assert.is(html.split('</script>').length, 3);
    assert.not.match(html, /<img/);
    assert.is(openPage(html, () => undefined).element('said').textContent, HOSTILE);
  });

  it('never makes markup out of data, and asks nobody outside', () => {
    const html = renderPage(STATUS, 'n');
    assert.not.match(html, /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|\son[a-z]+=/);
    assert.not.match(html.replace('http://www.w3.org/2000/svg', ''), /https?:|src=|@import|url\(/);
  });
});

spec('text in the page', (it) => {
  it('is the same after it was embedded as JSON', () => {
    const value = { a: [HOSTILE, '<!--', ']]>'] };
    assert.not.match(embedJson(value), /[<\u2028\u2029]/);
    assert.equal(JSON.parse(embedJson(value)), value);
  });

  it('keeps its meaning in HTML', () => {
    assert.is(escapeHtml(`<a href="x">&'`), '&lt;a href=&quot;x&quot;&gt;&amp;&#39;');
  });
});
