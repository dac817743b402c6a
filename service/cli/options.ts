/** The command line's options, parsed once. */
import { parseArgs } from 'node:util';
import { PentimentoError } from '../../shared/errors.ts';
import type { Range } from '../../shared/limits.ts';
import { nearestNames } from '../../shared/nearest.ts';

const flags = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  json: { type: 'boolean' },
  out: { type: 'string', short: 'o' },
  mask: { type: 'string', short: 'm', multiple: true },
  'mask-from-color': { type: 'string', multiple: true },
  'mask-from-alpha': { type: 'boolean' },
  tolerance: { type: 'string' },
  contiguous: { type: 'boolean' },
  'invert-mask': { type: 'boolean' },
  'save-masks': { type: 'string' },
  above: { type: 'string' },
  layer: { type: 'string' },
  recipe: { type: 'string' },
  'as-webui': { type: 'boolean' },
  prompt: { type: 'string', short: 'p' },
  avoid: { type: 'string' },
  style: { type: 'string', multiple: true },
  styles: { type: 'string', multiple: true },
  vary: { type: 'string', multiple: true },
  matrix: { type: 'boolean' },
  prompts: { type: 'string' },
  loopback: { type: 'string' },
  'final-strength': { type: 'string' },
  curve: { type: 'string' },
  model: { type: 'string' },
  vae: { type: 'string' },
  'parts-from': { type: 'string' },
  feather: { type: 'string' },
  grow: { type: 'string' },
  strength: { type: 'string' },
  steps: { type: 'string' },
  cfg: { type: 'string' },
  seed: { type: 'string' },
  count: { type: 'string', short: 'n' },
  sampler: { type: 'string' },
  schedule: { type: 'string' },
  content: { type: 'string' },
  area: { type: 'string' },
  padding: { type: 'string' },
  'clip-skip': { type: 'string' },
  'variation-seed': { type: 'string' },
  'variation-strength': { type: 'string' },
  eta: { type: 'string' },
  's-churn': { type: 'string' },
  's-tmin': { type: 'string' },
  's-tmax': { type: 'string' },
  's-noise': { type: 'string' },
  'seed-delta': { type: 'string' },
  'guidance-rescale': { type: 'string' },
  emphasis: { type: 'string' },
  noise: { type: 'string' },
  'color-match': { type: 'string' },
  'grain-match': { type: 'string' },
  'soft-inpainting': { type: 'boolean' },
  'fast-decode': { type: 'boolean' },
  'color-correction': { type: 'boolean' },
  'resize-mode': { type: 'string' },
  'soft-bias': { type: 'string' },
  'soft-preservation': { type: 'string' },
  'soft-contrast': { type: 'string' },
  'soft-influence': { type: 'string' },
  'soft-threshold': { type: 'string' },
  'soft-sharpness': { type: 'string' },
  control: { type: 'string', multiple: true },
  'control-image': { type: 'string', multiple: true },
  'control-from': { type: 'string', multiple: true },
  'control-as': { type: 'string', multiple: true },
  'control-mode': { type: 'string' },
  'control-fit': { type: 'string' },
  refiner: { type: 'string' },
  'refiner-by': { type: 'string' },
  hires: { type: 'string' },
  'hires-upscaler': { type: 'string' },
  'hires-steps': { type: 'string' },
  'hires-strength': { type: 'string' },
  'hires-sampler': { type: 'string' },
  'hires-schedule': { type: 'string' },
  'hires-cfg': { type: 'string' },
  'hires-prompt': { type: 'string' },
  'hires-avoid': { type: 'string' },
  scale: { type: 'string' },
  second: { type: 'string' },
  tile: { type: 'string' },
  dialect: { type: 'string' },
  // expand
  left: { type: 'string' },
  right: { type: 'string' },
  top: { type: 'string' },
  bottom: { type: 'string' },
  aspect: { type: 'string' },
  anchor: { type: 'string' },
  reach: { type: 'string' },
  overlap: { type: 'string' },
  fill: { type: 'string' },
  falloff: { type: 'string' },
  'color-variation': { type: 'string' },
  'mask-blur': { type: 'string' },
  'no-model': { type: 'boolean' },
  width: { type: 'string' },
  height: { type: 'string' },
  // models
  check: { type: 'boolean' },
  to: { type: 'string' },
  sha256: { type: 'string' },
  // the service
  models: { type: 'string', multiple: true },
  data: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  device: { type: 'string' },
  'no-open': { type: 'boolean' },
  'low-memory': { type: 'boolean' },
  'memory-budget': { type: 'string' },
  'allow-lan': { type: 'boolean' },
  idle: { type: 'string' },
} as const;

type Parsed = ReturnType<typeof parse>;
export type Options = Parsed['values'];

function parse(args: readonly string[]) {
  const joined = joinNegatives(args);
  return parseArgs({ args: joined, options: flags, allowPositionals: true, strict: true });
}

/** `--grow -3` as `--grow=-3`: alone, a value that begins with a hyphen counts as an option. */
function joinNegatives(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    if (before !== undefined && /^--[a-z-]+$/.test(before) && /^-[\d.]/.test(arg)) {
      joined[joined.length - 1] = `${before}=${arg}`;
    } else joined.push(arg);
  }
  return joined;
}

/** Throws E_USAGE for an unknown or incomplete option. */
export function parseOptions(args: readonly string[]): { options: Options; files: string[] } {
  try {
    const { values, positionals } = parse(args);
    return { options: values, files: positionals };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split('. ')[0] : 'unknown option';
    throw new PentimentoError('E_USAGE', `${message}.${nearestOption(message)}`, { cause });
  }
}

/** The option that was probably meant, as a further sentence. */
function nearestOption(message: string): string {
  const unknown = /Unknown option '--([^']+)'/.exec(message)?.[1];
  const near = unknown === undefined ? [] : nearestNames(unknown, Object.keys(flags), 2);
  return near.length > 0 ? ` Did you mean ${near.map((name) => `--${name}`).join(' or ')}?` : '';
}

/** A number option inside its range, or the range's default. */
export function numberOption(options: Options, name: keyof Options, range: Range): number {
  const text = options[name];
  return numberIn(`--${name}`, text === undefined ? undefined : String(text), range);
}

/** A number inside its range, or the range's default; `what` begins the sentence of a refusal. Throws E_PARAM. */
export function numberIn(what: string, text: string | undefined, range: Range): number {
  if (text === undefined) return range.default;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new PentimentoError('E_PARAM', `${what} expects a number but received "${text}".`);
  }
  if (value < range.min || value > range.max) {
    throw new PentimentoError(
      'E_PARAM',
      `${what} goes from ${range.min} to ${range.max}; received ${value}.`,
    );
  }
  return value;
}

export function wholeOption(options: Options, name: keyof Options, range: Range): number {
  const value = numberOption(options, name, range);
  if (!Number.isInteger(value)) {
    throw new PentimentoError('E_PARAM', `--${name} expects a whole number but received ${value}.`);
  }
  return value;
}

/** One of the given words. */
export function choiceOption<T extends string>(
  options: Options,
  name: keyof Options,
  choices: readonly T[],
  fallback: T,
): T {
  const text = options[name];
  if (text === undefined) return fallback;
  const found = choices.find((c) => c === text);
  if (found === undefined) {
    throw new PentimentoError(
      'E_PARAM',
      `--${name} is one of ${choices.join(', ')}; received "${String(text)}".`,
    );
  }
  return found;
}
