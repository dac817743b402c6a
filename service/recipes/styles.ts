/** The CSV files that AUTOMATIC1111 keeps its styles in (modules/styles.py). Pure. */
import type { Style } from '../../shared/styles.ts';
import { parseCsv, printCsv } from './csv.ts';

const columns = ['name', 'prompt', 'negative_prompt'];
const dividerWidth = 40;

/**
 * The styles of a file in order; of a name that stands twice the last, at its first place. Names that
 * begin with # are comments. The old form with a column `text` is read too. Never throws: without a
 * column `name`, or without any text column, there are none.
 */
export function parseStyles(csv: string): Style[] {
  const [header, ...rows] = parseCsv(csv.startsWith('\uFEFF') ? csv.slice(1) : csv);
  const at = (name: string) => header?.lastIndexOf(name) ?? -1;
  const nameAt = at('name');
  const promptAt = at('prompt') >= 0 ? at('prompt') : at('text');
  const negativeAt = at('negative_prompt');
  if (nameAt < 0 || promptAt < 0) return [];
  const styles = new Map<string, Style>();
  for (const row of rows) {
    const name: string | undefined = row[nameAt];
    if (name === undefined || name.startsWith('#')) continue;
    const negativePrompt = negativeAt < 0 ? '' : row[negativeAt];
    styles.set(name, { name, prompt: row[promptAt], negativePrompt });
  }
  return [...styles.values()];
}

/** The file as the original saves it, with a byte order mark. */
export function printStyles(styles: readonly Style[]): string {
  const rows = styles.map((s) => [s.name, s.prompt ?? '', s.negativePrompt ?? '']);
  return `\uFEFF${printCsv([columns, ...rows])}`;
}

/**
 * Several files as one list: each is led by a divider, "------------ NAME ------------", which holds no text;
 * a style of a later file replaces one of the same name in an earlier file.
 */
export function joinStyleFiles(
  files: ReadonlyArray<{ readonly stem: string; readonly csv: string }>,
): Style[] {
  if (files.length === 1) return parseStyles(files[0].csv);
  const styles = new Map<string, Style>();
  for (const { stem, csv } of files) {
    const divider = centred(` ${stem.toUpperCase()} `, dividerWidth);
    styles.set(divider, { name: divider, prompt: undefined, negativePrompt: undefined });
    for (const style of parseStyles(csv)) styles.set(style.name, style);
  }
  return [...styles.values()];
}

/** As Python's str.center: an odd remainder goes to the left when the width is odd, else to the right. */
function centred(text: string, width: number): string {
  const spare = Math.max(0, width - text.length);
  const left = Math.floor(spare / 2) + (spare & width & 1);
  return '-'.repeat(left) + text + '-'.repeat(spare - left);
}
