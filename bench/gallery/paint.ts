/** What a gallery row shows: removals, and paintings that are known beforehand, as layers over the picture. */
import { flatten } from '../../service/engine/picture/composite.ts';
import { cropMask } from '../../service/engine/picture/crop.ts';
import { fromFloatImage } from '../../service/engine/picture/convert.ts';
import { makeMasks, type Masks } from '../../service/engine/picture/mask.ts';
import type { FloatImage, Mask, Raster } from '../../service/engine/picture/raster.ts';
import { cropImage } from '../../service/engine/picture/crop.ts';
import { runJob, type JobTools } from '../../service/engine/runJob.ts';
import type { RemoveRequest } from '../../shared/request.ts';

/** The picture with what is selected removed. */
export async function removed(picture: Raster, mask: Mask, featherPx: number): Promise<Raster> {
  const { width, height, depth } = picture;
  const request: RemoveRequest = {
    kind: 'remove',
    document: { id: 'gallery', name: 'gallery', width, height, depth, mode: 'rgb' },
    region: { x: 0, y: 0, width, height },
    seed: 1,
    count: 1,
    featherPx,
    growPx: 0,
    colorMatch: 1,
  };
  const tools: JobTools = {
    signal: new AbortController().signal,
    preview: false,
    nowMs: () => 0,
    openModel: () => Promise.reject(new Error('No model is opened for a removal')),
    onStage: () => undefined,
  };
  const job = { request, picture, mask, inputSha256: '0'.repeat(64), model: undefined };
  for await (const told of runJob(job, tools)) {
    if (told.type === 'result') return flatten(picture, told.color, told.alpha, told.bounds);
  }
  throw new Error('Expected a result');
}

export interface Painted {
  readonly masks: Masks;
  readonly color: Raster;
  readonly alpha: Mask;
  readonly bounds: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
}

/** A layer of `painting` over all that the selection shows of it. */
export function layerOf(painting: FloatImage, selection: Mask, featherPx: number): Painted {
  const masks = makeMasks(selection, { featherPx, growPx: 0 });
  const { bounds } = masks;
  if (!bounds) throw new Error('Expected a selection');
  const color = fromFloatImage(cropImage(painting, bounds), { channels: 3, depth: 8 });
  return { masks, color, alpha: cropMask(masks.alpha, bounds), bounds };
}
