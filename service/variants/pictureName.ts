/**
 * File names from patterns like "[seed]-[prompt_words]" (AUTOMATIC1111, modules/images.py FilenameGenerator):
 * what is known is put in, "[batch_number]" of a single picture takes the text before it away, what is
 * unknown stays. Pure: time and hashes are passed in.
 */
import { webuiScheduleName } from '../recipes/webuiSamplers.ts';
import { formatTime } from './formatTime.ts';

export interface NamedPicture {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  /** Seeds of every picture of the run, in order. */
  readonly allSeeds: readonly number[];
  readonly steps: number;
  /** As it is to be printed. */
  readonly cfgScale: string;
  /** Undefined when there is none. */
  readonly strength: string | undefined;
  readonly sampler: string;
  readonly schedule: string | undefined;
  readonly clipSkip: number;
  readonly width: number;
  readonly height: number;
  readonly modelName: string;
  readonly modelHash: string;
  /** File name of a separate VAE. */
  readonly vaeName: string | undefined;
  /** Pictures at a time, how many times, and which of both this one is (from 0). */
  readonly batchSize: number;
  readonly batchCount: number;
  readonly batchIndex: number;
  readonly iteration: number;
  readonly user: string;
  readonly styles: readonly string[];
  /** Texts of those styles. */
  readonly styleTexts: readonly string[];
}

export interface NamingTools {
  /** Hex. */
  readonly sha256: (text: string) => string;
  /** Hex, of the picture's 8-bit pixels. */
  readonly pixelsSha256: () => string;
  readonly now: Date;
}

/** What a name stands for; `skip` drops the text before it too, undefined leaves the pattern as it is. */
type Replacement = string | typeof skip | undefined;
const skip = Symbol('skip');

const longestPart = 128;
const mostWords = 8;
const hashLength = 8;

/** The name, without an ending. Any pattern, in linear time; never throws. */
export function pictureName(pattern: string, picture: NamedPicture, tools: NamingTools): string {
  let name = '';
  let at = 0;
  for (const match of pattern.matchAll(/\[([^[\]]+)\]/g)) {
    const before = lastLine(pattern.slice(at, match.index));
    at = match.index + match[0].length;
    const { word, args } = splitArguments(match[1]);
    const replacement = replacementOf(word.toLowerCase(), args, picture, tools);
    if (replacement === skip) continue;
    name += before + (replacement ?? `[${word}]`);
  }
  return name + lastLine(pattern.slice(at));
}

/** The original's expression does not reach over the end of a line. */
function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1);
}

/** "hasprompt<cat|none><dog>" */
function splitArguments(pattern: string): { word: string; args: string[] } {
  const args: string[] = [];
  let word = pattern;
  while (word.endsWith('>')) {
    const open = word.lastIndexOf('<');
    if (open < 0 || word.slice(open + 1, -1).includes('>')) break;
    args.push(word.slice(open + 1, -1));
    word = word.slice(0, open);
  }
  return { word, args: args.reverse() };
}

function replacementOf(
  word: string,
  args: readonly string[],
  picture: NamedPicture,
  tools: NamingTools,
): Replacement {
  const plain = plainReplacement(word, picture);
  if (plain !== undefined) return plain;
  switch (word) {
    case 'prompt_hash':
      return cut(tools.sha256(picture.prompt), args[0], hashLength);
    case 'negative_prompt_hash':
      return cut(tools.sha256(picture.negativePrompt), args[0], hashLength);
    case 'full_prompt_hash':
      return cut(tools.sha256(`${picture.prompt} ${picture.negativePrompt}`), args[0], hashLength);
    case 'image_hash':
      return cut(tools.pixelsSha256(), args[0], undefined);
    case 'hasprompt':
      return hasPrompt(picture.prompt, args);
    case 'date':
      return formatTime(tools.now, '%Y-%m-%d');
    case 'datetime':
      return namePart(formatTime(tools.now, args[0] || '%Y%m%d%H%M%S'));
    case 'job_timestamp':
      return formatTime(tools.now, '%Y%m%d%H%M%S');
    default:
      return undefined;
  }
}

