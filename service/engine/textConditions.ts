/** What SDXL's networks are told beside the words: sizes, an aesthetic score, and nothing at all. */
import type { Size } from '../../shared/geometry.ts';
import type { DiffusionFacts, TextContext } from './diffusion.ts';
import { tensor } from './tensor.ts';

/** Of the picture that is painted, as the network was told of its training pictures, pixels. */
export interface PictureSizes {
  readonly original: Size;
  readonly crop: { readonly top: number; readonly left: number };
  readonly target: Size;
}

/** Of the refiner's training pictures, 1..10: what is wanted and what is to be avoided. */
export interface AestheticScores {
  readonly wanted: number;
  readonly avoided: number;
}

/** As published with the refiner. */
export const usualScores: AestheticScores = { wanted: 6, avoided: 2.5 };

export type EncodeTexts = (texts: readonly string[]) => Promise<TextContext[]>;

type Facts = Pick<DiffusionFacts, 'sizeNumbers' | 'zeroEmptyNegative'>;

/** A picture of this size that was not cropped. */
export function wholePicture(size: Size): PictureSizes {
  return { original: size, crop: { top: 0, left: 0 }, target: size };
}

/** How texts are read: the prompt's, and those of what to avoid. */
export interface TextEncoders {
  readonly encode: EncodeTexts;
  readonly encodeNegative: EncodeTexts;
}

/**
 * The same encoders with everything that the model's networks are told besides; unchanged where that is
 * nothing. An empty text of what to avoid becomes zeros where the family was trained so (a1111:
 * sd_models_xl.py).
 */
export function withConditions(
  { encode, encodeNegative }: TextEncoders,
  facts: Facts,
  sizes: PictureSizes,
  scores: AestheticScores,
): TextEncoders {
  const avoided = withSizes(encodeNegative, facts, sizes, scores.avoided);
  return {
    encode: withSizes(encode, facts, sizes, scores.wanted),
    encodeNegative: facts.zeroEmptyNegative ? withSilence(avoided) : avoided,
  };
}

/**
 * Contexts with the numbers that the model's networks take: original height and width, top and left of
 * the crop, then target height and width or the score.
 */
function withSizes(
  encode: EncodeTexts,
  { sizeNumbers }: Facts,
  { original, crop, target }: PictureSizes,
  score: number,
): EncodeTexts {
  if (sizeNumbers === undefined) return encode;
  const first = [original.height, original.width, crop.top, crop.left];
  const last = sizeNumbers === 6 ? [target.height, target.width] : [score];
  const sizes = tensor(Float32Array.from([...first, ...last]), [1, sizeNumbers]);
  return async (texts) => (await encode(texts)).map((context) => ({ ...context, sizes }));
}

function withSilence(encode: EncodeTexts): EncodeTexts {
  return async (texts) => {
    const contexts = await encode(texts);
    return texts.every((text) => text === '') ? contexts.map(silent) : contexts;
  };
}

/** A context that says nothing: states and pooled vector are 0, sizes stay. */
export function silent(context: TextContext): TextContext {
  const { pooled } = context;
  const nothing = { ...context, data: new Float32Array(context.data.length) };
  if (!pooled) return nothing;
  return {
    ...nothing,
    pooled: { data: new Float32Array(pooled.data.length), shape: pooled.shape },
  };
}
