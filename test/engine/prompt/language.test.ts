import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAttention } from '../../../service/engine/prompt/attention.ts';
import { stripComments } from '../../../service/engine/prompt/comments.ts';
import { promptParts } from '../../../service/engine/prompt/compositions.ts';
import { loraOf, takeNetworkTags } from '../../../service/engine/prompt/extraNetworks.ts';
import { promptSchedule } from '../../../service/engine/prompt/schedule.ts';
import { asciiDigits, pythonFloat } from '../../../service/engine/prompt/unicodeText.ts';

const piece = fc.constantFrom(
  '(',
  ')',
  '[',
  ']',
  ':',
  '|',
  '\\',
  ' ',
  ':1.2)',
  ':0.5]',
  'BREAK',
  ' AND ',
  'a',
  'cat',
  ',',
  '<',
  '>',
  '#',
  '\n',
  '1',
  '.',
  '😀',
  '漢',
);
const prompts = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(''));
const anyPrompt = fc.oneof(prompts, fc.string({ unit: 'binary', maxLength: 100 }));

const pieces = (text: string) => parseAttention(text).parts.map((p) => [p.text, p.weight]);

describe('attention', () => {
  it('reads brackets, weights and escapes', () => {
    expect(pieces('an (important) word')).toEqual([
      ['an ', 1],
      ['important', 1.1],
      [' word', 1],
    ]);
    expect(pieces('(a:1.3)[b]\\(c\\)')).toEqual([
      ['a', 1.3],
      ['b', 1 / 1.1],
      ['(c)', 1],
    ]);
    expect(pieces('')).toEqual([['', 1]]);
  });

  it('says which weights cannot be read, and takes the text without them', () => {
    expect(parseAttention('(a:1.2.3) b')).toEqual({
      parts: [{ text: 'a b', weight: 1 }],
      unreadable: ['1.2.3'],
    });
  });

  it('parses any prompt without throwing, and keeps every letter of it', () => {
    fc.assert(
      fc.property(anyPrompt, (text) => {
        const { parts } = parseAttention(text);
        expect(parts.length).toBeGreaterThan(0);
        expect(parts.every(({ weight }) => !Number.isNaN(weight))).toBe(true);
        const letters = (s: string) => s.replace(/[^a-zC-Z]/g, '');
        if (!text.includes('BREAK')) {
          expect(letters(parts.map((p) => p.text).join(''))).toBe(letters(text));
        }
      }),
    );
  });
});

describe('hostile prompts of 200 kB', () => {
  const hostile: Readonly<Record<string, string>> = {
    'open brackets': '('.repeat(200_000),
    'open brackets with text': '(a'.repeat(100_000),
    'nested and closed': '(a'.repeat(66_000) + ')'.repeat(66_000),
    'square and nested': '[a:'.repeat(66_000) + '3]'.repeat(1000),
    blanks: ' '.repeat(200_000),
    colons: ':'.repeat(200_000),
    'colons and blanks': `:${' '.repeat(100)}`.repeat(2_000),
    digits: `:${'1'.repeat(199_000)}`,
    tags: '<a:'.repeat(66_000),
    'tag openers': '<'.repeat(200_000),
    breaks: ' BREAK '.repeat(28_000),
    compositions: ' AND '.repeat(40_000),
    backslashes: '\\'.repeat(200_000),
    bars: '[a|b]'.repeat(40_000),
    edits: '[a:b:3]'.repeat(28_000),
    hashes: '#\n'.repeat(100_000),
  };
  for (const [name, text] of Object.entries(hostile)) {
    it(`take little time: ${name}`, () => {
      const from = performance.now();
      parseAttention(text);
      stripComments(text);
      promptParts(text);
      takeNetworkTags(text);
      promptSchedule(text, { steps: 10 });
      expect(performance.now() - from).toBeLessThan(1_500);
    });
  }
});

describe('prompts that change on the way', () => {
  const schedule = (text: string, steps: number) =>
    promptSchedule(text, { steps }).map(({ until, text: at }) => [until, at]);

  it('switch where they are told to', () => {
    expect(schedule('a [b:c:0.5] d', 10)).toEqual([
      [5, 'a b d'],
      [10, 'a c d'],
    ]);
    expect(schedule('[fe|]male', 3)).toEqual([
      [1, 'female'],
      [2, 'male'],
      [3, 'female'],
    ]);
    expect(schedule('a | b [c:d:3]', 10)).toEqual([[10, 'a | b [c:d:3]']]);
  });

  it('always end at the last step, for any prompt', () => {
    fc.assert(
      fc.property(anyPrompt, fc.integer({ min: 1, max: 30 }), (text, steps) => {
        const list = promptSchedule(text, { steps });
        expect(list.at(-1)!.until).toBe(steps);
        expect(list.every(({ until }, i) => i === 0 || until > list[i - 1]!.until)).toBe(true);
      }),
    );
  });
});

describe('parts, tags, comments, numbers', () => {
  it('splits at AND with weights', () => {
    expect(promptParts('a:1.2 AND b : 0.8')).toEqual([
      { text: 'a', weight: 1.2 },
      { text: ' b', weight: 0.8 },
    ]);
    expect(promptParts('BRAND new')).toEqual([{ text: 'BRAND new', weight: 1 }]);
  });

  it('takes network tags out', () => {
    const { text, tags } = takeNetworkTags('a <lora:x:0.5:unet=0.2> b <c');
    expect(text).toBe('a  b <c');
    expect(loraOf(tags[0]!.items)).toEqual({
      name: 'x',
      textWeight: 0.5,
      unetWeight: 0.2,
      dynamicRank: undefined,
    });
    expect(loraOf(['x', 'y'])).toBeUndefined();
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(anyPrompt, (text) => {
        expect(promptParts(text).length).toBeGreaterThan(0);
        expect(takeNetworkTags(text).text.length).toBeLessThanOrEqual(text.length);
        expect(stripComments(text).includes('#')).toBe(false);
      }),
    );
  });

  it('reads numbers as Python does', () => {
    expect(['1.', '.5', '+2', '1e3', '１.２', '٣', '1_0'].map(pythonFloat)).toEqual([
      1, 0.5, 2, 1000, 1.2, 3, 10,
    ]);
    expect(['', '.', '1.2.3', 'x', '--1'].map(pythonFloat)).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    expect(asciiDigits('𝟗𝟘𝟠')).toBe('908');
  });
});
