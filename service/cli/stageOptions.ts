/** --refiner, --hires and what goes with them, over what a recipe says. */
import { PentimentoError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import { hiresSize } from '../../shared/hiresSize.ts';
import { limits, type Range } from '../../shared/limits.ts';
import { HiresFix, type Enlargement, type Refiner } from '../../shared/stages.ts';
import { choiceOption, numberOption, wholeOption, type Options } from './options.ts';
import type { OpenedPicture } from './pictures.ts';
import type { UnflaggedSettings } from './recipeOptions.ts';

const hiresFlags = [
  'hires-upscaler',
  'hires-steps',
  'hires-strength',
  'hires-sampler',
  'hires-schedule',
  'hires-cfg',
  'hires-prompt',
  'hires-avoid',
] as const;

/** AUTOMATIC1111's page starts at this one. */
const usualHiresStrength: Range = { ...limits.strength, default: 0.7 };

/** The settings with both; a second pass is text to image's alone. Throws E_USAGE, E_PARAM. */
export function withStageOptions(
  recipe: UnflaggedSettings,
  options: Options,
  isText: boolean,
): UnflaggedSettings {
  const { refiner: before, hires: firstHires, ...others } = recipe;
  const refiner = refinerOf(options, before);
  if (!isText && (options.hires !== undefined || hiresFlags.some((flag) => options[flag])))
    throw new PentimentoError('E_USAGE', '--hires belongs to "pentimento txt2img".');
  const hires = isText ? hiresOf(options, firstHires) : undefined;
  return { ...others, ...(refiner ? { refiner } : {}), ...(hires ? { hires } : {}) };
}

/** --refiner MODEL[:SHARE] */
function refinerOf(options: Options, before: Refiner | undefined): Refiner | undefined {
  const text = options.refiner;
  const by = options['refiner-by'];
  if (text === undefined) {
    if (by !== undefined && !before)
      throw new PentimentoError('E_USAGE', '--refiner-by needs --refiner as well.');
    return before;
  }
  if (text === 'none') return undefined;
  const [, model = '', share] = /^(.*?)(?::([^:]*))?$/s.exec(text) ?? [];
  if (model === '') throw new PentimentoError('E_USAGE', '--refiner MODEL[:SHARE] names no model.');
  const switchAt =
    share === undefined
      ? limits.refinerSwitch.default
      : numberIn(share, '--refiner', limits.refinerSwitch);
  const measure = choiceOption(options, 'refiner-by', ['noise', 'steps'], 'noise');
  return { model, switchAt, ...(measure === 'steps' ? { switchBy: measure } : {}) };
}

function hiresOf(options: Options, before: HiresFix | undefined): HiresFix | undefined {
  if (options.hires === 'none') return undefined;
  if (options.hires === undefined && !before) {
    const flag = hiresFlags.find((name) => options[name] !== undefined);
    if (flag === undefined) return undefined;
    throw new PentimentoError('E_USAGE', `--${flag} needs --hires SCALE (or WxH) as well.`);
  }
  const own: Partial<HiresFix> = before ?? {};
  const { scale, size } = options.hires === undefined ? own : enlargementOf(options.hires);
  const words = {
    sampler: options['hires-sampler'] ?? own.sampler,
    schedule: options['hires-schedule'] ?? own.schedule,
    prompt: options['hires-prompt'] ?? own.prompt,
    negativePrompt: options['hires-avoid'] ?? own.negativePrompt,
    cfgScale:
      options['hires-cfg'] === undefined
        ? own.cfgScale
        : numberOption(options, 'hires-cfg', limits.cfgScale),
  };
  const steps = { min: 0, max: limits.steps.max, default: own.steps ?? 0 };
  const strength = { ...usualHiresStrength, default: own.strength ?? usualHiresStrength.default };
  return checked({
    scale,
    size,
    upscaler: options['hires-upscaler'] ?? own.upscaler ?? 'latent',
    steps: wholeOption(options, 'hires-steps', steps),
    strength: numberOption(options, 'hires-strength', strength),
    ...words,
  });
}

/** "2" or "1.5", or "1024x1536" with 0 for a side that follows from the shape. */
function enlargementOf(text: string): Enlargement {
  const sides = /^(\d+)x(\d+)$/i.exec(text);
  if (sides) return { size: { width: Number(sides[1]), height: Number(sides[2]) } };
  return { scale: numberIn(text, '--hires', limits.hiresScale) };
}

function numberIn(text: string, flag: string, { min, max }: Range): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
    throw new PentimentoError('E_PARAM', `${flag} goes from ${min} to ${max}; received "${text}".`);
  }
  return value;
}

function checked(hires: Readonly<Record<string, unknown>>): HiresFix {
  const present = Object.entries(hires).filter(([, value]) => value !== undefined);
  const parsed = HiresFix.safeParse(Object.fromEntries(present));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new PentimentoError('E_PARAM', `--hires: ${issue?.path.join('.')}: ${issue?.message}.`);
}

/** What text to image paints on: white nothing of the size that the last pass has. */
export function blankCanvas(first: Size, hires: HiresFix | undefined): OpenedPicture {
  const { width, height } = hires ? hiresSize(first, hires) : first;
  if (width < 8 || height < 8 || width > limits.side.max || height > limits.side.max) {
    const { max } = limits.side;
    throw new PentimentoError(
      'E_PARAM',
      `--hires gives ${width} x ${height}; sides end at ${max}.`,
    );
  }
  const data = new Uint8Array(width * height * 3).fill(255);
  const raster = { width, height, channels: 3, depth: 8, data } as const;
  return { name: 'untitled', raster, profile: undefined };
}
