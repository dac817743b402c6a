/** A preprocessor by its name, with its usual settings where none are given (sd-webui-controlnet 1.1.455). */
import type { Preprocessor } from '../../../../shared/control.ts';
import type { Image8 } from '../pillow/image8.ts';
import { opaqueRgb } from './opaqueRgb.ts';
import { cannyMap, lineartStandard, scribbleXdog } from './lines.ts';
import {
  binaryMap,
  colorMap,
  gaussianMap,
  intensityMap,
  inverted,
  luminanceMap,
  thresholdMap,
  tileMap,
} from './tones.ts';

type MapPreprocessor = Exclude<Preprocessor, { name: 'inpaint' }>;

/** RGB in; `a` and `b` are the preprocessor's own thresholds. */
type MakeMap = (image: Image8, resolution: number, a?: number, b?: number) => Image8;

const leastSigma = 0.01;

const makers: Readonly<Record<MapPreprocessor['name'], MakeMap>> = {
  canny: (image, resolution, a = 100, b = 200) => cannyMap(image, resolution, a, b),
  scribble_xdog: (image, resolution, a = 32) => scribbleXdog(image, resolution, a),
  lineart_standard: lineartStandard,
  invert: inverted,
  threshold: (image, resolution, a = 127) => thresholdMap(image, resolution, a),
  binary: (image, _, a = 0) => binaryMap(image, a),
  blur_gaussian: (image, resolution, a = 9) =>
    gaussianMap(image, resolution, Math.max(leastSigma, a)),
  tile_resample: (image, _, a = 1) => tileMap(image, a),
  recolor_luminance: (image, _, a = 1) => luminanceMap(image, a),
  recolor_intensity: (image, _, a = 1) => intensityMap(image, a),
  color: colorMap,
};

/**
 * What a ControlNet is to see of a picture: RGB, of another size where the preprocessor has its own.
 * `resolution`: pixels of the shorter side, for those that work at one.
 */
export function preprocess(
  picture: Image8,
  { name, a, b }: MapPreprocessor,
  resolution: number,
): Image8 {
  return opaqueRgb(makers[name](opaqueRgb(picture), resolution, a, b));
}
