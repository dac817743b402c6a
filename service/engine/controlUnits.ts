/** What the ControlNets of a request look at: pictures become hints at the working size. */
import { PentimentoError } from '../../shared/errors.ts';
import type { ControlUnit } from '../../shared/control.ts';
import { rectOfSize, relativeTo } from '../../shared/geometry.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { ControlNet } from './networks/controlNet.ts';
import { cropControlPicture, fitControlPicture } from './picture/control/controlCrop.ts';
import { fitControlMap, fitInpaintMap } from './picture/control/fitControlMap.ts';
import { opaqueRgb } from './picture/control/opaqueRgb.ts';
import { preprocess } from './picture/control/preprocess.ts';
import { pixelPerfectResolution } from './picture/control/preprocessorSize.ts';
import { cropRaster } from './picture/crop.ts';
import { maskImage, newImage8, toImage8, type Image8 } from './picture/pillow/image8.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import type { ControlOptions, ControlUnitOfRun } from './runControl.ts';
import type { Scene } from './runJob.ts';
import type { Tensor } from './tensor.ts';

/** Undefined without ControlNets. Throws E_FRAME when a picture is missing. */
export function controlOptions(
  scene: Scene,
  request: DiffusionRequest,
  options: PipelineOptions,
  nets: readonly ControlNet[],
): ControlOptions | undefined {
  const units: ControlUnitOfRun[] = [];
  for (const [i, unit] of (request.controls ?? []).entries()) {
    const net = nets[i];
    if (!net) throw new PentimentoError('E_MODEL_UNKNOWN', `"${unit.model}" is not open.`);
    const { weight, start, end, mode } = unit;
    const hint = hintOf({ scene, request, options, unit }, pictureOf(scene, unit, i));
    units.push({ net, hint, weight, start, end, mode });
  }
  if (units.length === 0) return undefined;
  return { units, window: options.controlWindow, fading: options.controlFading };
}

/** What a unit looks at, over the plan's context. */
function pictureOf(scene: Scene, unit: ControlUnit, index: number): Image8 {
  switch (unit.source) {
    case 'picture':
      return opaqueRgb(toImage8(present(scene.picture)));
    case 'mask':
      return opaqueRgb(maskImage(present(scene.selection)));
    case 'plane': {
      const sent = opaqueRgb(toImage8(present(scene.controlPictures[index])));
      const { region } = scene.request;
      const isFit = sent.width === region.width && sent.height === region.height;
      const over = isFit ? sent : fitControlPicture(sent, rectOfSize(region), unit.fit);
      return toImage8(cropRaster(over, relativeTo(scene.plan.context, region)));
    }
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined)
    throw new PentimentoError('E_FRAME', 'The picture of a ControlNet is missing.');
  return value;
}

interface UnitOfScene {
  readonly scene: Scene;
  readonly request: DiffusionRequest;
  readonly options: PipelineOptions;
  readonly unit: ControlUnit;
}

function hintOf({ scene, request, options, unit }: UnitOfScene, picture: Image8): Tensor {
  const { workingSize } = scene.plan;
  const { preprocessor } = unit;
  if (preprocessor?.name === 'inpaint') {
    const masked = withMask(picture, present(scene.selection).data);
    const { data } = fitInpaintMap(masked, workingSize, 'stretch');
    return inpaintTensor(data, workingSize);
  }
  const { imaging } = options;
  const isPart = request.kind === 'inpaint' && request.area !== 'whole';
  const { data } = drawnMap(picture, { workingSize, imaging, isPart, preprocessor });
  return planesOf(workingSize, (pixel, c) => data[pixel * 3 + c] / 255);
}

interface MapOptions {
  readonly workingSize: PixelSize;
  readonly imaging: PipelineOptions['imaging'];
  /** The run works on a part of the picture only. */
  readonly isPart: boolean;
  readonly preprocessor: ControlUnit['preprocessor'];
}

/** What a ControlNet sees of a picture over the plan's context: RGB, 8 bit, at the working size. */
function drawnMap(
  picture: Image8,
  { workingSize, imaging, isPart, preprocessor }: MapOptions,
): Image8 {
  // AUTOMATIC1111 brings what "only masked" cuts out to its size before anything else looks at it.
  const seen =
    imaging === 'webui' && isPart
      ? cropControlPicture(picture, rectOfSize(picture), workingSize)
      : picture;
  const resolution = pixelPerfectResolution(seen, workingSize, 'stretch');
  const isMade = preprocessor !== undefined && preprocessor.name !== 'inpaint';
  const map = isMade ? preprocess(seen, preprocessor, resolution) : seen;
  return fitControlMap(map, workingSize, 'stretch');
}

/** The same for showing: what an inpainting one is to paint (`mask`, over the picture) is black. */
export function controlMap(
  picture: Image8,
  options: MapOptions & { readonly mask: Uint8Array | undefined },
): Image8 {
  const { mask, workingSize } = options;
  if (!mask) return drawnMap(picture, options);
  const { width, height, data } = fitInpaintMap(withMask(picture, mask), workingSize, 'stretch');
  const out = newImage8(width, height, 3);
  for (let i = 0; i < out.data.length; i++) {
    const at = Math.floor(i / 3) * 4;
    const shown = data[at + 3] > 0 ? 0 : data[at + (i % 3)] * 255;
    out.data[i] = Math.min(255, Math.max(0, Math.round(shown)));
  }
  return out;
}

type PixelSize = Scene['plan']['workingSize'];

/** The colours, and -1 in all channels where it is to paint. */
function inpaintTensor(data: Float32Array, size: PixelSize): Tensor {
  return planesOf(size, (pixel, c) => {
    const paint = data[pixel * 4 + 3];
    return data[pixel * 4 + c] * (1 - paint) - paint;
  });
}

function planesOf(
  { width, height }: PixelSize,
  value: (pixel: number, channel: number) => number,
): Tensor {
  const pixels = width * height;
  const data = Float32Array.from({ length: 3 * pixels }, (_, i) =>
    value(i % pixels, Math.floor(i / pixels)),
  );
  return { data, shape: [1, 3, height, width] };
}

function withMask({ width, height, data }: Image8, mask: Uint8Array): Image8 {
  const out = newImage8(width, height, 4);
  for (let p = 0; p < width * height; p++) {
    out.data.set(data.subarray(3 * p, 3 * p + 3), 4 * p);
    out.data[4 * p + 3] = mask[p];
  }
  return out;
}
