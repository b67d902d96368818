/**
 * The placeholder page: which node answers, on which address, and how its daemons are.
 *
 * One file without any outside request, Chinese first. Whatever is reported reaches the page as data in a JSON block
 * and is put in with textContent only, so that no report can bring markup or script with it; the policy of
 * server.ts (a nonce per answer) would not run it either.
 */
import type { PanelStatus } from './panel-status.js';

/** @returns JSON that cannot end the script element it stands in (HTML, section 4.12.1.3) */
export function embedJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}

const STYLE = `
:root { color-scheme: light dark; --paper: #f4f6f5; --card: #ffffff; --ink: #1d2b2a; --soft: #687876; --line: #e3e9e7;
  --home: #2f9e77; --away: #d9902f; --direct: #5b8db8; --unknown: #9aa5a3; --bad: #c4553f; }
@media (prefers-color-scheme: dark) { :root { --paper: #131918; --card: #1b2322; --ink: #e4ecea; --soft: #90a09d; --line: #2a3533; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 16px/1.6 "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", system-ui, sans-serif; }
main { width: min(34rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 18px; padding: 2.2rem; }
header { display: flex; align-items: center; gap: 1.3rem; }
#light { --glow: var(--unknown); flex: none; width: 3.4rem; height: 3.4rem; border-radius: 50%; background: var(--glow);
  box-shadow: 0 0 0 .5rem color-mix(in srgb, var(--glow) 18%, transparent); transition: background .4s, box-shadow .4s; }
#light[data-light="home"] { --glow: var(--home); }
#light[data-light="away"] { --glow: var(--away); }
#light[data-light="direct"] { --glow: var(--direct); }
h1 { margin: 0; font-size: 1.5rem; font-weight: 600; line-height: 1.3; }
.en { color: var(--soft); font-size: .875rem; }
#said:empty { display: none; }
#said { margin: 1.4rem 0 0; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1.4rem; margin: 1.6rem 0; padding: 1.1rem 0;
  border-block: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
ul { list-style: none; margin: .6rem 0 0; padding: 0; }
li { display: flex; align-items: baseline; gap: .7rem; padding: .25rem 0; overflow-wrap: anywhere; }
li::before { content: ""; flex: none; width: .55rem; height: .55rem; border-radius: 50%; background: var(--unknown); }
li[data-mood="good"]::before { background: var(--home); }
li[data-mood="soon"]::before { background: var(--away); }
li[data-mood="bad"]::before { background: var(--bad); }
li span:last-child { margin-left: auto; color: var(--soft); text-align: right; }
`;

/** Runs in the browser. A connection that is lost is shown at once: a page that stands still looks like good news. */
const SCRIPT = `
'use strict';
const $ = (id) => document.getElementById(id);
const say = (id, text) => { $(id).textContent = text; };
const clock = (iso) => iso ? new Date(iso).toLocaleString('zh-CN', { hour12: false }) : '—';
const moods = { up: 'good', starting: 'soon', waiting: 'soon', stopping: 'soon', failed: 'bad' };
const words = { up: '运行', starting: '启动中', waiting: '等待重启', stopping: '停止中', stopped: '已停止', failed: '失败' };
const titles = {
  home: (s) => ['节点 ' + s.node.id + ' 正在服务', 'Node ' + s.node.id + ' is serving'],
  away: (s) => ['节点 ' + s.node.id + ' 已接管节点 ' + s.home + ' 的地址', 'Node ' + s.node.id + ' has taken over the address of node ' + s.home],
  direct: (s) => ['这是节点 ' + s.node.id, 'This is node ' + s.node.id + ' itself'],
  unknown: (s) => ['节点 ' + s.node.id + ' 没有报告', 'Node ' + s.node.id + ' does not report'],
};
function light(name, zh, en) { $('light').dataset.light = name; say('zh', zh); say('en', en); }
function line(name, state, detail, mood) {
  const item = document.createElement('li');
  item.dataset.mood = mood;
  for (const text of [name, detail ? state + ' · ' + detail : state]) {
    const part = document.createElement('span');
    part.textContent = text;
    item.append(part);
  }
  return item;
}
function noReport(report) {
  return report.since
    ? line('自 ' + clock(report.since) + ' 起没有报告', 'no report since then', '', 'bad')
    : line('还没有报告', 'no report yet', '', 'soon');
}
function show(s) {
  const [zh, en] = titles[s.light](s);
  light(s.light, zh, en);
  document.title = zh;
  say('node', s.node.id + ' · ' + s.node.place);
  say('address', s.node.address);
  say('service', s.node.serviceAddress || '—');
  say('held', s.report.serviceAddresses.filter((a) => a.isHeld).map((a) => a.address).join('  ') || '—');
  say('time', clock(s.time));
  say('said', s.report.sentence || '');
  const daemons = s.report.daemons.map((d) => {
    const key = d.state.toLowerCase();
    return line(d.name, Object.hasOwn(words, key) ? words[key] + ' ' + d.state : d.state, d.detail, Object.hasOwn(moods, key) ? moods[key] : 'unknown');
  });
  $('daemons').replaceChildren(...(s.report.state === 'fresh' ? daemons : [noReport(s.report)]));
}
async function refresh() {
  try {
    const answer = await fetch('/api/status', { cache: 'no-store', signal: AbortSignal.timeout(1500) });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
  } catch {
    light('unknown', '连接中断，正在重试', 'Connection lost, trying again');
  }
  setTimeout(refresh, 2000);
}
show(JSON.parse($('first').textContent));
setTimeout(refresh, 2000);
`;

/** A grey dot, so that browsers do not ask for an icon. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3.5' fill='%232f9e77'/%3E%3C/svg%3E";

const FACTS: readonly (readonly [id: string, zh: string, en: string])[] = [
  ['node', '节点', 'node'],
  ['address', '节点地址', 'address'],
  ['service', '本节点的服务地址', 'service address'],
  ['held', '正在承担', 'held now'],
  ['time', '时间', 'time'],
];

/**
 * @param status shown at once, and renewed by the page itself every two seconds
 * @param nonce the one that the answer's Content-Security-Policy names
 */
export function renderPage(status: PanelStatus, nonce: string): string {
  const facts = FACTS.map(
    ([id, zh, en]) => `<dt>${zh} <span class="en">${en}</span></dt><dd id="${id}"></dd>`,
  );
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Wardline · ${escapeHtml(status.node.id)}</title>
<link rel="icon" href="${ICON}">
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<header><div id="light" data-light="${status.light}" aria-hidden="true"></div>
<div role="status"><h1 id="zh">节点 ${escapeHtml(status.node.id)}</h1><div id="en" class="en" lang="en">Node ${escapeHtml(status.node.id)}</div></div></header>
<p id="said"></p>
<dl>${facts.join('')}</dl>
<section><div>守护进程 <span class="en" lang="en">daemons</span></div><ul id="daemons"></ul></section>
<noscript><p>本页需要 JavaScript；状态也可在 /api/status 查看。<br><span class="en" lang="en">This page needs JavaScript; the same is at /api/status.</span></p></noscript>
</main>
<script type="application/json" id="first">${embedJson(status)}</script>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}