function plainReplacement(word: string, p: NamedPicture): Replacement {
  const isSingle = p.batchSize === 1;
  const values: Readonly<Record<string, () => Replacement>> = {
    basename: () => 'img',
    seed: () => String(p.seed),
    seed_first: () => String(isSingle ? p.seed : p.allSeeds[0]),
    seed_last: () => (isSingle ? skip : String(p.allSeeds.at(-1))),
    steps: () => String(p.steps),
    cfg: () => p.cfgScale,
    width: () => String(p.width),
    height: () => String(p.height),
    styles: () => namePart(p.styles.filter((s) => s !== 'None').join(', ') || 'None'),
    sampler: () => namePart(p.sampler),
    scheduler: () => scheduleOf(p),
    sampler_scheduler: () => {
      const schedule = scheduleOf(p);
      return schedule === undefined ? undefined : `${p.sampler} ${schedule}`;
    },
    model_hash: () => p.modelHash,
    model_name: () => namePart(p.modelName),
    vae_filename: () => vaePart(p.vaeName),
    prompt: () => namePart(p.prompt.replaceAll(' ', '_')),
    prompt_spaces: () => namePart(p.prompt),
    prompt_words: () => promptWords(p.prompt),
    prompt_no_styles: () => namePart(withoutStyles(p.prompt, p.styleTexts)),
    batch_size: () => String(p.batchSize),
    batch_number: () => (isSingle ? skip : String(p.batchIndex + 1)),
    generation_number: () =>
      isSingle && p.batchCount === 1 ? skip : String(p.iteration * p.batchSize + p.batchIndex + 1),
    denoising: () => (p.strength === undefined || Number(p.strength) === 0 ? skip : p.strength),
    clip_skip: () => String(p.clipSkip),
    user: () => p.user,
    none: () => '',
  };
  return Object.hasOwn(values, word) ? values[word]() : undefined;
}

/** Without what file systems refuse, at most 128 characters. */
export function namePart(text: string): string {
  const plain = text.replaceAll(/[#<>:"/\\|?*\n\r\t]/g, '_').replace(/^ +/, '');
  const short = Array.from(plain.slice(0, longestPart * 2))
    .slice(0, longestPart)
    .join('');
  let end = short.length;
  while (end > 0 && (short[end - 1] === ' ' || short[end - 1] === '.')) end--;
  return short.slice(0, end);
}

/** A share of a hash; an argument that is no whole number leaves the pattern as it is. */
function cut(hash: string, length: string | undefined, fallback: number | undefined): Replacement {
  if (length === undefined || length === '') return hash.slice(0, fallback);
  return /^\s*[+-]?\d+\s*$/.test(length) ? hash.slice(0, Number(length)) : undefined;
}

/** Words of the first argument's kind, "cat|none", that the prompt has, or what stands for their absence. */
function hasPrompt(prompt: string, args: readonly string[]): string {
  const lower = prompt.toLowerCase();
  const parts = args.map((arg) => {
    const [wanted, otherwise = ''] = arg.split('|');
    if (arg === '') return '';
    return lower.includes(wanted.toLowerCase()) ? wanted.toLowerCase() : otherwise;
  });
  return namePart(parts.join('').replaceAll(' ', '_'));
}

function scheduleOf({ sampler, schedule }: NamedPicture): string | undefined {
  if (schedule === undefined) return undefined;
  const name = schedule === 'Automatic' ? webuiScheduleName(sampler) : schedule;
  return name.charAt(0).toUpperCase() + name.slice(1).toLowerCase();
}

function vaePart(name: string | undefined): string {
  if (name === undefined) return 'NoneType';
  const [first, second] = name.split('.');
  return first === '' && second !== undefined ? second : first;
}

function promptWords(prompt: string): string {
  // The original's expression escapes its closing bracket, so that the backslash is no separator.
  const words = prompt.split(/[\s!"#$%&'()*+,\-./:;<=>?@[\]^_`{|}~]+/).filter(Boolean);
  return namePart(words.length === 0 ? 'empty' : words.slice(0, mostWords).join(' '));
}

function withoutStyles(prompt: string, texts: readonly string[]): string {
  let rest = prompt;
  const trimmed = (text: string) => trimOf(text.trim(), ',');
  for (const text of texts) {
    if (text === '') continue;
    for (const part of text.split('{prompt}')) {
      rest = trimmed(rest.replaceAll(part, '').replaceAll(', ,', ','));
    }
    rest = trimmed(rest.replaceAll(text, '')).trim();
  }
  return rest;
}

function trimOf(text: string, mark: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && text[from] === mark) from++;
  while (to > from && text[to - 1] === mark) to--;
  return text.slice(from, to);
}
