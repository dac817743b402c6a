import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAttention } from '../../../service/engine/prompt/attention.ts';
import { promptSchedule } from '../../../service/engine/prompt/schedule.ts';

/** Anything but the word that ends a chunk. */
const text = fc
  .string({
    unit: fc.constantFrom(
      'a',
      'cat',
      ' ',
      ',',
      ':',
      '1',
      '.',
      '(',
      ')',
      '[',
      ']',
      '\\',
      '漢',
      '😀',
      '\n',
    ),
  })
  .filter((t) => t !== '');
const weight = fc.integer({ min: -300, max: 300 }).map((n) => n / 100);

interface Part {
  readonly text: string;
  readonly weight: number;
}

/** Parts as somebody would write them. */
function printed(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      const escaped = part.text.replace(/[\\()[\]]/g, '\\$&');
      return part.weight === 1 ? escaped : `(${escaped}:${part.weight})`;
    })
    .join('');
}

function merged(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (last?.weight === part.weight)
      out[out.length - 1] = { ...part, text: last.text + part.text };
    else out.push(part);
  }
  return out.length > 0 ? out : [{ text: '', weight: 1 }];
}

describe('attention', () => {
  it('is read as it is written', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text, weight }), { maxLength: 8 }), (parts) => {
        expect(parseAttention(printed(parts))).toEqual({ parts: merged(parts), unreadable: [] });
      }),
      { numRuns: 500 },
    );
  });

  it('multiplies brackets around each other', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('(', '['), { maxLength: 12 }), (brackets) => {
        const closers = [...brackets].reverse().map((b) => (b === '(' ? ')' : ']'));
        const { parts } = parseAttention(`${brackets.join('')}x${closers.join('')}`);
        const expected = brackets.reduceRight((w, b) => w * (b === '(' ? 1.1 : 1 / 1.1), 1);
        expect(parts).toEqual([{ text: 'x', weight: expected }]);
      }),
    );
  });
});

type Node =
  | { readonly kind: 'words'; readonly words: string }
  | {
      readonly kind: 'edit';
      readonly before: Node[];
      readonly after: Node[];
      readonly when: number;
    }
  | { readonly kind: 'turns'; readonly options: Node[][] };

const { nodes } = fc.letrec<{ nodes: Node[]; node: Node; words: Node; edit: Node; turns: Node }>(
  (tie) => ({
    words: fc.record({
      kind: fc.constant('words' as const),
      words: fc.string({ unit: fc.constantFrom('a', 'b', ' ', ',', '(x)', '(y:1.2)', '\\[', '1') }),
    }),
    edit: fc.record({
      kind: fc.constant('edit' as const),
      before: tie('nodes'),
      after: tie('nodes'),
      when: fc.integer({ min: -1, max: 14 }),
    }),
    turns: fc.record({
      kind: fc.constant('turns' as const),
      options: fc.array(tie('nodes'), { minLength: 2, maxLength: 4 }),
    }),
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tie('words'),
      tie('edit'),
      tie('turns'),
    ),
    nodes: fc.array(tie('node'), { maxLength: 3 }),
  }),
);

function written(list: readonly Node[]): string {
  return list
    .map((node) => {
      if (node.kind === 'words') return node.words;
      if (node.kind === 'turns') return `[${node.options.map(written).join('|')}]`;
      return `[${written(node.before)}:${written(node.after)}:${node.when}]`;
    })
    .join('');
}

function shown(list: readonly Node[], step: number): string {
  return list
    .map((node) => {
      if (node.kind === 'words') return node.words;
      if (node.kind === 'turns')
        return shown(node.options[(step - 1) % node.options.length]!, step);
      return shown(step <= node.when ? node.before : node.after, step);
    })
    .join('');
}

describe('changes on the way', () => {
  it('are read as they are written, at every step', () => {
    const steps = 10;
    fc.assert(
      fc.property(nodes, (list) => {
        const schedule = promptSchedule(written(list), { steps });
        for (let step = 1; step <= steps; step++) {
          const { text: found } = schedule.find(({ until }) => step <= until)!;
          expect(found).toBe(shown(list, step));
        }
      }),
      { numRuns: 300 },
    );
  });
});
