import { holdMusic, RATE } from '../../../../ops/prompts/melody.js';
import { SPOKEN_MINUTES, SPOKEN_PLACES } from '../../../../firmware-config/defaults/spoken-numbers.js';
import { allPrompts, chineseNumber } from '../../../../ops/prompts/prompt-catalogue.js';
import { checkWav, WAV_RATE, writeWav } from '../../../../ops/prompts/wav.js';
import { assert, spec } from '../../../support/spec.js';

spec('prompts', (it) => {
  it('are there in both languages, with every place in a queue', () => {
    const prompts = allPrompts();
    for (const [id, { zh, en }] of Object.entries(prompts)) {
      assert.match(zh, /[\u4e00-\u9fff]/, id);
      assert.ok(en.length > 0, id);
    }
    assert.ok(`number-${String(SPOKEN_PLACES)}` in prompts);
    for (const minutes of SPOKEN_MINUTES) assert.ok(`wait-${String(minutes)}` in prompts);
  });

  it('count as people do', () => {
    assert.equal([1, 10, 11, 20, 35, 99].map(chineseNumber), [
      '一',
      '十',
      '十一',
      '二十',
      '三十五',
      '九十九',
    ]);
  });

  it('have music between them that begins where it ends', () => {
    const samples = holdMusic();
    assert.ok(samples.length > 10 * RATE);
    assert.ok(Math.abs(samples[0] ?? 0) < 300 && Math.abs(samples.at(-1) ?? 0) < 300, 'no click');
    assert.ok(
      samples.some((value) => Math.abs(value) > 5000),
      'it is heard',
    );
  });

  it('may be recordings of a person, if the relay can play them', () => {
    const good = writeWav(new Int16Array(WAV_RATE));
    assert.equal(checkWav(good), { seconds: 1 });
    const change = (at: number, value: number): Buffer => {
      const file = Buffer.from(good);
      file.writeUInt16LE(value, at);
      return file;
    };
    const wrong: readonly (readonly [file: Buffer, said: RegExp])[] = [
      [Buffer.from('ID3 an mp3'), /no WAV file/],
      [change(22, 2), /2 channels/],
      [change(24, 44_100), /44100 samples a second/],
      [change(34, 8), /8 bits/],
      [writeWav(new Int16Array(0)), /lasts 0\.0 s/],
      [writeWav(new Int16Array(WAV_RATE * 121)), /lasts 121\.0 s/],
      [good.subarray(0, 30), /no WAV file/],
    ];
    for (const [file, said] of wrong) assert.throws(() => checkWav(file), said);
  });
});
