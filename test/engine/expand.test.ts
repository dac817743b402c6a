/** Expanding from request to layer: passes, what stays as it is, seams. */
import { describe, expect, it } from 'vitest';
import { canvasOfSides, noSides, type Sides } from '../../shared/expand.ts';
import type { PixelDepth } from '../../shared/frame.ts';
import { containsRect, rectOfSize, type Rect, type Size } from '../../shared/geometry.ts';
import type { Plan } from '../../shared/plan.ts';
import type { ExpandPatchesRequest, ExpandRequest } from '../../shared/request.ts';
import { toTensor } from '../../service/engine/picture/convert.ts';
import { cropImage, cropRaster } from '../../service/engine/picture/crop.ts';
import type { FloatImage, Raster } from '../../service/engine/picture/raster.ts';
import { resizeImage } from '../../service/engine/picture/resize.ts';
import { expandPasses } from '../../service/engine/plan/expandPasses.ts';
import { fitExpansion } from '../../service/engine/plan/planExpansion.ts';
import type { JobProgress } from '../../service/engine/runJob.ts';
import { arithmeticModel, type ArithmeticModel } from './arithmeticModel.ts';
import { image, picture, run } from './jobs.ts';

type Result = Extract<JobProgress, { type: 'result' }>;

const size = { width: 96, height: 80 };
const rgb8 = { channels: 3, depth: 8 } as const;

function expand(
  of: Size,
  sides: Partial<Sides>,
  more: Partial<ExpandRequest> = {},
  like: Pick<Raster, 'channels' | 'depth'> = rgb8,
): ExpandRequest {
  const { kind: _kind, ...shared } = image(of, {}, like);
  const canvas = canvasOfSides(of, { ...noSides, ...sides });
  const own = { canvas, overlapPx: 16, fill: 'structure', strength: 1, colorMatch: 1 } as const;
  return { ...shared, kind: 'expand', ...own, ...more };
}

function patches(of: Size, sides: Partial<Sides>): ExpandPatchesRequest {
  const { kind, document, region, seed, count, canvas, overlapPx, colorMatch } = expand(of, sides);
  return { kind: `${kind}-patches`, document, region, seed, count, canvas, overlapPx, colorMatch };
}

interface Ran {
  readonly plan: Plan;
  readonly steps: ReadonlyArray<Extract<JobProgress, { type: 'step' }>>;
  readonly result: Result;
}

async function expanded(
  request: ExpandRequest | ExpandPatchesRequest,
  source: Raster,
  model: ArithmeticModel = arithmeticModel(),
): Promise<Ran> {
  const told = await run(request, { picture: source, model });
  const plan = told.find((p) => p.type === 'plan')?.plan;
  const result = told.find((p) => p.type === 'result');
  if (!plan || !result) throw new Error('Expected a plan and a result');
  return { plan, steps: told.filter((p) => p.type === 'step'), result };
}

/** Alpha at a place of the document; 0 outside the layer. */
function alphaAt({ bounds, alpha }: Result, x: number, y: number): number {
  const [dx, dy] = [x - bounds.x, y - bounds.y];
  const inside = dx >= 0 && dy >= 0 && dx < bounds.width && dy < bounds.height;
  return inside ? (alpha.data[dy * bounds.width + dx] ?? 0) : 0;
}

function expectLayer(result: Result, canvas: Rect, of: Size, overlapPx: number): void {
  expect(containsRect(canvas, result.bounds)).toBe(true);
  const { x, y, width, height } = canvas;
  const old = rectOfSize(of);
  const wrong: Array<{ x: number; y: number; alpha: number }> = [];
  for (let py = y; py < y + height; py++) {
    for (let px = x; px < x + width; px++) {
      const alpha = alphaAt(result, px, py);
      const isNew = !containsRect(old, { x: px, y: py, width: 1, height: 1 });
      const away = Math.min(
        x < 0 ? px + 1 : Infinity,
        y < 0 ? py + 1 : Infinity,
        x + width > of.width ? of.width - px : Infinity,
        y + height > of.height ? of.height - py : Infinity,
      );
      const isRight = isNew ? alpha === 255 : away <= overlapPx || alpha === 0;
      if (!isRight) wrong.push({ x: px, y: py, alpha });
    }
  }
  expect(wrong).toEqual([]);
}

