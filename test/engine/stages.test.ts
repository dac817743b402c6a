/** Runs in several stages: a refiner that takes over, a second pass over the enlarged picture, enlarging alone. */
import { describe, expect, it } from 'vitest';
import type { UpscaleRequest } from '../../shared/request.ts';
import type { HiresFix } from '../../shared/stages.ts';
import type { Upscaler } from '../../service/engine/networks/upscaler.ts';
import { tensor } from '../../service/engine/tensor.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { image, inpaint, picture, result, results, run, selection, text } from './jobs.ts';

const size = { width: 64, height: 64 };

function refined(switchAt: number, more: { switchBy?: 'steps' } = {}) {
  const model = arithmeticModel();
  const second = arithmeticModel({ answer: 0.25 });
  const opened: string[] = [];
  const tools = {
    openRefiner: (sizes: string) => {
      opened.push(sizes);
      return Promise.resolve(second);
    },
  };
  const refiner = { model: 'second', switchAt, ...more };
  return { model, second, opened, tools, refiner };
}

const predictions = ({ calls }: { calls: string[] }) => calls.filter((c) => c === 'predict').length;

describe('a refiner', () => {
  it('answers the last steps, and the model the first ones', async () => {
    const { model, second, tools, refiner } = refined(0.5, { switchBy: 'steps' });
    await result(text(size, { steps: 6, refiner }), { model, tools });
    expect([predictions(model), predictions(second)]).toEqual([3, 3]);
    // Our way: the model's own autoencoder makes the picture.
    expect(model.calls.at(-1)).toBe('decode');
    expect(second.calls).not.toContain('decode');
  });

  it('makes the picture where AUTOMATIC1111 is followed', async () => {
    const { model, second, tools, refiner } = refined(0.5, { switchBy: 'steps' });
    await result(text(size, { steps: 6, refiner, dialect: 'a1111' }), { model, tools });
    expect(second.calls.at(-1)).toBe('decode');
    expect(model.calls).not.toContain('decode');
  });

  it('has no turn at 1, and all of them at 0', async () => {
    const late = refined(1);
    await result(text(size, { refiner: late.refiner }), late);
    expect(predictions(late.second)).toBe(0);
    const plain = await result(text(size), { model: arithmeticModel() });
    const same = await result(text(size, { refiner: late.refiner }), late);
    expect(same.color).toEqual(plain.color);
    const early = refined(0);
    await result(text(size, { refiner: early.refiner }), early);
    expect(predictions(early.model)).toBe(0);
  });

  it('works over pictures and selections as well', async () => {
    const source = picture(size);
    const first = refined(0.7);
    const whole = await result(image(size, { refiner: first.refiner }), {
      ...first,
      picture: source,
    });
    const plain = await result(image(size), { model: arithmeticModel(), picture: source });
    expect(whole.color).not.toEqual(plain.color);
    const mask = selection(size, { x: 20, y: 20, width: 20, height: 20 });
    const other = refined(0.7);
    const filled = await result(inpaint(size, { refiner: other.refiner }), {
      ...other,
      picture: source,
      mask,
    });
    expect(predictions(other.second)).toBeGreaterThan(0);
    expect(filled.bounds.width).toBeLessThan(64);
  });

  it('is refused where it cannot go on with what the model began', async () => {
    for (const options of [{ inChannels: 9 }, { prediction: 'v' as const }]) {
      const { model, refiner } = refined(0.5);
      const tools = { openRefiner: () => Promise.resolve(arithmeticModel(options)) };
      // The plan is told only for models that count their weights; the run refuses as well.
      const failing = result(text(size, { refiner }), { model, tools });
      await expect(failing).rejects.toMatchObject({ code: 'E_MODEL_FAMILY' });
    }
    const { model, refiner } = refined(0.5);
    const failing = result(text(size, { refiner }), { model });
    await expect(failing).rejects.toMatchObject({ code: 'E_MODEL_UNKNOWN' });
  });
});

const hires: HiresFix = { scale: 2, upscaler: 'latent', steps: 3, strength: 0.5 };

