/**
 * Enlarging a finished picture (AUTOMATIC1111's tab "Extras"; scripts/postprocessing_upscale.py, reference
 * version 1.10.1).
 */
import type { Size } from '../../../../shared/geometry.ts';
import { type Image8, newImage8, pasteImage } from '../pillow/image8.ts';
import { upscaleInSlowPasses, type SlowUpscalePass } from './resizeImage.ts';

/** By a factor, kept below a longer side (0: any), or until a size is covered, cut to it on request. */
export type UpscaleGoal =
  | { readonly kind: 'factor'; readonly factor: number; readonly maxSidePx: number }
  | { readonly kind: 'cover'; readonly size: Size; readonly crop: boolean };

/** The picture enlarged; RGB, black where cutting to a size leaves a line uncovered. */
export async function upscaleFinished(
  image: Image8,
  pass: SlowUpscalePass,
  goal: UpscaleGoal,
): Promise<Image8> {
  const enlarged = await upscaleInSlowPasses(image, factorOf(image, goal), pass);
  if (goal.kind !== 'cover' || !goal.crop) return enlarged;
  const { width, height } = goal.size;
  const cut = newImage8(width, height, 3);
  const x = Math.floor(width / 2) - Math.floor(enlarged.width / 2);
  const y = Math.floor(height / 2) - Math.floor(enlarged.height / 2);
  pasteImage(cut, enlarged, x, y);
  return cut;
}

function factorOf(image: Size, goal: UpscaleGoal): number {
  if (goal.kind === 'cover') return covering(image, goal.size);
  return limitsSide(image, goal) ? covering(image, limited(image, goal)) : goal.factor;
}

function covering(image: Size, size: Size): number {
  return Math.max(size.width / image.width, size.height / image.height);
}

type FactorGoal = Extract<UpscaleGoal, { kind: 'factor' }>;

/** Whether the factor would make the longer side longer than it may be. */
export function limitsSide(image: Size, { factor, maxSidePx }: FactorGoal): boolean {
  return maxSidePx !== 0 && Math.max(image.width, image.height) * factor > maxSidePx;
}

function limited(image: Size, { factor, maxSidePx }: FactorGoal): Size {
  const width = image.width * factor;
  const height = image.height * factor;
  return height > width
    ? { width: Math.floor((maxSidePx * width) / height), height: maxSidePx }
    : { width: maxSidePx, height: Math.floor((maxSidePx * height) / width) };
}

/** first + (second - first) x share in single precision, cut to 8 bits (Pillow's Image.blend). */
export function blendImages(first: Image8, second: Image8, share: number): Image8 {
  const weight = Math.fround(share);
  const data = first.data.map((v, i) =>
    Math.trunc(Math.fround(v + Math.fround(weight * (second.data[i] - v)))),
  );
  return newImage8(first.width, first.height, first.channels, data);
}
