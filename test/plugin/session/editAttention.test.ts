import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editAttention } from '../../../plugin/session/editAttention.ts';
import { parseAttention } from '../../../service/engine/prompt/attention.ts';

/** `|` marks the selection: once for the caret, twice for a range. */
function press(marked: string, direction: 1 | -1): string | undefined {
  const start = marked.indexOf('|');
  const plain = marked.slice(0, start) + marked.slice(start + 1);
  const second = plain.indexOf('|', start);
  const text = second < 0 ? plain : plain.slice(0, second) + plain.slice(second + 1);
  const edited = editAttention(text, { start, end: second < 0 ? start : second }, direction);
  if (!edited) return undefined;
  const { text: after, start: from, end: to } = edited;
  return `${after.slice(0, from)}|${after.slice(from, to)}|${after.slice(to)}`;
}

describe('a weight', () => {
  it.each([
    ['the word at the caret', 'a bo|at, sea', 'a (|boat|:1.1), sea'],
    ['the caret behind a word', 'a boat|', 'a (|boat|:1.1)'],
    ['what is selected', 'a |red boat|, sea', 'a (|red boat|:1.1), sea'],
    ['a selection with blanks around it', 'a| red boat |sea', 'a (|red boat|:1.1) sea'],
    ['brackets around the caret', 'a (red bo|at:1.2) sea', 'a (|red boat|:1.3) sea'],
    ['brackets without a number', 'a (red b|oat) sea', 'a (|red boat|:1.2) sea'],
    ['square brackets', 'a [d|im] sea', 'a |dim| sea'],
    ['the words of brackets selected', 'a (|boat|:1.2)', 'a (|boat|:1.3)'],
    ['brackets selected whole', '|(boat:1.2)|', '(|boat|:1.3)'],
    ['the inner brackets', '(a (b|:1.3) c:1.1)', '(a (|b|:1.4) c:1.1)'],
    ['a word inside brackets, selected', '(a |b| c:1.1)', '(a (|b|:1.1) c:1.1)'],
    ['a bracket that is text', 'smile \\(mo|on\\)', 'smile \\((|moon|:1.1)\\)'],
    ['a LoRA', '<lora:ink:0.|8>', '<lora:ink:|0.85|>'],
    ['a LoRA without a weight', '<lora:in|k>', '<lora:ink:|1.05|>'],
    ['a LoRA with two weights', '<lora:ink:0.|8:0.5>', '<lora:ink:|0.85|:0.5>'],
    ['several brackets selected', '|(a:1.1), (b:1.2)|', '(|(a:1.1), (b:1.2)|:1.1)'],
  ])('goes up: %s', (_, before, after) => {
    expect(press(before, 1)).toBe(after);
  });

  it('goes down and leaves the words alone at 1', () => {
    expect(press('a (boat|:1.2)', -1)).toBe('a (|boat|:1.1)');
    expect(press('a (boat|:1.1)', -1)).toBe('a |boat|');
    expect(press('a |boat|', -1)).toBe('a (|boat|:0.9)');
    expect(press('a (boat|)', -1)).toBe('a |boat|');
  });

  it('comes back after as many steps the other way', () => {
    let text: string | undefined = 'a |red boat|, sea';
    for (let i = 0; i < 7; i++) text = text && press(text, 1);
    expect(text).toBe('a (|red boat|:1.7), sea');
    for (let i = 0; i < 7; i++) text = text && press(text, -1);
    expect(text).toBe('a |red boat|, sea');
  });

  it.each([
    ['nothing there', 'a ,| b'],
    ['an empty prompt', '|'],
    ['torn brackets', 'a |(b, c| d)'],
  ])('stays where it is: %s', (_, marked) => {
    expect(press(marked, 1)).toBeUndefined();
  });

  it('does not take a change for brackets', () => {
    expect(press('[cat:do|g:0.5]', 1)).toBe('[cat:(|dog|:1.1):0.5]');
  });

  it('keeps every bracket and every word of any prompt', () => {
    const piece = fc.constantFrom(
      'a',
      'boat',
      ' ',
      ', ',
      '(',
      ')',
      '[',
      ']',
      ':1.2',
      '\\',
      '<lora:x:1>',
    );
    const prompt = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        prompt,
        fc.nat(40),
        fc.nat(40),
        fc.constantFrom(1 as const, -1),
        (text, a, b, d) => {
          const start = Math.min(a, text.length);
          const end = Math.max(start, Math.min(b, text.length));
          const edited = editAttention(text, { start, end }, d);
          if (!edited) return;
          expect(edited.start).toBeGreaterThanOrEqual(0);
          expect(edited.end).toBeLessThanOrEqual(edited.text.length);
          expect(edited.start).toBeLessThanOrEqual(edited.end);
          const words = (t: string) => t.replace(/[^a-z]/g, '');
          expect(words(edited.text)).toBe(words(text));
          const balance = (t: string) =>
            [...t.matchAll(/[([]/g)].length - [...t.matchAll(/[)\]]/g)].length;
          expect(balance(edited.text)).toBe(balance(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is the weight that the service reads', () => {
    const edited = editAttention('a red boat, sea', { start: 2, end: 10 }, 1);
    expect(parseAttention(edited?.text ?? '').parts).toEqual([
      { text: 'a ', weight: 1 },
      { text: 'red boat', weight: 1.1 },
      { text: ', sea', weight: 1 },
    ]);
  });
});