describe('expanding', () => {
  it.each([
    ['to the right', { right: 40 }],
    ['on all sides', { left: 24, top: 16, right: 8, bottom: 32 }],
    ['further than the picture is wide', { left: 250 }],
  ])('%s makes one layer over everything new, and nothing beyond the overlap', async (_, sides) => {
    const request = expand(size, sides);
    const { result, plan } = await expanded(request, picture(size));
    expectLayer(result, request.canvas, size, 16);
    expect(result.recipe.request).toEqual(request);
    expect(plan.passes?.length).toBeGreaterThan(0);
  });

  it('counts the steps of all passes, each pass once through', async () => {
    const request = expand(size, { left: 250 }, { steps: 3 });
    const { plan, steps } = await expanded(request, picture(size));
    const count = plan.passes?.length ?? 0;
    expect(count).toBeGreaterThan(1);
    expect(plan.steps).toBe(3 * count);
    expect(steps.map(({ step, steps: of }) => [step, of])).toEqual(
      Array.from({ length: 3 * count }, (_, i) => [i + 1, 3 * count]),
    );
  });

  it('gives the same pixels again, others for another seed, and every variant its own', async () => {
    const source = picture(size);
    const one = await expanded(expand(size, { right: 40 }), source);
    const again = await expanded(expand(size, { right: 40 }), source);
    const other = await expanded(expand(size, { right: 40 }, { seed: 6 }), source);
    expect(again.result.color).toEqual(one.result.color);
    expect(other.result.color).not.toEqual(one.result.color);
    const told = await run(expand(size, { right: 40 }, { count: 2 }), {
      picture: source,
      model: arithmeticModel(),
    });
    const [first, second] = told.filter((p) => p.type === 'result');
    expect(first?.color).toEqual(one.result.color);
    expect(second?.color).toEqual(other.result.color);
  });

  it('needs no more of the picture than its plan asks for', async () => {
    const wide = { width: 1200, height: 60 };
    const source = picture(wide);
    const request = expand(wide, { right: 30 }, { steps: 1 });
    const { context } = fitExpansion(
      { kind: 'expand', document: wide, bounds: request.canvas },
      { nativeSide: arithmeticModel().facts.nativeSide },
    );
    expect(context.width).toBeLessThan(wide.width);
    const whole = await expanded(request, source);
    const part = await expanded({ ...request, region: context }, cropRaster(source, context));
    expect(part.result.color).toEqual(whole.result.color);
    expect(part.result.bounds).toEqual(whole.result.bounds);
  });

  it.each([
    [1, 8],
    [2, 16],
    [3, 16],
    [4, 8],
    [4, 16],
    [3, 32],
  ] as const)('keeps the form of a picture of %i channels and %i bits', async (channels, depth) => {
    const like = { channels, depth: depth as PixelDepth };
    const source = picture(size, channels, depth);
    const { result } = await expanded(expand(size, { right: 40 }, {}, like), source);
    expect(result.color.channels).toBe(channels < 3 ? 1 : 3);
    expect(result.color.depth).toBe(depth);
    expectLayer(result, canvasOfSides(size, { ...noSides, right: 40 }), size, 16);
  });

  it('stops between passes and within them', async () => {
    const stop = new AbortController();
    const running = run(expand(size, { left: 250 }), {
      picture: picture(size),
      model: arithmeticModel(),
      tools: { signal: stop.signal },
      onProgress: (p) => p.type === 'step' && p.step === 5 && stop.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'E_CANCELLED' });
  });

  it.each([
    ['no new pixels', {}, 'E_EXPAND_NOTHING'],
    ['50,000 of them', { right: 50_000 }, 'E_EXPAND_TOO_LARGE'],
  ])('refuses %s', async (_, sides, code) => {
    const running = run(expand(size, sides), { picture: picture(size), model: arithmeticModel() });
    await expect(running).rejects.toMatchObject({ code });
  });

  it.each(['fill', 'latent-noise', 'latent-nothing'] as const)('starts from %s', async (fill) => {
    const { result } = await expanded(expand(size, { right: 40 }, { fill }), picture(size));
    expectLayer(result, canvasOfSides(size, { ...noSides, right: 40 }), size, 16);
  });

  it('needs no model where the picture goes on with its own patches', async () => {
    const source = picture(size);
    const request = patches(size, { left: 30, bottom: 20 });
    const told = await run(request, { picture: source });
    const result = told.find((p) => p.type === 'result');
    if (!result) throw new Error('Expected a result');
    expectLayer(result, request.canvas, size, 16);
    expect(result.recipe.model).toBeUndefined();
  });
});

