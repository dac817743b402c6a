/** Remove without a model: the hole is filled with patches of its surroundings. */
import { PentimentoError } from '../../shared/errors.ts';
import type { RemoveRequest } from '../../shared/request.ts';
import { resultPlanes } from './picture/composite.ts';
import { correctDrift } from './picture/color/drift.ts';
import { overBackground, toFloatImage, toSoftMask } from './picture/convert.ts';
import { knownPixels, makeMasks } from './picture/mask.ts';
import { fillFromSurroundings } from './picture/patch/patchFill.ts';
import type { Mask } from './picture/raster.ts';
import type { Finished } from './picture/prepare.ts';
import type { JobTools, Painter, Painting, Scene } from './runJob.ts';
import type { VariantSeeds } from './variantSeeds.ts';

const fillBudgetMs = 10 * 60_000;

/** Throws E_MASK_EMPTY, E_MASK_FULL. */
export function paintPatches(scene: Scene, request: RemoveRequest, tools: JobTools): Painter {
  const { picture, selection } = scene;
  if (!picture || !selection) throw new PentimentoError('E_MASK_EMPTY', 'No mask was sent.');
  const masks = makeMasks(selection, request);
  const { bounds } = masks;
  if (!bounds) throw new PentimentoError('E_MASK_EMPTY');
  const { image, alpha: clear } = toFloatImage(picture);
  const original = clear ? overBackground(image, clear) : image;
  // Everything that will show must be filled: also the outer half of the soft edge.
  const hole: Mask = { ...masks.alpha, data: masks.alpha.data.map((v) => (v > 0 ? 255 : 0)) };
  if (!hole.data.includes(0)) {
    const isOnlyEdge = selection.data.includes(0);
    throw new PentimentoError(
      'E_MASK_FULL',
      isOnlyEdge ? 'Its soft edge reaches everywhere: use less feather.' : undefined,
    );
  }

  async function* paint({ seed }: VariantSeeds): AsyncGenerator<Painting, Finished> {
    tools.onStage('filling from the surroundings', fillBudgetMs);
    const progress = makeProgress();
    const work = fillFromSurroundings(original, hole, {
      seed,
      signal: tools.signal,
      onProgress: (done, total) => progress.report(done, total),
    }).finally(() => progress.end());
    // Nobody waits for the work of a run that was stopped; it ends at the same signal.
    work.catch(() => undefined);
    yield* progress.steps();
    const filled = await work;
    if (!bounds || !picture) throw new PentimentoError('E_MASK_EMPTY');
    const { image: matched, report } = correctDrift(filled, original, {
      known: knownPixels(masks.denoise),
      alpha: toSoftMask(masks.alpha),
      strength: request.colorMatch,
    });
    const planes = resultPlanes({
      generated: matched,
      alpha: masks.alpha,
      bounds,
      channels: picture.channels,
      depth: picture.depth,
    });
    return { ...planes, bounds, report };
  }
  return { paint };
}

/** Steps of a fill, which has none of its own: hundredths. */
const progressSteps = 100;

/** Turns progress callbacks into steps to be awaited; only the newest is kept. */
function makeProgress() {
  let newest: Painting | undefined;
  let last = -1;
  let ended = false;
  let wake: (() => void) | undefined;
  return {
    report(done: number, total: number) {
      const step = Math.floor((done / Math.max(1, total)) * progressSteps);
      if (step === last) return;
      last = step;
      newest = { step, steps: progressSteps };
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    async *steps(): AsyncGenerator<Painting, void> {
      for (;;) {
        if (newest) {
          const step = newest;
          newest = undefined;
          yield step;
        } else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
