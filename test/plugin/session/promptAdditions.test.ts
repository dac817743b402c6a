import { describe, expect, it } from 'vitest';
import { insertWords, promptAdditions } from '../../../plugin/session/promptAdditions.ts';
import { defaultSettings, type Settings } from '../../../plugin/session/settings.ts';
import { initialState } from '../../../plugin/session/state.ts';
import type { ModelInfo } from '../../../shared/api.ts';
import { problemOf } from '../../../shared/errors.ts';
import { checkpoint, hostWithSelection } from '../../fakes/session.ts';

function file(kind: ModelInfo['kind'], name: string, more: Partial<ModelInfo> = {}): ModelInfo {
  return { ...checkpoint, id: name, name, kind, ...more };
}

function additionsOf(models: readonly ModelInfo[], settings: Partial<Settings> = {}) {
  const state = initialState({ ...defaultSettings, ...settings }, hostWithSelection);
  return promptAdditions({ ...state, models: [checkpoint, ...models] });
}

describe('what a prompt can name', () => {
  it('has what fits first, and the reason at what does not', () => {
    const broken = { usable: false, problem: problemOf('E_MODEL_DAMAGED') };
    const all = additionsOf([
      file('lora', 'xl', { family: 'sdxl' }),
      file('embedding', 'neg'),
      file('vae', 'vae'),
      file('lora', 'unsaid', { family: 'unknown' }),
      file('lora', 'ink'),
      file('lora', 'cut', broken),
    ]);
    expect(all.map(({ name }) => name)).toEqual(['ink', 'unsaid', 'neg', 'cut', 'xl']);
    expect(all.map(({ obstacle }) => obstacle?.split('.')[0])).toEqual([
      undefined,
      undefined,
      undefined,
      problemOf('E_MODEL_DAMAGED').title.split('.')[0],
      'Made for SDXL; Model One is SD 1',
    ]);
  });

  it('writes the tag with the weight and the words that its author gives', () => {
    const notes = { preferredWeight: 0.8, triggerWords: ['inkwash', 'paper'] };
    const [noted, plain, embedding] = additionsOf([
      file('lora', 'a', { notes }),
      file('lora', 'b'),
      file('embedding', 'bad(hands)'),
    ]);
    expect(noted?.words).toBe('<lora:a:0.8> inkwash, paper');
    expect(plain?.words).toBe('<lora:b:1>');
    expect(embedding?.words).toBe(String.raw`bad\(hands\)`);
  });

  it('has nothing to offer under rules that know no names', () => {
    const [lora] = additionsOf([file('lora', 'a')], { dialect: 'diffusers' });
    expect(lora?.obstacle).toContain('rules of diffusers');
  });
});

describe('inserting words', () => {
  // The bar is the caret.
  it.each([
    ['|', 'neg', 'neg|'],
    ['a boat|', 'neg', 'a boat, neg|'],
    ['a boat,|', 'neg', 'a boat, neg|'],
    ['a bo|at, fog', 'neg', 'a boat, neg|, fog'],
    ['|a boat', 'neg', 'neg|, a boat'],
    ['a (boat|:1.2)', 'neg', 'a (boat, neg|:1.2)'],
    ['a boat|', '<lora:ink:1>', 'a boat <lora:ink:1>|'],
    ['a <lo|ra:x:1> boat', '<lora:ink:1>', 'a <lora:x:1> <lora:ink:1>| boat'],
  ])('turns %j with %j into %j', (marked, words, expected) => {
    const caret = marked.indexOf('|');
    const edited = insertWords(marked.replace('|', ''), { start: caret, end: caret }, words);
    const { text, start } = edited;
    expect(`${text.slice(0, start)}|${text.slice(start)}`).toBe(expected);
    expect(edited.end).toBe(start);
  });
});
