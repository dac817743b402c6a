import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const file = path.join(import.meta.dirname, '../../../plugin/panel/panel.css');

interface Declaration {
  readonly property: string;
  readonly value: string;
}

function declarations(css: string): Declaration[] {
  const plain = css.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...plain.matchAll(/([\w-]+)\s*:\s*([^;{}]+)[;}]/g)].map((found) => ({
    property: found[1] ?? '',
    value: (found[2] ?? '').trim(),
  }));
}

/** What UXP's renderer does not know or ignores (AdobeDocs/uxp-photoshop, known-issues). */
const unknownProperties =
  /^(grid.*|gap|row-gap|column-gap|float|clear|transition.*|animation.*|text-transform|font)$/;
const knownDisplays = ['none', 'inline', 'block', 'inline-block', 'flex', 'inline-flex'];

function problemsOf(css: string): string[] {
  const found = declarations(css)
    .filter(
      ({ property, value }) =>
        unknownProperties.test(property) ||
        (property === 'display' && !knownDisplays.includes(value)) ||
        (property === 'position' && value === 'sticky') ||
        (property === 'align-items' && value === 'baseline'),
    )
    .map(({ property, value }) => `${property}: ${value}`);
  const rules = css.match(/@(font-face|keyframes|import|supports|layer|container)\b/g) ?? [];
  return [...found, ...rules];
}

describe('panel.css in Photoshop', () => {
  it('uses only what UXP draws', async () => {
    const css = await readFile(file, 'utf8');
    expect(declarations(css).length).toBeGreaterThan(50);
    expect(problemsOf(css)).toEqual([]);
  });

  it('would be refused with what UXP does not draw', () => {
    const css = `.a { display: grid; gap: 4px; float: left; font: 12px x; transition: all 1s }
      @font-face { src: url(x) } .b { text-transform: uppercase; position: sticky; font-size: 3px }`;
    expect(problemsOf(css)).toHaveLength(8);
  });
});
