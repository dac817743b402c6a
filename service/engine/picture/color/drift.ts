/**
 * Colour drift: what a VAE and a sampler do to the colours of a whole picture. On pixels that the
 * model was not to change, generated and original should be equal; how they differ is estimated
 * (driftModel.ts) and taken off the painted part as well.
 */
import { rectOfSize, type Rect } from '../../../../shared/geometry.ts';
import { deltaE2000, srgbToLab } from '../deltaE.ts';
import type { FloatImage, SoftMask } from '../raster.ts';
import { cellsOf, roleSeam, type Cells } from './driftCells.ts';
import { fitDrift } from './driftModel.ts';
import { correctedCells, withoutDrift } from './takeOff.ts';

interface DriftOptions {
  /** 1 = the same scene in both pictures, 0 = the model was free. */
  readonly known: SoftMask;
  /** What will be seen; only there is the picture changed, unless `within` is given. */
  readonly alpha: SoftMask;
  /** Change all of this: the picture is going to be enlarged, which reaches past what is seen. */
  readonly within?: Rect;
  /** 0..1: share of the drift that is taken off. */
  readonly strength: number;
}

interface DriftReport {
  /** Mean CIEDE2000 between generated and original on known cells at the seam. */
  readonly before: number;
  readonly after: number;
}

/**
 * The generated picture with its drift taken off wherever alpha is above 0. Strength 0, or too little
 * known of the scene, gives the generated picture itself. Where nothing at the seam is known there is nothing
 * to report. All four planes have the same size; throws a
 * RangeError otherwise.
 */
export function correctDrift(
  generated: FloatImage,
  original: FloatImage,
  options: DriftOptions,
): { image: FloatImage; report?: DriftReport } {
  checkSizes(generated, [original, options.known, options.alpha]);
  const cells = cellsOf(generated, original, options);
  const before = seamDifference(cells, cells.generated);
  const strength = Math.min(1, Math.max(0, options.strength));
  const model = strength > 0 ? fitDrift(cells) : undefined;
  if (!model) return { image: generated, ...reportOf(before, before) };
  const drift = { cells, model, strength };
  const part = options.within
    ? { area: options.within }
    : { area: rectOfSize(generated), alpha: options.alpha };
  const data = withoutDrift(generated, drift, part);
  const after = seamDifference(cells, correctedCells(drift));
  return { image: { ...generated, data }, ...reportOf(before, after) };
}

function reportOf(before: number | undefined, after: number | undefined): { report?: DriftReport } {
  return before === undefined || after === undefined ? {} : { report: { before, after } };
}

function checkSizes(
  like: FloatImage,
  planes: readonly { readonly width: number; readonly height: number }[],
): void {
  if (planes.some((p) => p.width !== like.width || p.height !== like.height)) {
    throw new RangeError(`Expected planes of ${like.width}x${like.height}`);
  }
}

/** Undefined where no cell at the seam is known. */
function seamDifference(cells: Cells, colors: Float32Array): number | undefined {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < cells.role.length; i++) {
    if (cells.role[i] !== roleSeam) continue;
    sum += deltaE2000(labOf(colors, i), labOf(cells.original, i));
    count++;
  }
  return count === 0 ? undefined : sum / count;
}

function labOf(colors: Float32Array, i: number) {
  return srgbToLab(colors[i * 3], colors[i * 3 + 1], colors[i * 3 + 2]);
}
