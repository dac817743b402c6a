/** LoRAs and embeddings that a prompt can name. Pure. */
import type { ModelInfo } from '../../shared/api.ts';
import type { EditedText } from './editAttention.ts';
import { activeModel } from './select.ts';
import { familyName } from './settingWords.ts';
import type { SessionState } from './state.ts';

export interface Addition {
  readonly id: string;
  readonly kind: 'lora' | 'embedding';
  readonly name: string;
  /** As the panel words it; '' when its file does not tell. */
  readonly family: string;
  /** What is written into the prompt: its name, and the words that call what it was trained for. */
  readonly words: string;
  readonly triggerWords: readonly string[];
  /** Why it cannot be used now. */
  readonly obstacle: string | undefined;
}

/** Every LoRA and embedding of the library: what fits the model first, then by kind and name. */
export function promptAdditions(state: SessionState): readonly Addition[] {
  const additions = state.models.flatMap((info) => additionOf(state, info) ?? []);
  const rank = ({ obstacle, kind }: Addition) =>
    (obstacle === undefined ? 0 : 2) + (kind === 'lora' ? 0 : 1);
  return additions.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

function additionOf(state: SessionState, info: ModelInfo): Addition | undefined {
  const { id, kind, name } = info;
  if (kind !== 'lora' && kind !== 'embedding') return undefined;
  return {
    id,
    kind,
    name,
    family: info.family === 'unknown' ? '' : familyName(info.family),
    words: kind === 'lora' ? loraWords(info) : name.replaceAll(/[\\()[\]]/g, String.raw`\$&`),
    triggerWords: info.notes?.triggerWords ?? [],
    obstacle: obstacleOf(state, info),
  };
}

function loraWords({ name, notes }: ModelInfo): string {
  const tag = `<lora:${name}:${notes?.preferredWeight ?? 1}>`;
  return [tag, (notes?.triggerWords ?? []).join(', ')].filter(Boolean).join(' ');
}

function obstacleOf(state: SessionState, info: ModelInfo): string | undefined {
  if (!info.usable) return [info.problem?.title, info.problem?.detail].filter(Boolean).join(' ');
  if (state.settings.dialect === 'diffusers') {
    return 'The rules of diffusers know no such names; choose others under Advanced.';
  }
  const model = activeModel(state);
  const families = [info.family, model?.family ?? 'unknown'];
  if (families.includes('unknown') || families[0] === families[1]) return undefined;
  return `Made for ${familyName(info.family)}; ${model?.name} is ${familyName(model?.family ?? '')}.`;
}

/** The text with more words behind what is selected, set apart, and the caret behind them. */
export function insertWords(
  text: string,
  selection: { readonly start: number; readonly end: number },
  words: string,
): EditedText {
  const at = endOfWord(text, selection.end);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const separator = words.startsWith('<') ? ' ' : ', ';
  const lead = before.endsWith(',') ? ' ' : separator;
  const isApart = before === '' || /[\s([]$/.test(before);
  const inserted = `${isApart ? '' : lead}${words}`;
  const trail = after === '' || /^[\s,:|)\]]/.test(after) ? '' : separator;
  const caret = at + inserted.length;
  return { text: before + inserted + trail + after, start: caret, end: caret };
}

/** Behind the tag or the word that the caret is inside of. */
function endOfWord(text: string, caret: number): number {
  const tag = [...text.matchAll(/<[^<>]*>/g)].find(
    ({ index, 0: whole }) => caret > index && caret < index + whole.length,
  );
  if (tag) return tag.index + tag[0].length;
  const isInside = /[\p{L}\p{N}_]$/u.test(text.slice(0, caret));
  const rest = isInside ? /^[\p{L}\p{N}_]*/u.exec(text.slice(caret)) : null;
  return caret + (rest?.[0].length ?? 0);
}
