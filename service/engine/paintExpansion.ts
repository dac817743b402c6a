/** Expand: the canvas is filled pass by pass, each painted next to what is known by then. */
import { PentimentoError } from '../../shared/errors.ts';
import {
  intersectRects,
  padRect,
  relativeTo,
  unionRects,
  type Rect,
} from '../../shared/geometry.ts';
import type { PlannedPass } from '../../shared/plan.ts';
import type { ColorReport } from '../../shared/recipe.ts';
import type {
  ExpandPatchesRequest,
  ExpandRequest,
  InpaintRequest,
  RemoveRequest,
} from '../../shared/request.ts';
import { maxSeed } from '../../shared/limits.ts';
import { paintDiffusion } from './paintDiffusion.ts';
import { paintPatches } from './paintPatches.ts';
import { growingCanvas, seenOfPass, type GrowingCanvas } from './picture/growingCanvas.ts';
import { mapInto } from './picture/mapInto.ts';
import { matchRim } from './picture/matchRim.ts';
import type { Finished } from './picture/prepare.ts';
import type { Mask } from './picture/raster.ts';
import { seamAlpha } from './picture/seamAlpha.ts';
import { giveWayBetween } from './picture/sliced.ts';
import { structureStart } from './picture/structureStart.ts';
import type { JobTools, Painter, Painting, Scene } from './runJob.ts';
import type { VariantSeeds } from './variantSeeds.ts';

type AnyExpandRequest = ExpandRequest | ExpandPatchesRequest;

const structureBudgetMs = 10 * 60_000;
/** Between the seeds of two passes, far from those of neighbouring variants: equal noise would repeat itself. */
const seedStep = 1_000_003;

/** Throws E_FRAME without a picture. */
export function paintExpansion(scene: Scene, request: AnyExpandRequest, tools: JobTools): Painter {
  const { picture, plan } = scene;
  const { passes = [] } = plan;
  if (!picture) throw new PentimentoError('E_FRAME', 'No picture was sent.');
  const all = passes.reduce((sum, { context }) => unionRects(sum, context), plan.context);
  const original = picture;
  let hasUnnamedSchedule = false;

  async function* paint(seeds: VariantSeeds): AsyncGenerator<Painting, Finished> {
    const canvas = growingCanvas(original, plan.context, all);
    const reports: ColorReport[] = [];
    for (const [index, pass] of passes.entries()) {
      const own = seedsOfPass(seeds, index);
      const painter = await painterOf({ scene, request, tools, canvas, pass }, own);
      hasUnnamedSchedule ||= painter.hasUnnamedSchedule === true;
      const painting = painter.paint(own);
      let state = await painting.next();
      while (state.done !== true) {
        yield countedPainting(state.value, { index, count: passes.length, pass });
        state = await painting.next();
      }
      await layPass(canvas, state.value, { pass, request, tools });
      if (state.value.report) reports.push(state.value.report);
    }
    const { bounds, ...planes } = canvas.layer();
    const report = meanReport(reports);
    return { ...planes, bounds: relativeTo(bounds, plan.context), ...(report ? { report } : {}) };
  }
  return {
    paint,
    get hasUnnamedSchedule() {
      return hasUnnamedSchedule;
    },
  };
}

interface PassWork {
  readonly scene: Scene;
  readonly request: AnyExpandRequest;
  readonly tools: JobTools;
  readonly canvas: GrowingCanvas;
  readonly pass: PlannedPass;
}

/** One pass is an inpainting run of its own, or a removal where no model takes part. */
async function painterOf(work: PassWork, seeds: VariantSeeds): Promise<Painter> {
  const { request, tools, canvas, pass, scene } = work;
  const { area, context, workingSize } = pass;
  const overlap = overlapOf(pass, request.overlapPx);
  const selection = rectMask(padRect(area, Math.ceil(overlap / 2)), context);
  const sceneOfPass = () => ({
    ...scene,
    plan: { ...scene.plan, context, workingSize },
    picture: canvas.look(context),
    selection,
  });
  const featherPx = overlap / 3;
  if (request.kind === 'expand-patches') {
    return paintPatches(sceneOfPass(), removal(request, featherPx), tools, {
      isExpansion: true,
    });
  }
  if (request.fill === 'structure') {
    tools.onStage('continuing the picture', structureBudgetMs);
    const start = await structureStart(canvas.look(context), relativeTo(area, context), {
      seed: seeds.seed,
      signal: tools.signal,
    });
    canvas.begin(start, area);
  }
  // At strength 1 the picture begun with still says where it is dark and where bright.
  const changes = request.fill === 'structure' ? { fullStrengthStart: 'noised' as const } : {};
  return paintDiffusion(sceneOfPass(), inpainting(request, context, featherPx), tools, changes);
}

