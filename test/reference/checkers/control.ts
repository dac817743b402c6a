/** Kind "control": preprocessors without a model, and how control maps come to their size. */
import type { ControlFit } from '../../../shared/control.ts';
import {
  cropControlPicture,
  fitControlPicture,
} from '../../../service/engine/picture/control/controlCrop.ts';
import {
  fitControlMap,
  fitInpaintMap,
} from '../../../service/engine/picture/control/fitControlMap.ts';
import {
  cannyMap,
  lineartStandard,
  scribbleXdog,
} from '../../../service/engine/picture/control/lines.ts';
import {
  pixelPerfectResolution,
  resizeWithPad,
} from '../../../service/engine/picture/control/preprocessorSize.ts';
import { opaqueRgb } from '../../../service/engine/picture/control/opaqueRgb.ts';
import { directionalMaxima, thinned } from '../../../service/engine/picture/control/thin.ts';
import {
  binaryMap,
  colorMap,
  gaussianMap,
  intensityMap,
  inverted,
  luminanceMap,
  shuffledMap,
  thresholdMap,
  tileMap,
} from '../../../service/engine/picture/control/tones.ts';
import type { Image8 } from '../../../service/engine/picture/pillow/image8.ts';
import {
  cropRegionOld,
  expandCropRegion,
} from '../../../service/engine/picture/webui/cropRegion.ts';
import { maskBlur } from '../../../service/engine/picture/webui/mask.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';
import { answer8, image8, inputs, mask8 } from '../image8Case.ts';

type Preprocess = (image: Image8, resolution: number, args: readonly number[]) => Image8;

const preprocessors: Readonly<Record<string, Preprocess>> = {
  canny: (image, resolution, [low, high]) => cannyMap(image, resolution, low, high),
  threshold: (image, resolution, [level]) => thresholdMap(image, resolution, level),
  binary: (image, _, [level]) => binaryMap(image, level),
  invert: inverted,
  scribble_xdog: (image, resolution, [level]) => scribbleXdog(image, resolution, level),
  lineart_standard: lineartStandard,
  tile_resample: (image, _, [reduction]) => tileMap(image, reduction),
  recolor_luminance: (image, _, [gamma]) => luminanceMap(image, gamma),
  recolor_intensity: (image, _, [gamma]) => intensityMap(image, gamma),
  blur_gaussian: (image, resolution, [sigma]) => gaussianMap(image, resolution, sigma),
  color: colorMap,
};

const fits: Readonly<Record<string, ControlFit>> = {
  'just resize': 'stretch',
  'crop and resize': 'crop',
  'resize and fill': 'fill',
};

export const check: Checker = async (c) => {
  const read = inputs(c);
  const name = read.text('function');
  const preprocess = preprocessors[name];
  if (preprocess) {
    const picture = await image8(c, c.input['picture']);
    const args = c.input['arguments'] as readonly number[];
    return { picture: answer8(preprocess(opaqueRgb(picture), read.number('resolution'), args)) };
  }
  switch (name) {
    case 'shuffle': {
      const { data } = c.tensor(c.input['flow']);
      const picture = await image8(c, c.input['picture']);
      return { picture: answer8(shuffledMap(picture, data as Float32Array)) };
    }
    case 'detectmap':
      return fitted(c);
    case 'control_crop':
      return cropped(c);
    case 'pixel_perfect':
      return { resolutions: read.rows<PixelPerfectRow>().map(resolutionOf) };
    case 'resize_with_pad': {
      const picture = await image8(c, c.input['picture']);
      const { padded, size } = resizeWithPad(picture, read.number('resolution'));
      return { padded: answer8(padded), size: [size.width, size.height] };
    }
    case 'thin': {
      const picture = await mask8(c, c.input['picture']);
      return {
        thin: answer8(thinned(picture, false)),
        pruned: answer8(thinned(picture, true)),
        nms: answer8(directionalMaxima(await mask8(c, c.input['grey']))),
      };
    }
    default:
      throw new Unsupported(name);
  }
};

function fitOf(name: string): ControlFit {
  const fit = fits[name];
  if (!fit) throw new Unsupported(`the resize mode ${name}`);
  return fit;
}

async function fitted(c: Case): Promise<Record<string, unknown>> {
  const read = inputs(c);
  const picture = await image8(c, c.input['picture']);
  const target = { width: read.number('width'), height: read.number('height') };
  const fit = fitOf(read.text('resizeMode'));
  if (!read.text('module').includes('inpaint')) {
    return { picture: answer8(fitControlMap(opaqueRgb(picture), target, fit)) };
  }
  const { channels, data } = fitInpaintMap(picture, target, fit);
  const pixels = target.width * target.height;
  const planes = Float32Array.from(
    { length: data.length },
    (_, i) => data[(i % pixels) * channels + Math.floor(i / pixels)],
  );
  return { control: { shape: [channels, target.height, target.width], data: planes } };
}

async function cropped(c: Case): Promise<Record<string, unknown>> {
  const read = inputs(c);
  const picture = await image8(c, c.input['picture']);
  const blur = read.number('maskBlur');
  const mask = maskBlur(await mask8(c, c.input['mask']), blur, blur);
  const working = { width: read.number('width'), height: read.number('height') };
  const region = cropRegionOld(mask, read.number('padding'));
  const [x1, y1, x2, y2] = expandCropRegion(region, working, mask);
  const whole = fitControlPicture(picture, mask, fitOf(read.text('resizeMode')));
  const rect = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
  return { picture: answer8(cropControlPicture(whole, rect, working)) };
}

interface PixelPerfectRow {
  readonly size: readonly [number, number];
  readonly target: readonly [number, number];
  readonly resizeMode: string;
}

function resolutionOf({ size, target, resizeMode }: PixelPerfectRow): number {
  const sized = ([width, height]: readonly [number, number]) => ({ width, height });
  return pixelPerfectResolution(sized(size), sized(target), fitOf(resizeMode));
}
