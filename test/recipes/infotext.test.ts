/** AUTOMATIC1111's text: any text is read, in linear time, and what is written comes back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printInfotext, quoteValue, trimBlanks, unquoteValue } from '../../shared/infotext.ts';
import { parseInfotext } from '../../service/recipes/infotext.ts';
import { webuiFields } from '../../service/recipes/webuiFields.ts';
import { isOlderVersion } from '../../service/recipes/webuiVersion.ts';
import { processorMs } from '../fixtures/processorMs.ts';

/** Text that likes to look like a recipe. */
const recipeLike = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'Steps: 20',
        'Negative prompt: ',
        ', ',
        '\n',
        '"',
        '\\',
        ':',
        'Size: 5x6',
        '(a:1.2)',
        '[',
        '{prompt}',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('parseInfotext', () => {
  it('reads any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(recipeLike, fc.string({ unit: 'binary', maxLength: 400 })), (text) => {
        const { prompt, negativePrompt, fields } = parseInfotext(text);
        expect(typeof prompt + typeof negativePrompt).toBe('stringstring');
        for (const name of fields.keys()) expect(name.length).toBeGreaterThan(1);
        expect(webuiFields(text, [])['Clip skip']).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  it('finds the fields that the original expression finds', () => {
    // The grammar as the WebUI states it, in JavaScript's notation, without its quadratic searching.
    const reference = (line: string) =>
      [
        ...line.matchAll(
          /\s*([\p{L}\p{N}_][\p{L}\p{N}_ \-/]+):\s*("(?:\\[^\n]|[^\\"])+"|[^,]*)(?:,|$)/gu,
        ),
      ]
        .map(([, name, value]) => [name, value] as const)
        .filter(([, value]) => value !== '');
    fc.assert(
      fc.property(recipeLike, (text) => {
        const line = trimBlanks(text.replaceAll(/[\n\r\u2028\u2029\u0085\ufeff]|\p{Cc}/gu, ' '));
        // At least three, so that it counts as the line of fields.
        const whole = `aa: 1, bb: 2, cc: 3, ${line}`;
        const wanted = new Map<string, string>();
        for (const [name, value] of reference(whole)) {
          const plain = unquoteValue(value);
          const size = /^(\p{Nd}+)x(\p{Nd}+)$/u.exec(plain);
          if (!size) wanted.set(name, plain);
          else wanted.set(`${name}-1`, size[1]).set(`${name}-2`, size[2]);
        }
        expect([...parseInfotext(`p\n${whole}`).fields]).toEqual([...wanted]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a word without end', (n: number) => 'a'.repeat(n)],
    ['blanks', (n: number) => ' '.repeat(n)],
    ['open quotes', (n: number) => 'ab: "x '.repeat(n / 7)],
    ['escapes', (n: number) => 'ab: "\\\\'.repeat(n / 7)],
    ['colons', (n: number) => 'ab:'.repeat(n / 3)],
    ['fields', (n: number) => 'Name: value, '.repeat(n / 13)],
    ['lines', (n: number) => 'x\n'.repeat(n / 2)],
    ['brackets', (n: number) => '(['.repeat(n / 2)],
  ])('takes linear time for ten megabytes of %s', async (_, make) => {
    const text = `p\nSteps: 1, Seed: 2, Sampler: x, ${make(10_000_000)}`;
    // In quadratic time it would be hours.
    expect(await processorMs(() => parseInfotext(text))).toBeLessThan(20_000);
  });
});

describe('printInfotext', () => {
  const blankless = (text: string) => text === trimBlanks(text);
  const line = fc
    .string({ unit: 'grapheme', maxLength: 30 })
    .filter((s) => blankless(s) && !/[\n\r]/.test(s) && !s.startsWith('Negative prompt:'));
  const prompt = fc
    .array(
      line.filter((s) => s !== ''),
      { minLength: 1, maxLength: 3 },
    )
    .map((l) => l.join('\n'));
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 /-]{1,12}[A-Za-z0-9]$/);
  const value = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    // Left alone by the original too: blanks around, quotes around, sizes, and fields named like values.
    .filter(
      (s) =>
        !/^\s|\s$|^"|^\p{Nd}+x\p{Nd}+$/u.test(s) && blankless(s) && !/[\r\u2028\u2029]/.test(s),
    );

  it('is read back by parseInfotext', () => {
    fc.assert(
      fc.property(
        prompt,
        fc.option(prompt, { nil: '' }),
        fc.uniqueArray(fc.tuple(name, value), {
          minLength: 3,
          maxLength: 12,
          selector: ([n]) => n,
        }),
        (positive, negativePrompt, fields) => {
          fc.pre(fields.every(([n, v]) => n !== v));
          const text = printInfotext({ prompt: positive, negativePrompt }, fields);
          const read = parseInfotext(text);
          expect(read.prompt).toBe(positive);
          expect(read.negativePrompt).toBe(negativePrompt);
          expect([...read.fields]).toEqual(fields);
        },
      ),
    );
  });

  it('quotes so that unquoting gives the value again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((s) => !s.startsWith('"')),
        (text) => {
          expect(unquoteValue(quoteValue(text))).toBe(text);
        },
      ),
    );
  });
});

describe('versions', () => {
  it.each([
    ['v1.5.2', '1.6.0', true],
    ['1.6.0', '1.6.0', false],
    ['v1.6.0-RC-3-gabcdef0', '1.6.0', true],
    ['v1.7.0-225-gabc', '1.7.0-225', false],
    ['v1.7.0-224-gabc', '1.7.0-225', true],
    ['1.8.0.dev1', '1.8.0', true],
    ['v1.10.1', '1.8.0', false],
    ['f2.0.1v1.10.1-previous-665-gd6', '1.6.0', false],
    ['', '1.6.0', false],
    ['1'.repeat(5000), '1.6.0', false],
  ])('%s is older than %s: %s', (text, other, expected) => {
    expect(isOlderVersion(text, other)).toBe(expected);
  });
});
