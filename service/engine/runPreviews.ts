/** What a run would work with, from a frame to a frame: its masks, and what a ControlNet sees. */
import { PentimentoError } from '../../shared/errors.ts';
import { planeNamed, type Frame } from '../../shared/frame.ts';
import { ControlMapRequest, MaskRequest, type MaskAnswer } from '../../shared/preview.ts';
import { controlMap } from './controlUnits.ts';
import { fitControlPicture } from './picture/control/controlCrop.ts';
import { opaqueRgb } from './picture/control/opaqueRgb.ts';
import { toImage8 } from './picture/pillow/image8.ts';
import { maskOfPlane, rasterOfPlane } from './picture/planes.ts';
import {
  masksFloat,
  masksOfRemoval,
  masksOfWebui,
  reducedMask,
  type MakeRunMasks,
} from './picture/runMasks.ts';
import { nothingLeft } from './picture/mask.ts';
import type { Mask } from './picture/raster.ts';
import { resizeRaster } from './picture/resize.ts';
import { fromFloatImage } from './picture/convert.ts';
import { pipelineOptions, type PipelineOptions } from './plan/pipelineOptions.ts';

const makers: Readonly<Record<PipelineOptions['imaging'], MakeRunMasks>> = {
  float: masksFloat,
  webui: masksOfWebui,
};

/** Only that there are any matters before the run. */
const anySoftMask = {
  preservationStrength: 0.5,
  maskInfluence: 0,
  differenceThreshold: 0.5,
  differenceContrast: 2,
};

/** A MaskRequest with its selection as both masks. Throws E_FRAME, E_MASK_EMPTY. */
export function previewMasks(frame: Frame): Frame {
  const request = MaskRequest.parse(frame.body);
  const selection = maskIn(frame);
  const { imaging, latentMask } = pipelineOptions(request.dialect);
  const { kind, area, isSoft, longestSidePx, ...lengths } = request;
  const make = kind === 'remove' ? masksOfRemoval : makers[imaging];
  const masks = make({
    ...lengths,
    selection,
    context: { width: selection.width, height: selection.height },
    onlyMasked: kind === 'inpaint' && area !== 'whole',
    latentMask,
    softMask: isSoft === true ? anySoftMask : undefined,
  });
  if (!masks) throw nothingLeft(request);
  const longest = longestSidePx ?? Infinity;
  const body: MaskAnswer = { bounds: masks.bounds };
  const planes = [
    maskPlane('alpha', reducedMask(masks.alpha, longest)),
    maskPlane('denoise', reducedMask(masks.denoise, longest)),
  ];
  return { body, planes };
}

/** A ControlMapRequest with its picture as what the ControlNet sees of it. Throws E_FRAME. */
export function previewControlMap(frame: Frame): Frame {
  const request = ControlMapRequest.parse(frame.body);
  const plane = planeNamed(frame, 'picture');
  if (!plane) throw new PentimentoError('E_FRAME', 'The picture is missing.');
  const sent = opaqueRgb(toImage8(rasterOfPlane(plane)));
  const { region, fit, preprocessor } = request;
  const isFit = sent.width === region.width && sent.height === region.height;
  const picture = isFit ? sent : fitControlPicture(sent, region, fit);
  const map = controlMap(picture, {
    workingSize: request.workingSize,
    imaging: pipelineOptions(request.dialect).imaging,
    isPart: request.isPart,
    preprocessor,
    mask: preprocessor?.name === 'inpaint' ? maskIn(frame).data : undefined,
  });
  const raster = { ...map, channels: 3, depth: 8 } as const;
  const scale = (request.longestSidePx ?? Infinity) / Math.max(map.width, map.height);
  if (scale >= 1) return { body: {}, planes: [{ name: 'map', ...raster }] };
  const width = Math.max(1, Math.round(map.width * scale));
  const height = Math.max(1, Math.round(map.height * scale));
  const small = fromFloatImage(resizeRaster(raster, { width, height }), { channels: 3, depth: 8 });
  return { body: {}, planes: [{ name: 'map', ...small }] };
}

function maskIn(frame: Frame): Mask {
  const plane = planeNamed(frame, 'mask');
  if (!plane) throw new PentimentoError('E_FRAME', 'The mask is missing.');
  return maskOfPlane(plane);
}

function maskPlane(name: string, mask: Mask) {
  return { name, channels: 1, depth: 8, ...mask } as const;
}
