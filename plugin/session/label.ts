import type { Situation } from './state.ts';

const longest = 36;

const wordless: Readonly<Record<Situation, string>> = {
  generate: 'Picture',
  refine: 'Refined',
  restyle: 'Restyled',
  fill: 'Filled',
  remove: 'Removed',
  expand: 'Expanded',
};

/** What a run and its layers are called: the beginning of the prompt, cut at a word. */
export function labelOf(prompt: string, situation: Situation): string {
  const text = situation === 'remove' ? '' : prompt.trim().replace(/\s+/g, ' ');
  if (text === '') return wordless[situation];
  const head = text.split(/[,.;]/)[0]?.trim() ?? '';
  const name = head === '' ? text : head;
  if (name.length <= longest) return name;
  const cut = name.slice(0, longest);
  const space = cut.lastIndexOf(' ');
  return `${space > longest / 2 ? cut.slice(0, space) : cut}…`;
}
