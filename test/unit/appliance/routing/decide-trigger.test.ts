import { decideTrigger } from '../../../../appliance/routing/decide-trigger.js';
import { matchWord, readText } from '../../../../appliance/routing/match-words.js';
import type { RoutingDocument } from '../../../../appliance/routing/routing-document.js';
import { exampleRouting } from '../../../../firmware-config/defaults/example-routing.js';
import { parseRouting } from '../../../../firmware-config/parse-routing.js';
import { assert, spec } from '../../../support/spec.js';

const DOCUMENT: RoutingDocument = parseRouting(exampleRouting);

function textDecision(text: string, confidence = 1) {
  return decideTrigger(DOCUMENT, { kind: 'text', text, source: 'call-taker', confidence });
}

/** What is said, and what becomes of it. */
const SENTENCES: readonly (readonly [text: string, action: string, reason: string])[] = [
  ['病人突然昏迷了', 'emergency', 'trigger.word'],
  ['我爸爸胸痛，出冷汗', 'emergency', 'trigger.word'],
  ['没有力气，胸痛', 'emergency', 'trigger.word'],
  ['没有胸痛，但是现在昏迷', 'emergency', 'trigger.word'],
  ['没有胸痛', 'none', 'trigger.denied'],
  ['否认胸痛、无呼吸困难', 'none', 'trigger.denied'],
  ['他没有呼吸了', 'emergency', 'trigger.word'],
  ['孩子发烧两天', 'department', 'trigger.word'],
  ['发烧，后来抽搐', 'emergency', 'trigger.word'],
  ['我要投诉', 'department', 'trigger.word'],
  ['想预约挂号', 'none', 'trigger.noWord'],
  ['He has CHEST PAIN!', 'emergency', 'trigger.word'],
  ['severe chest-pains since noon', 'emergency', 'trigger.word'],
  ['ＣＨＥＳＴ　ＰＡＩＮ', 'emergency', 'trigger.word'],
  ['no chest pain', 'none', 'trigger.denied'],
  ['no, chest pain!', 'emergency', 'trigger.word'],
  ['不，是胸痛', 'emergency', 'trigger.word'],
  ['a pain in the chest', 'none', 'trigger.noWord'],
  ['keystroke', 'none', 'trigger.noWord'],
  ['feverish', 'none', 'trigger.noWord'],
  ['', 'none', 'trigger.noWord'],
];

spec('what somebody typed or said', (it) => {
  for (const [text, action, reason] of SENTENCES) {
    it(`"${text}": ${action}, ${reason}`, () => {
      const decision = textDecision(text);
      assert.equal([decision.action.kind, decision.reason.key], [action, reason]);
    });
  }

  it('counts only when a recogniser is certain enough, and is noted all the same', () => {
    const unsure = textDecision('胸痛', 0.3);
    assert.equal([unsure.action.kind, unsure.reason.key], ['none', 'trigger.uncertain']);
    assert.equal(unsure.reason.values, { word: '胸痛', source: 'call-taker', confidence: '0.3' });
    assert.is(textDecision('胸痛', 0.5).action.kind, 'emergency');
  });

  it('of any length and kind costs no more than its length', () => {
    const texts = ['胸'.repeat(1e6), 'no '.repeat(1e6), '没有胸痛'.repeat(250_000), '\u0000'.repeat(1e6)];
    for (const text of texts) assert.is(textDecision(text).action.kind, 'none');
  });
});

spec('a word', (it) => {
  it('is told as it stands in the table', () => {
    assert.equal(matchWord('Chest Pain', readText('chest pains')), { word: 'Chest Pain', isDenied: false });
    assert.is(matchWord('stroke', readText('strokes of luck'))?.isDenied, false);
    assert.is(matchWord('pas', readText('pass')), undefined);
  });
});

spec('a key during the queue', (it) => {
  it('acts by the rule of its department, else by that of all, else not at all', () => {
    const special = {
      id: 'key-here',
      key: '1',
      departmentId: 'complaints',
      action: { kind: 'callback' },
    } as const;
    const document = { ...DOCUMENT, keys: [...DOCUMENT.keys, special] };
    const press = (key: string, departmentId: string) =>
      decideTrigger(document, { kind: 'key', key, departmentId });
    assert.is(press('1', 'appointments').action.kind, 'emergency');
    assert.is(press('1', 'complaints').action.kind, 'callback');
    assert.is(press('1', 'complaints').reason.ruleId, 'key-here');
    assert.equal([press('9', 'x').action.kind, press('9', 'x').reason.key], ['none', 'trigger.noKey']);
  });
});

spec("a call-taker's hot key", (it) => {
  it('is an emergency without any rule', () => {
    const decision = decideTrigger({ ...DOCUMENT, keys: [], words: [] }, { kind: 'hotKey' });
    assert.is(decision.action.kind, 'emergency');
  });
});
