/** Expand as AUTOMATIC1111's scripts do it: outpainting mk2 and poor man's outpainting, run by run. */
import { PentimentoError } from '../../shared/errors.ts';
import { expandLimits, mk2MaskBlurPx, sidesOfCanvas } from '../../shared/expand.ts';
import { rectOfSize, type Rect, type Size } from '../../shared/geometry.ts';
import { askedOfScript, expansionOf, type Expansion } from '../../shared/outpaintScript.ts';
import type { ExpandRequest, InpaintRequest } from '../../shared/request.ts';
import { paintDiffusion } from './paintDiffusion.ts';
import { flatten } from './picture/composite.ts';
import {
  cropImage,
  newImage8,
  toChannels,
  toImage8,
  type Image8,
} from './picture/pillow/image8.ts';
import { flattenOnto } from './picture/pillow/alpha.ts';
import type { Finished, ScriptMasks } from './picture/prepare.ts';
import { imageInForm } from './picture/prepareWebui.ts';
import type { Mask, Raster } from './picture/raster.ts';
import { matchedNoise, noisedImage } from './picture/webui/matchedNoise.ts';
import { outpaintMk2 } from './picture/webui/outpaintMk2.ts';
import { finishPoorOutpaint, planPoorOutpaint } from './picture/webui/poorOutpaint.ts';
import type { JobTools, Painter, Painting, Scene } from './runJob.ts';
import { numpyUniforms } from './sampling/noise/pcg64.ts';
import type { VariantSeeds } from './variantSeeds.ts';

const white = [255, 255, 255] as const;

/** Throws E_FRAME without a picture, E_PARAM for sides that the scripts cannot be asked for. */
export function paintOutpaintScript(
  scene: Scene,
  request: ExpandRequest,
  tools: JobTools,
): Painter {
  const { picture, plan } = scene;
  const sides = sidesOfCanvas(request.document, request.canvas);
  const asked = askedOfScript(sides);
  if (!picture) throw new PentimentoError('E_FRAME', 'No picture was sent.');
  if (!asked) throw new PentimentoError('E_PARAM', 'canvas: The scripts cannot be asked for that.');
  const read = toImage8(picture);
  const old = read.channels === 4 ? flattenOnto(read, white) : toChannels(read, 3);
  const count = plan.passes?.length ?? 1;
  const work = {
    scene,
    request,
    tools,
    count,
    tile: tileOf(scene),
    ...asked,
    told: { names: false },
  };
  return {
    async *paint(seeds) {
      const script = request.fill === 'mk2' ? runMk2 : runPoor;
      const whole = yield* script(old, work, seeds);
      const grown = expansionOf(old, asked.expandPx, asked.directions);
      return layerOf(whole, { old, grown, like: picture });
    },
    get hasUnnamedSchedule() {
      return work.told.names;
    },
  };
}

interface ScriptWork {
  readonly scene: Scene;
  readonly request: ExpandRequest;
  readonly tools: JobTools;
  readonly expandPx: number;
  readonly directions: Parameters<typeof planPoorOutpaint>[1]['directions'];
  /** Of all runs. */
  readonly count: number;
  /** The size that the scripts take from the settings: the model's own. */
  readonly tile: Size;
  readonly told: { names: boolean };
}

function tileOf({ plan }: Scene): Size {
  const sides = (plan.passes ?? []).map(({ workingSize }) =>
    Math.min(workingSize.width, workingSize.height),
  );
  const side = Math.max(...sides);
  return { width: side, height: side };
}

async function* runMk2(
  old: Image8,
  work: ScriptWork,
  seeds: VariantSeeds,
): AsyncGenerator<Painting, Image8> {
  const { script = {} } = work.request;
  const noise = {
    falloff: script.falloff ?? expandLimits.falloff.default,
    colorVariation: script.colorVariation ?? expandLimits.colorVariation.default,
  };
  const runs = outpaintMk2(old, {
    expandPx: work.expandPx,
    maskBlurPx: script.maskBlurPx ?? mk2MaskBlurPx,
    directions: work.directions,
    processing: work.tile,
    fill: (canvas, mask) =>
      noisedImage(canvas, matchedNoise(canvas, mask, noise, numpyUniforms(0))),
  });
  let state = runs.next();
  for (let index = 0; state.done !== true; index++) {
    const { picture, mask, latentMask, maskBlurPx } = state.value;
    const masks = { maskBlurPx, latentMask };
    state = runs.next(
      yield* runOne({ picture, mask, masks, index, seeds, fill: 'original' }, work),
    );
  }
  return state.value;
}

