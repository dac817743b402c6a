/** Kind `photos`: a known colour drift to undo; the answer is the score of our correction (lower is better). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { correctDrift } from '../../../service/engine/picture/color/drift.ts';
import {
  fromFloatImage,
  toFloatImage,
  toSoftMask,
} from '../../../service/engine/picture/convert.ts';
import type { FloatImage } from '../../../service/engine/picture/raster.ts';
import { Unsupported, type Case, type Checker, type Picture } from '../case.ts';
import { readCase } from '../reader.ts';
import { scoreColor, type ColorScore } from './colorScore.ts';

export const check: Checker = async (c) => {
  if (c.input['function'] === 'color_harmony') return { score: await scoreOf(c) };
  if (c.input['function'] === 'color_harmony_summary') return { score: await meanScore(c) };
  throw new Unsupported(String(c.input['function']));
};

/** Two pictures of one scene and what is true of the second. */
export interface ColorScene {
  readonly original: Picture;
  /** What a model would return for all of it. */
  readonly drifted: Picture;
  readonly mask: Picture;
  /** 8-bit levels over all of it. */
  readonly truth: ArrayLike<number>;
}

export async function colorScene(c: Case): Promise<ColorScene> {
  const original = await c.picture(c.input['original']);
  const drifted = await c.picture(c.input['drifted']);
  const mask = await c.picture(c.input['mask']);
  const truth = withPiece(original, await c.picture(c.expect['truth']), c.expect['truthAt']);
  return { original, drifted, mask, truth };
}

/** Our correction of the drifted picture, 8-bit levels. */
export function correctedScene({ original, drifted, mask }: ColorScene): ArrayLike<number> {
  const alpha = alphaOf(mask);
  const known = { ...alpha, data: alpha.data.map((v) => (v === 0 ? 1 : 0)) };
  const options = { known, alpha, strength: 1 };
  return levelsOf(correctDrift(floatOf(drifted), floatOf(original), options).image);
}

/** The same kind of correction, told the truth of every pixel: what is left is not in its power. */
export function oracleScene({ drifted, mask, truth }: ColorScene): ArrayLike<number> {
  const { width, height } = drifted;
  const all = { width, height, data: new Float32Array(width * height).fill(1) };
  const wanted = { ...drifted, data: Uint8Array.from(truth) };
  const options = { known: all, alpha: alphaOf(mask), strength: 1 };
  return levelsOf(correctDrift(floatOf(drifted), floatOf(wanted), options).image);
}

export function scoreScene(scene: ColorScene, result: ArrayLike<number>): ColorScore {
  const { original, drifted, mask, truth } = scene;
  const { width, height } = original;
  const pictures = { original: original.data, drifted: drifted.data, result, truth };
  return scoreColor({ width, height, mask: mask.data, ...pictures });
}

async function scoreOf(c: Case): Promise<number> {
  const scene = await colorScene(c);
  return scoreScene(scene, correctedScene(scene)).score;
}

function alphaOf({ width, height, data }: Picture) {
  return toSoftMask({ width, height, data: Uint8Array.from(data) });
}

function levelsOf(image: FloatImage): ArrayLike<number> {
  return fromFloatImage(image, { channels: 3, depth: 8 }).data;
}

async function meanScore(c: Case): Promise<number> {
  const scores: number[] = [];
  for (const name of readdirSync(c.folder).filter((n) => n.endsWith('.json'))) {
    const other = readCase(join(c.folder, name), c.root);
    if (other?.input['function'] === 'color_harmony') scores.push(await scoreOf(other));
  }
  return scores.reduce((sum, v) => sum + v, 0) / scores.length;
}

function floatOf(picture: Picture) {
  const { width, height, data } = picture;
  return toFloatImage({ width, height, channels: 3, depth: picture.bits, data }).image;
}

function withPiece(original: Picture, piece: Picture, at: unknown): ArrayLike<number> {
  const [left, top] = at as [number, number];
  const out = Array.from(original.data);
  for (let y = 0; y < piece.height; y++) {
    for (let i = 0; i < piece.width * 3; i++) {
      out[((top + y) * original.width + left) * 3 + i] = piece.data[y * piece.width * 3 + i];
    }
  }
  return out;
}
