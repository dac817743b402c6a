import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { languageNotes } from '../../../service/engine/prompt/languageNotes.ts';

const notes = (prompt: string, more: { negative?: string; literal?: boolean } = {}) =>
  languageNotes({
    prompt,
    negativePrompt: more.negative ?? '',
    steps: 20,
    literalBrackets: more.literal ?? false,
  });

describe('what is told of a prompt', () => {
  it('is nothing for what means what it seems to', () => {
    const usual = [
      'a (red:1.3) cat, [blurry], [a:b:0.5] [x|y], <lora:x:1> # note',
      'a cat AND a dog:0.5',
      'a photo of 12:30, evening',
      '[cat:10] \\(sketch\\)',
    ];
    for (const prompt of usual) expect(notes(prompt), prompt).toEqual([]);
  });

  it('is that words in square brackets never come', () => {
    expect(notes('a [word:1.2] b')).toEqual([
      '"[word:1.2]" is a change that never comes, so its words are left out; for a weight write "(word:1.2)".',
    ]);
    expect(notes('[cat:20]')).toHaveLength(1);
    expect(notes('', { negative: '[bad:1.5]' })).toHaveLength(1);
  });

  it('is which weights are not read as numbers', () => {
    expect(notes('(a:1.2.3)')[0]).toContain('"1.2.3" is not a number');
    for (const weight of ['1e9', 'nan', 'inf', '1,2', '50%']) {
      expect(notes(`(a:${weight})`)[0], weight).toContain(`"${weight}" is read as words`);
      expect(notes(`(a:${weight})`, { literal: true })).toEqual([]);
    }
  });

  it('is that a number at the end weighs all of it', () => {
    expect(notes('a photo of 12:30')[0]).toContain('":30" at the end');
  });

  it('is that a stray bar makes all changes words', () => {
    expect(notes('a | b [c:d:3]')[0]).toContain('read as words');
    expect(notes('a | b')).toEqual([]);
  });

  it('is that files named in what to avoid are words', () => {
    expect(notes('', { negative: 'x <lora:y:1>' })[0]).toContain('<lora:y:1>');
  });

  it('is short for any prompt', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const all = notes(text, { negative: text });
        expect(all.length).toBeLessThanOrEqual(6);
        expect(all.every((note) => note.length < 250)).toBe(true);
      }),
    );
    expect(notes('[a:9.9] '.repeat(2_000))).toHaveLength(1);
  });
});
