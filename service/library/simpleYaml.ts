/**
 * The part of YAML that programs write their folders in: sections with `key: value` lines below them,
 * values plain, quoted or as a block of lines. Anything else in the file is left out. Pure.
 */

/** Section -> key -> value; what stands outside any section is in the section ''. */
export type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

interface Line {
  readonly indent: number;
  readonly text: string;
}

const pair = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s:#'"][^:#]*?)\s*:(?:\s+(.*))?$/;

export function readSections(text: string): Sections {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map(lineOf);
  const sections = new Map<string, Map<string, string>>([['', new Map()]]);
  let section = '';
  let keyIndent: number | undefined;
  for (let at = 0; at < lines.length; at++) {
    const { indent, text: content } = lines[at];
    const found = isSilent(content) ? null : pair.exec(content);
    if (!found) continue;
    const key = unquoted(found[1]);
    const value = withoutComment(found[2] ?? '');
    if (indent === 0) [section, keyIndent] = ['', undefined];
    else if ((keyIndent ??= indent) !== indent) continue;
    if (indent === 0 && value === '') {
      section = key;
      sections.set(key, new Map());
      continue;
    }
    const block = /^[|>][-+0-9]*$/.test(value) ? blockAfter(lines, at) : undefined;
    if (block) at += block.length;
    sections.get(section)?.set(key, block ? blockText(block) : unquoted(value));
  }
  return sections;
}

function lineOf(text: string): Line {
  const indent = text.length - text.trimStart().length;
  return { indent, text: text.trim() };
}

function isSilent(content: string): boolean {
  return content === '' || content.startsWith('#');
}

/** The lines that lie deeper than line `at`. */
function blockAfter(lines: readonly Line[], at: number): Line[] {
  const rest = lines.slice(at + 1);
  const end = rest.findIndex(({ indent, text }) => text !== '' && indent <= lines[at].indent);
  return end < 0 ? rest : rest.slice(0, end);
}

function blockText(block: readonly Line[]): string {
  const texts = block.map(({ text }) => text);
  return texts.filter((text) => text !== '').join('\n');
}

function withoutComment(value: string): string {
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/.exec(value)?.[1];
  return (quoted ?? value.replace(/(?:^|\s)#.*$/, '')).trim();
}

function unquoted(value: string): string {
  if (/^'.*'$/.test(value)) return value.slice(1, -1).replaceAll("''", "'");
  if (!/^".*"$/.test(value)) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value.slice(1, -1);
  }
}