function inpainting(request: ExpandRequest, region: Rect, featherPx: number): InpaintRequest {
  const {
    kind: _kind,
    canvas: _canvas,
    overlapPx: _overlap,
    fill,
    script: _script,
    ...shared
  } = request;
  const maskedContent = fill === 'structure' || fill === 'mk2' ? 'original' : fill;
  const own = { growPx: 0, maskedContent, area: 'whole', paddingPx: 0 } as const;
  return { ...shared, kind: 'inpaint', region, featherPx, ...own };
}

function removal(request: ExpandPatchesRequest, featherPx: number): RemoveRequest {
  const { kind: _kind, canvas: _canvas, overlapPx: _overlap, ...shared } = request;
  return { ...shared, kind: 'remove', featherPx, growPx: 0 };
}

/** Never more than half of what is known beside the area. */
function overlapOf({ area, context }: PlannedPass, wanted: number): number {
  const beside = [context.width - area.width, context.height - area.height].filter((px) => px > 0);
  return Math.min(wanted, Math.floor(Math.min(...beside) / 2));
}

function rectMask(selected: Rect, over: Rect): Mask {
  const { width, height } = over;
  const data = new Uint8Array(width * height);
  const { x, y, ...size } = relativeTo(intersectRects(selected, over), over);
  for (let row = y; row < y + size.height; row++) {
    data.fill(255, row * width + x, row * width + x + size.width);
  }
  return { width, height, data };
}

function seedsOfPass({ seed, variation }: VariantSeeds, index: number): VariantSeeds {
  const moved = (s: number) => (s + index * seedStep) % maxSeed;
  return {
    seed: index === 0 ? seed : moved(seed),
    variation: variation && index > 0 ? { ...variation, seed: moved(variation.seed) } : variation,
  };
}

function countedPainting(
  painting: Painting,
  of: { readonly index: number; readonly count: number; readonly pass: PlannedPass },
): Painting {
  const { step, steps } = painting;
  return {
    ...painting,
    step: of.index * steps + step,
    steps: of.count * steps,
    seen: of.pass.context,
  };
}

async function layPass(
  canvas: GrowingCanvas,
  finished: Finished,
  { pass, request, tools }: Pick<PassWork, 'pass' | 'request' | 'tools'>,
): Promise<void> {
  const { area, context } = pass;
  const { bounds } = finished;
  const place = { ...bounds, x: bounds.x + context.x, y: bounds.y + context.y };
  const reachPx = overlapOf(pass, request.overlapPx);
  const soft = seenOfPass(finished.alpha, place, { area, reachPx });
  const rim = rimOf(soft, relativeTo(area, place));
  const matching = { rim, strength: request.colorMatch };
  const known = canvas.look(place);
  const color = request.colorMatch > 0 ? matchRim(finished.color, known, matching) : finished.color;
  if (request.kind !== 'expand-patches') return canvas.lay({ color, alpha: soft }, place);
  const seam = { painted: color, known, area: relativeTo(area, place), reachPx };
  const alpha = await giveWayBetween(seamAlpha(soft, seam), { signal: tools.signal });
  canvas.lay({ color, alpha }, place);
}

/** What was known and is shown again: the soft edge outside the area. */
function rimOf({ data, width }: Mask, area: Rect): Uint8Array {
  return mapInto(new Uint8Array(data.length), data, (level, i) => {
    const x = (i % width) - area.x;
    const y = Math.floor(i / width) - area.y;
    const isNew = x >= 0 && y >= 0 && x < area.width && y < area.height;
    return level > 0 && !isNew ? 1 : 0;
  });
}

function meanReport(reports: readonly ColorReport[]): ColorReport | undefined {
  if (reports.length === 0) return undefined;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    before: mean(reports.map(({ before }) => before)),
    after: mean(reports.map(({ after }) => after)),
  };
}