describe('hires fix', () => {
  it.each(['latent', 'latent-bicubic', 'latent-nearest-exact', 'lanczos', 'nearest'])(
    'paints twice, the second time larger: %s',
    async (upscaler) => {
      const model = arithmeticModel();
      const big = { width: 128, height: 128 };
      const request = text(big, { workingSize: size, hires: { ...hires, upscaler } });
      const told = await run(request, { model });
      const made = told.find((p) => p.type === 'result');
      expect(made).toMatchObject({ bounds: { x: 0, y: 0, ...big }, color: big });
      // 4 steps, then exactly the 3 asked for whatever the strength.
      expect(predictions(model)).toBe(7);
      const steps = told.flatMap((p) => (p.type === 'step' ? [`${p.step}/${p.steps}`] : []));
      expect(steps).toEqual(['1/7', '2/7', '3/7', '4/7', '5/7', '6/7', '7/7']);
      const isPixels = !upscaler.startsWith('latent');
      expect(model.calls.filter((c) => c === 'encode')).toHaveLength(isPixels ? 1 : 0);
      expect(model.calls.filter((c) => c === 'decode')).toHaveLength(isPixels ? 2 : 1);
    },
  );

  it('tells both passes in its plan', async () => {
    const big = { width: 128, height: 128 };
    const [first] = await run(text(big, { workingSize: size, hires }), {
      model: arithmeticModel(),
    });
    expect(first).toMatchObject({ type: 'plan', plan: { steps: 7, workingSize: size } });
    expect(first.type === 'plan' && first.plan.notes).toEqual([
      'Two passes: 64 x 64, then 3 steps at 128 x 128.',
    ]);
  });

  it('leaves the first pass as it is at strength 0', async () => {
    const big = { width: 128, height: 128 };
    const model = arithmeticModel();
    const own = { ...hires, upscaler: 'latent-nearest-exact', strength: 0 };
    const made = await result(text(big, { workingSize: size, hires: own }), { model });
    expect(predictions(model)).toBe(4);
    const small = await result(text(size, { workingSize: size }), { model: arithmeticModel() });
    // Its VAE repeats blocks of 8 x 8, each of which is 16 x 16 here.
    for (const [x, y] of [
      [0, 0],
      [5, 3],
      [7, 7],
    ] as const) {
      const at = (s: number, w: number) => (y * s * w + x * s) * 3;
      expect(made.color.data[at(16, 128)]).toBe(small.color.data[at(8, 64)]);
    }
  });

  it('has words, sampler, guidance and size of its own', async () => {
    const big = { width: 128, height: 128 };
    const base = text(big, { workingSize: size, hires });
    const own = async (change: Partial<HiresFix>) =>
      (await result({ ...base, hires: { ...hires, ...change } }, { model: arithmeticModel() }))
        .color.data;
    const plain = await own({});
    for (const change of [
      { prompt: 'a red house' },
      { negativePrompt: 'rain' },
      { sampler: 'Heun' },
      { schedule: 'exponential' },
      { cfgScale: 9 },
      { steps: 5 },
      { strength: 0.8 },
    ]) {
      expect(await own(change), JSON.stringify(change)).not.toEqual(plain);
    }
    expect(await own({ prompt: base.prompt, cfgScale: base.cfgScale })).toEqual(plain);
    const size3: HiresFix = { ...hires, size: { width: 0, height: 96 } };
    delete size3.scale;
    const made = await result(
      text({ width: 96, height: 96 }, { workingSize: size, hires: size3 }),
      { model: arithmeticModel() },
    );
    expect(made.color).toMatchObject({ width: 96, height: 96 });
  });

  it('lets a refiner have its turn in the second pass only', async () => {
    const { model, second, tools, refiner } = refined(0, { switchBy: 'steps' });
    const big = { width: 128, height: 128 };
    await result(text(big, { workingSize: size, hires, refiner }), { model, tools });
    expect([predictions(model), predictions(second)]).toEqual([4, 3]);
  });

  it.each(['pentimento', 'a1111', 'diffusers'] as const)(
    'makes the same picture alone as among several: %s',
    async (dialect) => {
      const big = { width: 128, height: 128 };
      const request = text(big, {
        workingSize: size,
        hires,
        dialect,
        count: 2,
        sampler: 'Euler a',
      });
      const [, second] = await results(request, { model: arithmeticModel() });
      const alone = { ...request, count: 1, seed: request.seed + 1 };
      expect((await result(alone, { model: arithmeticModel() })).color).toEqual(second.color);
    },
  );
});

