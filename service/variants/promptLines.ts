/**
 * "Prompts from file": a line is a prompt, or options as on a command line, "--prompt a cat --steps 20"
 * (AUTOMATIC1111, scripts/prompts_from_file.py cmdargs; words are split as Python's shlex does). Pure.
 */
import { PentimentoError } from '../../shared/errors.ts';
import { pythonFloat } from '../engine/prompt/unicodeText.ts';
import { webuiSamplerName } from '../recipes/webuiSamplers.ts';

export type LineValue = string | number | boolean | null;
export type LineOptions = Readonly<Record<string, LineValue>>;

type Kind = 'text' | 'whole' | 'number' | 'switch';

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['outpath_samples', 'text'],
  ['outpath_grids', 'text'],
  ['prompt_for_display', 'text'],
  ['styles', 'text'],
  ['sampler_name', 'text'],
  ['seed', 'whole'],
  ['subseed', 'whole'],
  ['seed_resize_from_h', 'whole'],
  ['seed_resize_from_w', 'whole'],
  ['sampler_index', 'whole'],
  ['batch_size', 'whole'],
  ['n_iter', 'whole'],
  ['steps', 'whole'],
  ['width', 'whole'],
  ['height', 'whole'],
  ['subseed_strength', 'number'],
  ['cfg_scale', 'number'],
  ['restore_faces', 'switch'],
  ['tiling', 'switch'],
  ['do_not_save_samples', 'switch'],
  ['do_not_save_grid', 'switch'],
]);

/**
 * A line's options. Throws E_USAGE for a word that belongs to no option, an unknown option or a missing
 * value, E_PARAM for open quotes and for what is no number.
 */
export function lineOptions(line: string): LineOptions {
  if (!line.includes('--')) return { prompt: line };
  const words = splitWords(line);
  const options: Record<string, LineValue> = {};
  for (let i = 0; i < words.length;) {
    const name = words[i].startsWith('--') ? words[i].slice(2) : undefined;
    if (name === undefined || i + 1 >= words.length) {
      throw new PentimentoError(
        'E_USAGE',
        `"${words[i].slice(0, 60)}" is not an option with a value.`,
      );
    }
    if (name === 'prompt' || name === 'negative_prompt') {
      const after = words.findIndex((word, at) => at > i + 1 && word.startsWith('--'));
      const end = after < 0 ? words.length : after;
      options[name] = words.slice(i + 1, end).join(' ');
      i = end;
    } else {
      options[name] = optionValue(name, words[i + 1]);
      i += 2;
    }
  }
  return options;
}

/** A line as the original uses it: one that is no list of options is a prompt as it stands. */
export function promptLine(line: string): LineOptions {
  try {
    return lineOptions(line);
  } catch (error) {
    if (error instanceof PentimentoError) return { prompt: line };
    throw error;
  }
}

function optionValue(name: string, text: string): LineValue {
  const kind = kinds.get(name);
  switch (kind) {
    case 'text':
      return name === 'sampler_name' ? (webuiSamplerName(text.toLowerCase()) ?? null) : text;
    case 'switch':
      return text === 'true';
    case 'whole':
    case 'number': {
      const isWhole = /^\s*[+-]?\d+(_\d+)*\s*$/.test(text);
      const value = kind === 'number' || isWhole ? pythonFloat(text) : undefined;
      if (value === undefined) {
        throw new PentimentoError(
          'E_PARAM',
          `--${name} expects a number but received "${text.slice(0, 60)}".`,
        );
      }
      return value;
    }
    case undefined:
      throw new PentimentoError('E_USAGE', `There is no option "--${name.slice(0, 60)}".`);
  }
}

/** Words with POSIX quoting: '...' as it is, "..." with \" and \\, a backslash keeps the next character. */
function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (quote !== '') {
      const isEscape = quote === '"' && c === '\\' && /["\\]/.test(line[i + 1] ?? '');
      if (c === quote) quote = '';
      else word = (word ?? '') + (isEscape ? line[++i] : c);
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (c === '\\') {
      if (i + 1 >= line.length)
        throw new PentimentoError('E_PARAM', 'The line ends with a backslash.');
      word = (word ?? '') + line[++i];
    } else if (/[ \t\r\n]/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (quote !== '') throw new PentimentoError('E_PARAM', 'A quotation is not closed.');
  if (word !== undefined) words.push(word);
  return words;
}
