import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAttention } from '../../../service/engine/prompt/attention.ts';
import { stripComments } from '../../../service/engine/prompt/comments.ts';
import { promptParts } from '../../../service/engine/prompt/compositions.ts';
import { loraOf, takeNetworkTags } from '../../../service/engine/prompt/extraNetworks.ts';
import { languageNotes } from '../../../service/engine/prompt/languageNotes.ts';
import { promptText } from '../../../service/engine/prompt/promptText.ts';
import { promptTokens } from '../../../service/engine/prompt/conditioning.ts';
import { promptSchedule } from '../../../service/engine/prompt/schedule.ts';
import { clipTokenizer } from '../../../service/engine/prompt/tokenizer.ts';
import { pythonFloat } from '../../../service/engine/prompt/unicodeText.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

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
  const many = (piece: string) => piece.repeat(Math.ceil(200_000 / Buffer.byteLength(piece)));
  const hostile: Readonly<Record<string, string>> = {
    'open brackets': many('('),
    'open square brackets': many('['),
    'open brackets with text': many('(a'),
    'nested and closed': '(a'.repeat(66_000) + ')'.repeat(66_000),
    'square and nested': '[a:'.repeat(66_000) + '3]'.repeat(1000),
    'nested edits': many('[a:[b:'),
    'nested edits, closed': '[a:'.repeat(40_000) + ':3]'.repeat(26_000),
    blanks: many(' '),
    colons: many(':'),
    'colons and blanks': many(`:${' '.repeat(100)}`),
    digits: `:${'1'.repeat(199_000)}`,
    'a weight without end': `(a:${'1'.repeat(199_000)}.1.1)`,
    'a step without end': `[a:${'1'.repeat(199_000)}x]`,
    'weights without end': many(`(a:${'1'.repeat(1000)}`),
    tags: many('<a:'),
    'tags of files': many('<lora:x:1>'),
    'tag openers': many('<'),
    breaks: many(' BREAK '),
    compositions: many(' AND '),
    'weighted compositions': many('a AND b:1 '),
    backslashes: many('\\'),
    bars: many('[a|b]'),
    'bars in one bracket': `[${many('a|')}]`,
    edits: many('[a:b:3]'),
    hashes: many('#\n'),
    'one word': many('abcdefgh'),
    'one letter': many('a'),
    commas: many(','),
    emoji: many('😀'),
    'lone surrogates': many('\ud83d'),
    'halves the wrong way round': many('\udc00\ud83d'),
    'Chinese characters': many('漢字'),
    'composed accents': `a${many('\u0301')}`,
    'wrongly decoded text': many('Ã©'),
    'character references': many('&amp;'),
    'references in references': `&${many('amp;')}`,
    'control characters': many('\u001b['),
    'marks of the vocabulary': many('<|endoftext|>'),
    apostrophes: many("'s"),
    'final sigmas': many('Σ'),
  };
  const tokenizer = clipTokenizer('webui');
  for (const [name, prompt] of Object.entries(hostile)) {
    it(`are read from comments to chunks in little time: ${name}`, async () => {
      const ms = await processorMs(() => {
        const text = promptText(prompt);
        languageNotes({ prompt, negativePrompt: prompt, steps: 3, literalBrackets: false });
        for (const part of promptParts(text).slice(0, 3)) {
          for (const scheduled of promptSchedule(part.text, { steps: 3 }).slice(0, 2)) {
            promptTokens(scheduled.text, { tokenizer });
          }
        }
      });
      // Far above what a quiet machine needs (bench/prompts.ts), far below anything quadratic.
      expect(ms).toBeLessThan(5_000);
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
      blockWeights: undefined,
      unknown: [],
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
    expect(pythonFloat('𝟗𝟘𝟠')).toBe(908);
  });
});