const doubler: Upscaler = {
  scale: 2,
  enlarge({ data, shape }) {
    const [, , height, width] = shape;
    const out = Float32Array.from({ length: data.length * 4 }, (_, i) => {
      const x = Math.floor((i % (2 * width)) / 2);
      const y = Math.floor((Math.floor(i / (2 * width)) % (2 * height)) / 2);
      return data[(Math.floor(i / (4 * width * height)) * height + y) * width + x];
    });
    return Promise.resolve(tensor(out, [1, 3, 2 * height, 2 * width]));
  },
  dispose: () => Promise.resolve(),
};

function upscale(more: Partial<UpscaleRequest> = {}): UpscaleRequest {
  const { document, region } = text(size);
  const own = { upscaler: 'doubler', scale: 2, dialect: 'pentimento' } as const;
  return { kind: 'upscale', document, region, seed: 0, count: 1, ...own, ...more };
}

describe('enlarging alone', () => {
  const tools = { openUpscaler: () => Promise.resolve(doubler) };

  it.each(['pentimento', 'a1111'] as const)('by a network, in tiles: %s', async (dialect) => {
    const source = picture(size);
    const options = { tools, picture: source };
    const request = upscale({ dialect, tilePx: 40, overlapPx: 8 });
    const told = await run(request, options);
    expect(told.filter((p) => p.type === 'step').length).toBeGreaterThan(1);
    const made = told.find((p) => p.type === 'result');
    expect(made?.bounds).toEqual({ x: 0, y: 0, width: 128, height: 128 });
    for (const [x, y] of [
      [0, 0],
      [77, 93],
      [127, 127],
    ] as const) {
      const at = (Math.floor(y / 2) * 64 + Math.floor(x / 2)) * 3;
      const value = made?.color.data[(y * 128 + x) * 3] ?? 0;
      expect(Math.abs(value - source.data[at])).toBeLessThanOrEqual(1);
    }
  });

  it('covers a size and cuts off what is over', async () => {
    const request = upscale({ size: { width: 100, height: 50 }, upscaler: 'lanczos' });
    delete request.scale;
    const made = await result(request, { picture: picture(size) });
    expect(made.color).toMatchObject({ width: 100, height: 50 });
  });

  it('stops between two tiles', async () => {
    const stop = new AbortController();
    let seen = 0;
    const network = {
      ...doubler,
      enlarge: (tile: Parameters<Upscaler['enlarge']>[0]) => {
        if (++seen === 2) stop.abort();
        return doubler.enlarge(tile);
      },
    };
    const failing = run(upscale({ tilePx: 24, overlapPx: 8 }), {
      picture: picture(size),
      tools: { signal: stop.signal, openUpscaler: () => Promise.resolve(network) },
    });
    await expect(failing).rejects.toMatchObject({ code: 'E_CANCELLED' });
    expect(seen).toBe(2);
  });

  it('mixes two by the visibility of the second', async () => {
    const source = picture(size);
    const second = { upscaler: 'nearest', visibility: 1 };
    const mixed = await result(upscale({ upscaler: 'lanczos', second }), { picture: source });
    const plain = await result(upscale({ upscaler: 'nearest' }), { picture: source });
    expect(mixed.color.data).toEqual(plain.color.data);
  });

  it('has its place in the enlarged document', async () => {
    const request = upscale({ upscaler: 'nearest', region: { x: 10, y: 20, ...size } });
    const made = await result(request, { picture: picture(size) });
    expect(made.bounds).toEqual({ x: 20, y: 40, width: 128, height: 128 });
  });
});
