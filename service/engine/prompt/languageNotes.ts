/** What AUTOMATIC1111's language makes of a prompt that its writer may not have meant. */
import { parseAttention } from './attention.ts';
import { parseChanges } from './changes.ts';
import { stripComments } from './comments.ts';
import { promptParts } from './compositions.ts';
import { takeNetworkTags } from './extraNetworks.ts';
import { promptText } from './promptText.ts';
import { lostBrackets } from './schedule.ts';

export interface NotedPrompts {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Model calls over which changes are spread. */
  readonly steps: number;
  /** Brackets are words: they have no weights. */
  readonly literalBrackets: boolean;
}

/** More would hide the first. */
const mostNotes = 6;

/** Sentences to be told before the run; none for most prompts. Linear in the length; never throws. */
export function languageNotes(prompts: NotedPrompts): string[] {
  const text = promptText(prompts.prompt);
  const parts = promptParts(text);
  const avoided = stripComments(prompts.negativePrompt);
  const texts = [...parts.map((part) => part.text), avoided];
  const notes = [
    ...texts.flatMap((t) => lostBrackets(t, prompts).map(lostNote)),
    ...texts.filter(losesChanges).map(() => literalNote),
    ...(prompts.literalBrackets ? [] : texts.flatMap(weightNotes)),
    ...(parts.length === 1 && parts[0]!.weight !== 1 ? [wholeWeightNote(parts[0]!.weight)] : []),
    ...takeNetworkTags(avoided).tags.map(({ type, items }) => tagNote([type, ...items])),
  ];
  return [...new Set(notes)].slice(0, mostNotes);
}

function lostNote(bracket: string): string {
  const word = bracket.slice(1, -1);
  return `"${short(bracket)}" is a change that never comes, so its words are left out; for a weight write "(${short(word)})".`;
}

const literalNote =
  'The prompt\'s changes in square brackets are read as words, because of a "|" or "\\" outside them.';

/** The grammar does not fit, though there is something like a change. */
function losesChanges(text: string): boolean {
  return parseChanges(text) === undefined && /\[[^[\]]*[:|][^[\]]*\]/.test(text);
}

/** Numbers that are no weights: 1e9, 1,2, 50 %, nan. */
const nearlyWeight =
  /:\s*([+-]?(?:nan|inf(?:inity)?|[\d.]+e[+-]?\d+|\d+,\d+|\d+(?:\.\d*)?\s?%))\s*\)/giu;

function weightNotes(text: string): string[] {
  const words = [...text.matchAll(nearlyWeight)].map(([, word]) => word!);
  return [
    ...parseAttention(text).unreadable.map(
      (weight) => `"${short(weight)}" is not a number, so that weight is left out.`,
    ),
    ...words.map((word) => `"${short(word)}" is read as words: weights are numbers such as 1.2.`),
  ];
}

function wholeWeightNote(weight: number): string {
  return `":${weight}" at the end is read as the weight of the whole prompt; a comma behind it keeps it as words.`;
}

function tagNote(tag: readonly string[]): string {
  return `"<${short(tag.join(':'))}>" is read as words in what to avoid; files are named in the prompt.`;
}

const longest = 40;

function short(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}