describe("AUTOMATIC1111's scripts", () => {
  const small = { width: 60, height: 64 };
  const webui = { dialect: 'a1111', steps: 2, sampler: 'Euler' } as const;

  it('mk2 paints side after side up to multiples of 64', async () => {
    const request = expand(small, { left: 16, bottom: 16 }, { ...webui, fill: 'mk2' });
    const { result, plan, steps } = await expanded(request, picture(small));
    expect(result.bounds).toEqual({ x: -68, y: 0, width: 128, height: 128 });
    expect(plan.passes).toHaveLength(2);
    expect(steps.at(-1)?.step).toBe(steps.at(-1)?.steps);
    expect(alphaAt(result, -1, 0)).toBe(255);
    expect(alphaAt(result, 59, 0)).toBe(0);
  });

  it("poor man's paints its tiles and cuts off what no side was to have", async () => {
    const odd = { width: 64, height: 60 };
    const request = expand(odd, { right: 16 }, { ...webui, fill: 'fill' });
    const { result } = await expanded(request, picture(odd));
    expect(result.bounds).toEqual({ x: 0, y: 0, width: 128, height: 60 });
    expect(alphaAt(result, 127, 59)).toBe(255);
    expect(alphaAt(result, 0, 0)).toBe(0);
  });

  it('are asked for equal sides of 8 to 256 pixels only', async () => {
    for (const sides of [{ left: 16, right: 24 }, { right: 300 }, { right: 4 }]) {
      const request = expand(small, sides, { ...webui, fill: 'mk2' });
      const running = run(request, { picture: picture(small), model: arithmeticModel() });
      await expect(running).rejects.toMatchObject({ code: 'E_PARAM' });
    }
  });
});

/** A model that knows the whole scene and paints it in colours that are off, pass by pass. */
function oracle(scene: FloatImage, origin: Rect, contexts: readonly Rect[]): ArithmeticModel {
  const model = arithmeticModel();
  let pass = 0;
  return {
    ...model,
    async decode(latents) {
      const [, , h = 0, w = 0] = latents.shape;
      const context = contexts[pass++ % contexts.length]!;
      const piece = cropImage(scene, {
        ...context,
        x: context.x - origin.x,
        y: context.y - origin.y,
      });
      const seen = resizeImage(piece, { width: w * 8, height: h * 8 });
      const off = seen.data.map((v, i) => v * 0.94 + (i % 3) * 0.012 + 0.01);
      return toTensor({ ...seen, data: off });
    },
  };
}

const canvasSize = { width: 208, height: 128 };
const old = { width: 128, height: 128 };

const scenes: Readonly<Record<string, (x: number, y: number, noise: number) => number>> = {
  flat: () => 0.45,
  gradient: (x, y) => 0.2 + (x + 0.6 * y) / 500,
  grain: (_x, _y, noise) => 0.5 + (noise - 0.5) * 0.12,
  texture: (x, y, noise) => 0.5 + 0.15 * Math.sin(x / 3) * Math.cos(y / 4) + (noise - 0.5) * 0.05,
};

