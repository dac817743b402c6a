/** Names of result files: `--out` as it is, or a pattern like "[seed]-[prompt_words].png". */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Recipe } from '../../shared/recipe.ts';
import { needsModel, type DiffusionRequest, type GenerateRequest } from '../../shared/request.ts';
import type { Raster } from '../engine/picture/raster.ts';
import { pictureName, type NamedPicture } from '../variants/pictureName.ts';
import { pictureSeeds } from '../variants/pictureSeeds.ts';

/**
 * Gives each result its name, no two the same: a further one is numbered `name-2.png`. A name made from a
 * pattern never replaces a file that is there already.
 */
export function resultNamer(path: string, now: Date): (recipe: Recipe, flat: Raster) => string {
  const ending = extname(path);
  const pattern = basename(path, ending);
  const isPattern = pattern.includes('[');
  const used = new Set<string>();
  return (recipe, flat) => {
    const name = isPattern ? patternName(pattern, recipe, flat, now) || 'result' : pattern;
    const numbered = (n: number) =>
      join(dirname(path), `${name}${n === 1 ? '' : `-${n}`}${ending}`);
    let number = 1;
    while (used.has(numbered(number)) || (isPattern && existsSync(numbered(number)))) number++;
    used.add(numbered(number));
    return !isPattern && number === 1 ? path : numbered(number);
  };
}

function patternName(pattern: string, recipe: Recipe, flat: Raster, now: Date): string {
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
  const { buffer, byteOffset, byteLength } = flat.data;
  return pictureName(pattern, namedPicture(recipe, flat), {
    sha256,
    pixelsSha256: () => sha256(new Uint8Array(buffer, byteOffset, byteLength)),
    now,
  });
}

function namedPicture(recipe: Recipe, { width, height }: Raster): NamedPicture {
  const { request, seed, index, model } = recipe;
  const hasStrength = needsModel(request) && request.kind !== 'text';
  return {
    ...(needsModel(request) ? paintedPart(recipe, request) : removedPart),
    allSeeds: allSeeds(request),
    seed,
    strength: hasStrength ? String(request.strength) : undefined,
    width,
    height,
    modelName: model?.name ?? 'none',
    modelHash: model?.hash ?? '',
    batchSize: 1,
    batchCount: request.count,
    batchIndex: 0,
    iteration: index,
    user: '',
    styles: [],
    styleTexts: [],
  };
}

type PaintedPart = Pick<
  NamedPicture,
  | 'prompt'
  | 'negativePrompt'
  | 'steps'
  | 'cfgScale'
  | 'sampler'
  | 'schedule'
  | 'clipSkip'
  | 'vaeName'
>;

const removedPart: PaintedPart = {
  prompt: '',
  negativePrompt: '',
  steps: 0,
  cfgScale: '0',
  sampler: 'none',
  schedule: undefined,
  clipSkip: 1,
  vaeName: undefined,
};

function paintedPart({ sampling }: Recipe, request: DiffusionRequest): PaintedPart {
  const { prompt, negativePrompt, steps, cfgScale, clipSkip, vae } = request;
  return {
    prompt,
    negativePrompt,
    steps,
    cfgScale: String(cfgScale),
    sampler: sampling?.sampler ?? request.sampler,
    schedule: sampling?.schedule ?? request.schedule,
    clipSkip,
    vaeName: vae,
  };
}

function allSeeds(request: GenerateRequest): number[] {
  const variation = needsModel(request) ? request.variation : undefined;
  const question = {
    seed: request.seed,
    variationSeed: variation?.seed ?? 0,
    variationStrength: variation?.strength ?? 0,
  };
  return pictureSeeds(question, request.count).seeds;
}
