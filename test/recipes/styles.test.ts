import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv, printCsv } from '../../service/recipes/csv.ts';
import { joinStyleFiles, parseStyles, printStyles } from '../../service/recipes/styles.ts';
import { applyStyles, takeStyles, takeStyleText } from '../../shared/styles.ts';
import { processorMs } from '../fixtures/processorMs.ts';

const word = fc.stringMatching(/^[a-z]{1,8}( [a-z]{1,8})?$/);

describe('styles', () => {
  it('that were applied are found and taken out again', () => {
    const piece = fc.oneof(
      word.map((w) => `${w} zz`),
      word.map((w) => `yy ${w}, {prompt}`),
    );
    fc.assert(
      fc.property(word, word, piece, (prompt, negativePrompt, text) => {
        const styles = [{ name: 's', prompt: text, negativePrompt: 'ugly zz' }];
        const applied = applyStyles(styles, ['s'], { prompt, negativePrompt });
        expect(takeStyles(styles, applied)).toEqual({ names: ['s'], prompt, negativePrompt });
      }),
    );
  });

  it('survive being saved and read', () => {
    const cell = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((s) => !s.startsWith(' ') && !s.startsWith('"'));
    const style = fc.record({
      name: cell.filter((s) => s !== '' && !s.startsWith('#')),
      prompt: cell,
      negativePrompt: cell,
    });
    const styles = fc.uniqueArray(style, { selector: (s) => s.name, maxLength: 6 });
    fc.assert(
      fc.property(styles, (list) => {
        expect(parseStyles(printStyles(list))).toEqual(list);
      }),
    );
  });

  it('of several files are led by dividers, later ones winning', () => {
    const file = (stem: string, rows: string) => ({
      stem,
      csv: `name,prompt,negative_prompt\n${rows}`,
    });
    const joined = joinStyleFiles([file('mine', 'A,one,\nB,two,\n'), file('odd', 'A,three,\n')]);
    expect(joined.map((s) => s.name)).toEqual([
      '----------------- MINE -----------------',
      'A',
      'B',
      '----------------- ODD ------------------',
    ]);
    expect(joined[1].prompt).toBe('three');
    const divider = joined[0].name;
    expect(applyStyles(joined, [divider, 'B'], { prompt: 'p', negativePrompt: '' }).prompt).toBe(
      'p, two',
    );
    expect(joinStyleFiles([])).toEqual([]);
  });

  it('in files without the columns are none', () => {
    for (const csv of ['', 'a,b\n1,2\n', 'name\nx\n', '\n\n', '"'])
      expect(parseStyles(csv)).toEqual([]);
  });

  it('never throw, whatever the file holds, and stay linear', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(fc.property(text, (csv) => void parseStyles(`name,prompt\n${csv}`)));
    const ms = await processorMs(() => {
      parseStyles(`name,prompt\n${'"a'.repeat(200_000)}`);
      takeStyleText(' '.repeat(200_000), ' a'.repeat(200_000));
    });
    expect(ms).toBeLessThan(5000);
  });
});

describe('CSV', () => {
  it('comes back as it was written', () => {
    const cell = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((s) => !s.startsWith(' ') && !s.startsWith('"'));
    // A row of one empty cell is an empty line, which is left out.
    const row = fc.array(cell, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        expect(parseCsv(printCsv(rows))).toEqual(rows);
      }),
    );
  });
});