async function* runPoor(
  old: Image8,
  work: ScriptWork,
  seeds: VariantSeeds,
): AsyncGenerator<Painting, Image8> {
  const { script = {}, fill } = work.request;
  const plan = planPoorOutpaint(old, {
    expandPx: work.expandPx,
    maskBlurPx: script.maskBlurPx ?? expandLimits.maskBlurPx.default,
    directions: work.directions,
    tile: work.tile,
  });
  const blur = plan.maskBlurPx;
  const answers: Image8[] = [];
  for (const [index, { picture, mask, latentMask }] of plan.work.entries()) {
    const masks: ScriptMasks = { maskBlurPx: [blur, blur], latentMask };
    // Each tile takes the next seed.
    const own = { ...seeds, seed: seeds.seed + index };
    const run = { picture, mask, masks, index, seeds: own, fill: contentOf(fill) };
    answers.push(yield* runOne(run, work));
  }
  return finishPoorOutpaint(plan, answers);
}

function contentOf(fill: ExpandRequest['fill']): InpaintRequest['maskedContent'] {
  return fill === 'structure' || fill === 'mk2' ? 'fill' : fill;
}

interface OneRun {
  readonly picture: Image8;
  readonly mask: Mask;
  readonly masks: ScriptMasks;
  readonly index: number;
  readonly seeds: VariantSeeds;
  readonly fill: InpaintRequest['maskedContent'];
}

/** An image-to-image run of the script; its answer, with what the mask keeps in place, RGB. */
async function* runOne(run: OneRun, work: ScriptWork): AsyncGenerator<Painting, Image8> {
  const { scene, request, tools, count } = work;
  const { width, height } = run.picture;
  const context = rectOfSize({ width, height });
  const picture: Raster = { width, height, channels: 3, depth: 8, data: run.picture.data };
  const painter = await paintDiffusion(
    {
      ...scene,
      plan: { ...scene.plan, context, workingSize: { width, height } },
      picture,
      selection: run.mask,
      script: run.masks,
    },
    inpainting(request, context, run),
    tools,
  );
  work.told.names ||= painter.hasUnnamedSchedule === true;
  const painting = painter.paint(run.seeds);
  let state = await painting.next();
  while (state.done !== true) {
    const { step, steps } = state.value;
    const seen = scene.plan.passes?.[run.index]?.context;
    const counted = { step: run.index * steps + step, steps: count * steps };
    yield { ...state.value, ...counted, ...(seen ? { seen } : {}) };
    state = await painting.next();
  }
  const { color, alpha, bounds } = state.value;
  const { data } = flatten(picture, color, alpha, bounds);
  return newImage8(width, height, 3, Uint8Array.from(data));
}

function inpainting(request: ExpandRequest, region: Rect, run: OneRun): InpaintRequest {
  const { kind: _kind, canvas: _canvas, overlapPx: _overlap, ...rest } = request;
  const { fill: _fill, script: _script, ...shared } = rest;
  const [blur] = run.masks.maskBlurPx;
  const own = { featherPx: blur, growPx: 0, area: 'whole', paddingPx: 0 } as const;
  return { ...shared, kind: 'inpaint', region, ...own, maskedContent: run.fill };
}

/**
 * The scripts answer a whole picture: what differs from the old one is the layer. Rows and columns that
 * poor man's outpainting leaves black (sides that were not chosen, up to a multiple of 64) are cut off.
 */
function layerOf(
  whole: Image8,
  of: { readonly old: Image8; readonly grown: Expansion; readonly like: Raster },
): Finished {
  const { old, grown, like } = of;
  const width = old.width + grown.left + grown.right;
  const height = old.height + grown.up + grown.down;
  const picture = cropImage(whole, [0, 0, width, height]);
  const alpha = new Uint8Array(width * height).fill(255);
  for (let y = 0; y < old.height; y++) {
    for (let x = 0; x < old.width; x++) {
      const at = (y + grown.up) * width + x + grown.left;
      const from = (y * old.width + x) * 3;
      const isKept = [0, 1, 2].every((c) => picture.data[at * 3 + c] === old.data[from + c]);
      if (isKept) alpha[at] = 0;
    }
  }
  const bounds = { x: -grown.left, y: -grown.up, width, height };
  return { color: imageInForm(picture, like), alpha: { width, height, data: alpha }, bounds };
}
