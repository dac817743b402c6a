/**
 * Prompts of 200 kB from text to chunks of token ids: comments, tags, AND, changes on the way, weights,
 * tokens. Ten times what a request may hold, so that no prompt is ever felt; and hostile ones, which
 * must not be slower.
 */
import { promptParts } from '../service/engine/prompt/compositions.ts';
import { promptTokens } from '../service/engine/prompt/conditioning.ts';
import { promptText } from '../service/engine/prompt/promptText.ts';
import { promptSchedule } from '../service/engine/prompt/schedule.ts';
import { clipTokenizer } from '../service/engine/prompt/tokenizer.ts';
import { machineLine } from './measure/machine.ts';
import { atMost, printTable, type Figure } from './measure/table.ts';
import { timed } from './measure/timing.ts';

const bytes = 200_000;
const steps = 20;
const most = 50;

function filled(piece: string): string {
  return piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)));
}

/** Text of many different made-up words, some of them weighed. */
function varied(): string {
  const letters = 'etaoinshrdlucmfwypvbgkqjxz';
  let state = 1;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const word = () => Array.from({ length: 2 + below(8) }, () => letters[below(26)]).join('');
  const words = Array.from({ length: 3_000 }, word);
  const parts: string[] = [];
  for (let length = 0; length < bytes - 30; length += parts.at(-1)!.length) {
    const one = words[below(words.length)];
    parts.push(below(5) === 0 ? `(${one}:1.${below(9)}), ` : `${one} ${words[below(3_000)]}, `);
  }
  return parts.join('');
}

const prompts: Readonly<Record<string, string>> = {
  'an ordinary one, repeated': filled(
    '(masterpiece:1.2), best quality, [blurry] a cat on a wall, ',
  ),
  'many different words': varied(),
  'open brackets': filled('('),
  'brackets around each other': '('.repeat(bytes / 2) + ')'.repeat(bytes / 2),
  'unfinished changes': filled('[a:[b:'),
  'tags that do not end': filled('<lora:'),
  'AND again and again': filled('a AND '),
  'one word without a blank': filled('abcdefgh'),
  'one letter': filled('a'),
  commas: filled(','),
  emoji: filled('\u{1f600}'),
  'Chinese characters': filled('\u6f22\u5b57'),
  'lone surrogates': filled('\ud83d'),
};

/** The longest text of every part is cut into chunks once; answers how many. */
function read(prompt: string): number {
  const tokenizer = clipTokenizer('webui');
  const texts = promptParts(promptText(prompt)).flatMap((part) =>
    promptSchedule(part.text, { steps }).map(({ text }) => text),
  );
  let chunks = 0;
  for (const text of new Set(texts)) chunks += promptTokens(text, { tokenizer }).chunks.length;
  return chunks;
}

async function main(): Promise<void> {
  const figures: Figure[] = [];
  for (const [name, prompt] of Object.entries(prompts)) {
    const { ms, value } = await timed(() => read(prompt), { warmUps: 5, repetitions: 9 });
    if (value < 1) throw new Error('Expected at least one chunk');
    figures.push(atMost(name, ms, { most, unit: 'ms', digits: 1 }));
  }
  printTable(`Prompts of ${bytes / 1000} kB, from text to chunks; ${machineLine()}`, figures);
}

await main();
