/** Remove without a model: the hole is filled with patches of its surroundings. */
import { setImmediate } from 'node:timers/promises';
import { PentimentoError } from '../../shared/errors.ts';
import { boundsOfMask, type Rect } from '../../shared/geometry.ts';
import type { RemoveRequest } from '../../shared/request.ts';
import { makeCallbackSteps } from './callbackSteps.ts';
import { resultPlanes } from './picture/composite.ts';
import { overBackground, toFloatImage, toMask } from './picture/convert.ts';
import { featherMask, growMask, nothingLeft } from './picture/mask.ts';
import { fillFromSurroundings, type PatchFillOptions } from './picture/patch/patchFill.ts';
import type { FloatImage, Mask, Raster } from './picture/raster.ts';
import type { Finished } from './picture/prepare.ts';
import type { JobTools, Painter, Painting, Scene } from './runJob.ts';
import { stopWhenAsked } from './stopWhenAsked.ts';
import type { VariantSeeds } from './variantSeeds.ts';

const fillBudgetMs = 10 * 60_000;
/** Steps of a fill, which has none of its own: hundredths. */
const progressSteps = 100;

/** Painting throws E_MASK_EMPTY, E_MASK_FULL, E_CANCELLED. */
export function paintPatches(
  scene: Scene,
  request: RemoveRequest,
  tools: JobTools,
  { isExpansion = false }: Pick<PatchFillOptions, 'isExpansion'> = {},
): Painter {
  async function* paint({ seed }: VariantSeeds): AsyncGenerator<Painting, Finished> {
    tools.onStage('filling from the surroundings', fillBudgetMs);
    const { picture, original, alpha, hole, bounds } = await prepareRemoval(scene, request, tools);
    const progress = makeCallbackSteps();
    const work = fillFromSurroundings(original, hole, {
      seed,
      evenness: request.colorMatch,
      isExpansion,
      signal: tools.signal,
      onProgress: (done, total) => {
        const step = Math.floor((done / Math.max(1, total)) * progressSteps);
        progress.report({ step, steps: progressSteps });
      },
    }).finally(() => progress.end());
    // Nobody waits for the work of a run that was stopped; it ends at the same signal.
    work.catch(() => undefined);
    yield* progress.steps();
    const { channels, depth } = picture;
    const planes = resultPlanes({ generated: await work, alpha, bounds, channels, depth });
    return { ...planes, bounds };
  }
  return { paint };
}

interface Removal {
  readonly picture: Raster;
  readonly original: FloatImage;
  readonly alpha: Mask;
  /** Everything that will show must be filled: also the outer half of the soft edge. */
  readonly hole: Mask;
  /** Of the alpha. */
  readonly bounds: Rect;
}

async function prepareRemoval(
  { picture, selection }: Scene,
  request: RemoveRequest,
  { signal }: JobTools,
): Promise<Removal> {
  if (!picture || !selection) throw new PentimentoError('E_MASK_EMPTY', 'No mask was sent.');
  const giveWay = async () => {
    await setImmediate();
    stopWhenAsked(signal);
  };
  const grown = growMask(selection, request.growPx);
  await giveWay();
  const alpha = toMask(featherMask(grown, request.featherPx));
  const bounds = boundsOfMask(alpha.data, alpha);
  if (!bounds) throw nothingLeft(request);
  await giveWay();
  const { image, alpha: clear } = toFloatImage(picture);
  await giveWay();
  const original = clear ? overBackground(image, clear) : image;
  await giveWay();
  const hole: Mask = { ...alpha, data: alpha.data.map((v) => (v > 0 ? 255 : 0)) };
  if (!hole.data.includes(0)) {
    const isOnlyEdge = selection.data.includes(0);
    throw new PentimentoError(
      'E_MASK_FULL',
      isOnlyEdge ? 'Its soft edge reaches everywhere: use less feather.' : undefined,
    );
  }
  return { picture, original, alpha, hole, bounds };
}
