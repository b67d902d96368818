/** The result as JUnit XML, which continuous integration servers show. Pure. */
import { stripVTControlCharacters } from 'node:util';
import type { FileVerdict } from './run-verdict.js';
import { countCases, type CaseResult } from './test-result.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML 1.0 allows in no form (section 2.2), as a daemon may print them. */
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Cs}]/gu;

function escaped(text: string): string {
  return stripVTControlCharacters(text)
    .replace(FORBIDDEN, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

function secondsText(durationMs: number): string {
  return (durationMs / 1000).toFixed(3);
}

function testCase(one: CaseResult): string {
  const head = attributes({ classname: one.suite, name: one.name, time: secondsText(one.durationMs) });
  if (one.status === 'passed') return `    <testcase${head}/>`;
  if (one.status === 'skipped') {
    return `    <testcase${head}><skipped${attributes({ message: one.text })}/></testcase>`;
  }
  const message = attributes({ message: one.text.split('\n')[0] ?? '' });
  return `    <testcase${head}><failure${message}>${escaped(one.text)}</failure></testcase>`;
}

function testSuite(verdict: FileVerdict): string {
  const { failed, skipped } = countCases(verdict.cases);
  const head = attributes({
    name: verdict.name,
    tests: verdict.cases.length,
    failures: failed,
    errors: 0,
    skipped,
    time: secondsText(verdict.durationMs),
  });
  const output = failed === 0 ? '' : `\n    <system-out>${escaped(verdict.output)}</system-out>`;
  return `  <testsuite${head}>\n${verdict.cases.map(testCase).join('\n')}${output}\n  </testsuite>`;
}

export function junitXml(verdicts: readonly FileVerdict[]): string {
  const suites = verdicts.map(testSuite).join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites}\n</testsuites>\n`;
}