function sceneOf(value: (x: number, y: number, noise: number) => number): FloatImage {
  const { width, height } = canvasSize;
  let state = 9;
  const data = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const v = value(i % width, Math.floor(i / width), state / 2 ** 32);
    data.fill(v, i * 3, i * 3 + 3);
  }
  return { width, height, data };
}

/** Mean over the rows of the step from each column to the next. */
function columnSteps(shown: Float32Array): number[] {
  const { width, height } = canvasSize;
  return Array.from({ length: width - 1 }, (_, x) => {
    let sum = 0;
    for (let y = 0; y < height; y++) {
      sum += (shown[(y * width + x + 1) * 3] ?? 0) - (shown[(y * width + x) * 3] ?? 0);
    }
    return sum / height;
  });
}

/** The largest step of a column's mean that the scene has not got, and the mean error; of 255. */
async function seamOf(
  scene: FloatImage,
  more: Partial<ExpandRequest>,
): Promise<{ jump: number; error: number }> {
  const source = asRaster(cropImage(scene, rectOfSize(old)));
  const request = expand(old, { right: 80 }, { steps: 1, overlapPx: 32, ...more });
  const { nativeSide } = arithmeticModel().facts;
  const known = rectOfSize(old);
  const passes = expandPasses({ document: old, canvas: request.canvas, known, nativeSide });
  const contexts = passes.map((pass) => pass.context);
  const { result } = await expanded(request, source, oracle(scene, request.canvas, contexts));
  const shown = composed(source, result);
  const steps = columnSteps(shown);
  const wanted = columnSteps(scene.data);
  const around = Array.from({ length: 64 }, (_, i) => {
    const x = old.width - 48 + i;
    return Math.abs((steps[x] ?? 0) - (wanted[x] ?? 0));
  });
  const errors = Array.from(shown, (v, i) => Math.abs(v - (scene.data[i] ?? 0)));
  const error = errors.reduce((a, b) => a + b, 0) / errors.length;
  return { jump: Math.max(...around) * 255, error: error * 255 };
}

describe('the seam', () => {
  it.each(Object.entries(scenes))('does not show on a %s', async (_, value) => {
    const { jump, error } = await seamOf(sceneOf(value), {});
    // 8-bit rounding alone moves a column's mean by up to one level; the model is off by up to 15.
    expect(jump).toBeLessThan(1.2);
    expect(error).toBeLessThan(2.5);
  });

  it('would show without overlap and colour match', async () => {
    const { jump, error } = await seamOf(
      sceneOf(() => 0.45),
      { overlapPx: 0, colorMatch: 0 },
    );
    expect(jump).toBeGreaterThan(4);
    expect(error).toBeGreaterThan(1.2);
  });

  it('would let colours drift without colour match', async () => {
    const plain = await seamOf(
      sceneOf(() => 0.45),
      { colorMatch: 0 },
    );
    const matched = await seamOf(
      sceneOf(() => 0.45),
      {},
    );
    expect(plain.error).toBeGreaterThan(3 * matched.error);
  });
});

function asRaster({ width, height, data }: FloatImage): Raster {
  const stored = Uint8Array.from(data, (v) => Math.round(Math.min(1, Math.max(0, v)) * 255));
  return { width, height, channels: 3, depth: 8, data: stored };
}

/** The picture with the layer over it, on the new canvas, 0..1. */
function composed(source: Raster, { bounds, color, alpha }: Result): Float32Array {
  const { width, height } = canvasSize;
  const out = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const under = x < old.width ? (source.data[(y * old.width + x) * 3 + c] ?? 0) : 0;
        const at = (y - bounds.y) * bounds.width + x - bounds.x;
        const a = x >= bounds.x ? (alpha.data[at] ?? 0) / 255 : 0;
        const over = x >= bounds.x ? (color.data[at * 3 + c] ?? 0) : 0;
        out[(y * width + x) * 3 + c] = (under * (1 - a) + over * a) / 255;
      }
    }
  }
  return out;
}
