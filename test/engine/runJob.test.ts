/** Whole runs on a model made of arithmetic, where every pixel can be accounted for. */
import { describe, expect, it } from 'vitest';
import { containsRect, rectOfSize, type Rect } from '../../shared/geometry.ts';
import { Recipe, parametersText } from '../../shared/recipe.ts';
import { Area, Dialect, GenerateRequest, MaskedContent } from '../../shared/request.ts';
import { flatten } from '../../service/engine/picture/composite.ts';
import { rasterOfPlane } from '../../service/engine/picture/planes.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { toImage8 } from '../../service/engine/picture/pillow/image8.ts';
import {
  correctColors,
  rememberColors,
} from '../../service/engine/picture/webui/colorCorrection.ts';
import { visibleReachPx } from '../../service/engine/plan/contextRect.ts';
import { recipeXmp } from '../../service/engine/picture/xmp.ts';
import { recipesOfXmp } from '../../shared/recipeXmp.ts';
import type { JobProgress } from '../../service/engine/runJob.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { image, inpaint, picture, remove, result, results, run, selection, text } from './jobs.ts';

type Result = Extract<JobProgress, { type: 'result' }>;

const size = { width: 96, height: 80 };
const photo = picture(size);
const box = { x: 40, y: 30, width: 20, height: 16 };
const mask = selection(size, box, 90);
const model = arithmeticModel();
const source = { picture: photo, mask, model };

const forms: ReadonlyArray<Pick<Raster, 'channels' | 'depth'>> = [
  { channels: 3, depth: 8 },
  { channels: 4, depth: 8 },
  { channels: 1, depth: 8 },
  { channels: 2, depth: 16 },
  { channels: 3, depth: 16 },
  { channels: 4, depth: 16 },
  { channels: 3, depth: 32 },
];

/** Pixels that differ, in a picture's own coordinates. */
function changes(before: Raster, after: Raster): Array<{ x: number; y: number }> {
  const { width, channels } = before;
  const found: Array<{ x: number; y: number }> = [];
  for (let i = 0; i < width * before.height; i++) {
    const same = (c: number) => before.data[i * channels + c] === after.data[i * channels + c];
    if (!Array.from({ length: channels }, (_, c) => c).every(same))
      found.push({ x: i % width, y: Math.floor(i / width) });
  }
  return found;
}

function alphaAt({ bounds, alpha }: Result, x: number, y: number): number {
  const [left, top] = [x - bounds.x, y - bounds.y];
  const inside = left >= 0 && top >= 0 && left < bounds.width && top < bounds.height;
  return inside ? (alpha.data[top * bounds.width + left] ?? 0) : 0;
}

/** The result over the picture; what alpha does not cover must be the picture bit for bit. */
function expectKept(original: Raster, made: Result): Raster {
  const flat = flatten(original, made.color, made.alpha, made.bounds);
  const touched = changes(original, flat).filter(({ x, y }) => alphaAt(made, x, y) === 0);
  expect(touched).toEqual([]);
  expect(containsRect(rectOfSize(original), made.bounds)).toBe(true);
  return flat;
}

function isNear({ x, y }: { x: number; y: number }, around: Rect, reach: number): boolean {
  return (
    x >= around.x - reach &&
    y >= around.y - reach &&
    x < around.x + around.width + reach &&
    y < around.y + around.height + reach
  );
}

describe('a run', () => {
  it('tells its plan first, counts its steps and ends with the layer', async () => {
    const told = await run(inpaint(size, { strength: 1 }), source);
    expect(told.map((p) => p.type)).toEqual(['plan', 'step', 'step', 'step', 'step', 'result']);
    const steps = told.filter((p) => p.type === 'step');
    expect(steps.map((s) => [s.index, s.step, s.steps, s.count])).toEqual(
      [1, 2, 3, 4].map((step) => [0, step, 4, 1]),
    );
    const plan = told.find((p) => p.type === 'plan')?.plan;
    expect(plan?.steps).toBe(4);
  });

  describe.each(Dialect.options)('by the rules of %s', (dialect) => {
    for (const maskedContent of MaskedContent.options) {
      for (const area of Area.options) {
        it(`inpaints (${maskedContent}, ${area}) and keeps what alpha does not cover`, async () => {
          const made = await result(inpaint(size, { dialect, maskedContent, area }), source);
          const changed = changes(photo, expectKept(photo, made));
          expect(changed.length).toBeGreaterThan(box.width * box.height * 0.8);
          const reach = dialect === 'a1111' ? 12 : visibleReachPx(3, 0);
          expect(changed.filter((at) => !isNear(at, box, reach + 1))).toEqual([]);
          expect(alphaAt(made, 50, 38)).toBeGreaterThan(240);
        });
      }
    }

    it('works a whole picture over', async () => {
      const made = await result(image(size, { dialect }), { picture: photo, model });
      expect(made.bounds).toEqual(rectOfSize(size));
      expect(made.alpha.data.every((a) => a === 255)).toBe(true);
      expect(changes(photo, expectKept(photo, made)).length).toBeGreaterThan(5000);
    });

    it('corrects colours as AUTOMATIC1111 does, by its rules alone', async () => {
      const runs = [undefined, { colorCorrection: true }].map((advanced) =>
        result(image(size, { dialect, workingSize: size, ...(advanced && { advanced }) }), {
          picture: photo,
          model,
        }),
      );
      const made = await Promise.all(runs);
      const [plain, corrected] = made.map(({ color }) => rasterOfPlane(color));
      const wanted =
        dialect === 'a1111'
          ? correctColors(toImage8(plain!), rememberColors(toImage8(photo))).data
          : plain!.data;
      expect(corrected!.data).toEqual(wanted);
      expect(changes(plain!, corrected!).length > 1000).toBe(dialect === 'a1111');
    });

    it.each(['crop', 'fill', 'latent'] as const)(
      'resizes by AUTOMATIC1111’s mode %s, by its rules alone',
      async (resizeMode) => {
        const of = (mode: 'stretch' | typeof resizeMode) =>
          result(
            image(size, {
              dialect,
              workingSize: { width: 64, height: 64 },
              advanced: { resizeMode: mode },
            }),
            { picture: photo, model },
          );
        const [plain, made] = [await of('stretch'), await of(resizeMode)];
        const isCut = dialect === 'a1111' && resizeMode === 'crop';
        expect(made.bounds).toEqual(
          isCut ? { x: 8, y: 0, width: 80, height: 80 } : rectOfSize(size),
        );
        if (dialect === 'a1111') expect(made.color.data).not.toEqual(plain.color.data);
        else expect(made.color.data).toEqual(plain.color.data);
      },
    );

    it('makes a picture from nothing', async () => {
      const made = await result(text(size, { dialect }), { model });
      expect(made.bounds).toEqual(rectOfSize(size));
      expect([made.color.channels, made.color.depth]).toEqual([3, 8]);
      expect(new Set(made.color.data).size).toBeGreaterThan(20);
    });

    it('makes the same pixels again, alone or as one of several', async () => {
      const request = inpaint(size, { dialect, sampler: 'Euler a', count: 3 });
      const three = await results(request, source);
      const again = await results(request, source);
      expect(three).toHaveLength(3);
      expect(again).toEqual(three);
      const second = await result({ ...request, seed: 6, count: 1 }, source);
      expect(second.color).toEqual(three[1]?.color);
      expect(second.alpha).toEqual(three[1]?.alpha);
      expect(three[0]?.color).not.toEqual(three[1]?.color);
      expect(three.map((r) => r.recipe.seed)).toEqual([5, 6, 7]);
    });

    it('takes a stronger hold with more strength', async () => {
      const distance = async (strength: number) => {
        const made = await result(image(size, { dialect, strength, steps: 10 }), {
          picture: photo,
          model,
        });
        return Array.from(made.color.data).reduce(
          (sum, v, i) => sum + Math.abs(v - photo.data[i]),
          0,
        );
      };
      const [little, much, most] = [await distance(0.1), await distance(0.6), await distance(1)];
      expect(little).toBeLessThan(much);
      expect(much).toBeLessThan(most);
    });
  });

  it('fills from the surroundings without opening any model', async () => {
    const made = await result(remove(size), { picture: photo, mask });
    const changed = changes(photo, expectKept(photo, made));
    expect(changed.length).toBeGreaterThan(box.width * box.height * 0.8);
    expect(changed.filter((at) => !isNear(at, box, visibleReachPx(3, 0)))).toEqual([]);
    expect(made.recipe.model).toBeUndefined();
    expect(await results(remove(size), { picture: photo, mask })).toEqual([made]);
  });

  it('keeps a preview apart from the pixels', async () => {
    const request = inpaint(size, { sampler: 'Euler a' });
    const told = await run(request, { ...source, tools: { preview: true } });
    const previews = told.filter((p) => p.type === 'preview');
    expect(previews).toHaveLength(told.filter((p) => p.type === 'step').length);
    for (const { image: url, bounds, width, height } of previews) {
      expect(url.startsWith('data:image/jpeg;base64,/9j/')).toBe(true);
      expect(containsRect(rectOfSize(size), bounds)).toBe(true);
      expect(Math.max(width, height)).toBeLessThanOrEqual(384);
    }
    const made = told.filter((p) => p.type === 'result');
    expect(made).toEqual(await results(request, source));
  });
});

describe('the form of the picture', () => {
  it.each(forms)('$channels channels of $depth bits stay as they are', async (form) => {
    const original = picture(size, form.channels, form.depth);
    for (const request of [inpaint(size, {}, form), remove(size, {}, form)]) {
      const made = await result(request, { picture: original, mask, model });
      expect(made.color.depth).toBe(form.depth);
      expect(made.color.channels).toBe(form.channels < 3 ? 1 : 3);
      expect(changes(original, expectKept(original, made)).length).toBeGreaterThan(100);
    }
  });

  it.each(forms)('strength 0 gives $channels channels of $depth bits back', async (form) => {
    const original = picture(size, form.channels, form.depth);
    const colors = form.channels < 3 ? 1 : 3;
    const asked = [
      { request: inpaint(size, { strength: 0 }, form), selected: mask },
      { request: image(size, { strength: 0, colorMatch: 1 }, form), selected: undefined },
    ];
    for (const { request, selected } of asked) {
      const fresh = arithmeticModel();
      const made = await result(request, { picture: original, mask: selected, model: fresh });
      const { bounds, color } = made;
      for (let i = 0; i < color.data.length; i++) {
        const pixel = Math.floor(i / colors);
        const x = bounds.x + (pixel % bounds.width);
        const y = bounds.y + Math.floor(pixel / bounds.width);
        const at = (y * size.width + x) * form.channels + (i % colors);
        if (color.data[i] !== original.data[at]) expect.fail(`Another value at ${x}, ${y}`);
      }
      if (form.channels === colors)
        expect(changes(original, expectKept(original, made))).toEqual([]);
      expect(fresh.calls).toEqual([]);
    }
  });

  it('uses nothing of the picture inside the hole at full strength', async () => {
    const other = { ...photo, data: photo.data.slice() };
    for (let y = box.y; y < box.y + box.height; y++) {
      other.data.fill(255, (y * size.width + box.x) * 3, (y * size.width + box.x + box.width) * 3);
    }
    const hard = selection(size, box);
    const wide = { strength: 1, growPx: 12, featherPx: 0, colorMatch: 0 };
    const request = inpaint(size, { ...wide, maskedContent: 'latent-nothing' });
    const a = await result(request, { ...source, mask: hard });
    const b = await result(request, { ...source, mask: hard, picture: other });
    expect(a.color).toEqual(b.color);
  });
});

describe('the selection', () => {
  it('keeps its grey levels: half selected is half seen', async () => {
    const soft = { ...mask, data: mask.data.map((v) => (v > 0 ? 128 : 0)) };
    const made = await result(inpaint(size, { featherPx: 0 }), { ...source, mask: soft });
    expect(Math.max(...made.alpha.data)).toBe(128);
  });

  it.each<[string, Rect]>([
    ['the upper left corner', { x: 0, y: 0, width: 12, height: 9 }],
    ['the lower right corner', { x: 84, y: 70, width: 12, height: 10 }],
    ['a whole side', { x: 0, y: 60, width: 96, height: 20 }],
    ['a single pixel', { x: 51, y: 33, width: 1, height: 1 }],
    ['a single pixel in a corner', { x: 95, y: 0, width: 1, height: 1 }],
    ['a line', { x: 10, y: 40, width: 70, height: 1 }],
  ])('may be %s', async (_name, small) => {
    const selected = selection(size, small);
    for (const dialect of Dialect.options) {
      const made = await result(inpaint(size, { dialect }), { ...source, mask: selected });
      const changed = changes(photo, expectKept(photo, made));
      expect(changed.filter((at) => !isNear(at, small, 14))).toEqual([]);
    }
    const made = await result(remove(size), { picture: photo, mask: selected });
    expect(changes(photo, expectKept(photo, made)).length).toBeGreaterThan(0);
  });

  it('may be everything, but then there is nothing to fill from', async () => {
    const full = selection(size, rectOfSize(size));
    for (const dialect of Dialect.options) {
      const made = await result(inpaint(size, { dialect }), { ...source, mask: full });
      expect(made.bounds).toEqual(rectOfSize(size));
      expect(made.alpha.data.every((a) => a === 255)).toBe(true);
    }
    await expect(results(remove(size), { picture: photo, mask: full })).rejects.toMatchObject({
      code: 'E_MASK_FULL',
    });
  });

  it('may not be nothing', async () => {
    const empty = selection(size, { x: -9, y: -9, width: 1, height: 1 });
    const away = selection(size, { x: 20, y: 20, width: 4, height: 4 });
    const shrunk = { growPx: -20, featherPx: 0 };
    for (const [request, selected] of [
      [inpaint(size), empty],
      [remove(size), empty],
      [inpaint(size, shrunk), away],
      [remove(size, shrunk), away],
      [inpaint(size), undefined],
      [remove(size), undefined],
    ] as const) {
      await expect(run(request, { ...source, mask: selected })).rejects.toMatchObject({
        code: 'E_MASK_EMPTY',
      });
    }
  });

  it('that a wide feather would dissolve is kept, or refused by the rules of AUTOMATIC1111', async () => {
    const dot = selection(size, { x: 50, y: 30, width: 1, height: 1 });
    const wide = { featherPx: 40, area: 'whole' } as const;
    const made = await result(inpaint(size, wide), { ...source, mask: dot });
    expect(alphaAt(made, 50, 30)).toBe(128);
    for (const area of Area.options) {
      const refused = run(inpaint(size, { ...wide, area, dialect: 'a1111' }), {
        ...source,
        mask: dot,
      });
      await expect(refused).rejects.toMatchObject({ code: 'E_MASK_EMPTY' });
    }
  });

  it('must have the size of the picture', async () => {
    const other = selection({ width: 95, height: 80 }, box);
    await expect(run(inpaint(size), { ...source, mask: other })).rejects.toMatchObject({
      code: 'E_MASK_SIZE',
    });
  });
});

describe('the smallest pictures', () => {
  it.each([1, 3, 8, 9])('%i x %i pixels are painted', async (side) => {
    const tiny = { width: side, height: side };
    const original = picture(tiny);
    const all = selection(tiny, rectOfSize(tiny));
    const one = selection(tiny, { x: 0, y: 0, width: 1, height: 1 });
    for (const dialect of Dialect.options) {
      for (const selected of [all, one]) {
        const made = await result(inpaint(tiny, { dialect, featherPx: 0 }), {
          picture: original,
          mask: selected,
          model,
        });
        expectKept(original, made);
      }
      const over = await result(image(tiny, { dialect }), { picture: original, model });
      expect(over.bounds).toEqual(rectOfSize(tiny));
    }
  });
});

describe('layers that reach past the canvas', () => {
  it('are worked on where they can be seen', async () => {
    const layer = picture({ width: 60, height: 50 });
    const request = image(size, { region: { x: -20, y: 50, width: 60, height: 50 } });
    const made = await result(request, { picture: layer, model });
    expect(made.bounds).toEqual({ x: 0, y: 50, width: 40, height: 30 });
  });

  it('cannot be worked on when nothing of them can', async () => {
    const layer = picture({ width: 20, height: 20 });
    const request = image(size, { region: { x: 200, y: 0, width: 20, height: 20 } });
    await expect(run(request, { picture: layer, model })).rejects.toMatchObject({
      code: 'E_MASK_EMPTY',
    });
  });
});

describe('an inpainting model', () => {
  const painting = arithmeticModel({ inChannels: 9 });

  it.each(Dialect.options)('is shown mask and surroundings (%s)', async (dialect) => {
    const request = inpaint(size, { dialect, strength: 1 });
    const made = await result(request, { ...source, model: painting });
    expectKept(photo, made);
    const plain = await result(request, source);
    expect(made.color).not.toEqual(plain.color);
    const drawn = await result(text(size, { dialect }), { model: painting });
    expect(drawn.bounds).toEqual(rectOfSize(size));
    expect(await result(request, { ...source, model: painting })).toEqual(made);
  });
});

describe('numbers that are none', () => {
  it.each([Number.NaN, Infinity])('never become a picture (%f)', async (answer) => {
    const broken = arithmeticModel({ answer });
    for (const request of [inpaint(size), image(size), text(size)]) {
      const pixels = request.kind === 'text' ? {} : { picture: photo };
      const selected = request.kind === 'inpaint' ? { mask } : {};
      await expect(run(request, { ...pixels, ...selected, model: broken })).rejects.toMatchObject({
        code: 'E_OUTPUT_NAN',
      });
    }
  });
});

describe('stopping', () => {
  it('is possible after every step, and no step follows', async () => {
    const request = inpaint(size, { strength: 1, count: 2 });
    const whole = await run(request, source);
    expect(whole).toHaveLength(11);
    for (const [at, last] of whole.entries()) {
      if (last.type === 'result') continue;
      const stop = new AbortController();
      const told: string[] = [];
      const stopped = run(request, {
        ...source,
        tools: { signal: stop.signal },
        onProgress: (p) => {
          told.push(p.type);
          if (told.length > at) stop.abort();
        },
      });
      await expect(stopped).rejects.toMatchObject({ code: 'E_CANCELLED' });
      expect(told).toEqual(whole.slice(0, at + 1).map((p) => p.type));
    }
  });

  it('is possible before the networks begin', async () => {
    const stop = new AbortController();
    const fresh = arithmeticModel();
    const onStage = (name: string) => {
      if (name === 'reading the prompt') stop.abort();
    };
    const stopped = run(inpaint(size), {
      ...source,
      model: fresh,
      tools: { signal: stop.signal, onStage },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'E_CANCELLED' });
    expect(fresh.calls).not.toContain('predict');
  });

  it('ends a fill from the surroundings', async () => {
    const stop = new AbortController();
    const stopped = run(remove(size), {
      picture: photo,
      mask,
      tools: { signal: stop.signal },
      onProgress: (p) => {
        if (p.type === 'step') stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'E_CANCELLED' });
  });
});

describe('the recipe', () => {
  const request = inpaint(size, { sampler: 'euler_ancestral', count: 3, seed: 11 });

  it('makes the same pixels again after a journey through a file', async () => {
    const made = await results(request, source);
    for (const { recipe, color, alpha, bounds } of made) {
      const [read] = recipesOfXmp(recipeXmp([Recipe.parse(JSON.parse(JSON.stringify(recipe)))]));
      expect(read).toEqual(recipe);
      const again = { ...GenerateRequest.parse(read?.request), seed: recipe.seed, count: 1 };
      const repeated = await result(again, source);
      expect({ color, alpha, bounds }).toEqual({
        color: repeated.color,
        alpha: repeated.alpha,
        bounds: repeated.bounds,
      });
      expect((await results(recipe.request, source))[recipe.index]?.color).toEqual(color);
    }
  });

  it('says what the names stood for', async () => {
    const names = async (sampler: string, schedule: string) =>
      (await result(text(size, { sampler, schedule }), { model })).recipe.sampling;
    expect(await names('dpmpp_2m', 'automatic')).toEqual({
      sampler: 'DPM++ 2M',
      schedule: 'Karras',
    });
    expect(await names('k_euler', '')).toEqual({ sampler: 'Euler', schedule: 'Uniform' });
    expect(await names('Euler Karras', 'automatic')).toEqual({
      sampler: 'Euler',
      schedule: 'Karras',
    });
    expect(await names('Euler Karras', 'sgm_uniform')).toEqual({
      sampler: 'Euler',
      schedule: 'SGM Uniform',
    });
    expect(await names('ddim', 'karras')).toEqual({ sampler: 'DDIM', schedule: 'DDIM' });
  });

  it('is written as other programs read it', async () => {
    const [, second] = await results({ ...request, clipSkip: 2 }, source);
    const lines = parametersText(second?.recipe ?? expect.fail('No second picture')).split('\n');
    expect(lines[0]).toBe('a wooden boat');
    expect(lines[1]).toBe('Negative prompt: fog');
    expect(lines[2]).toContain(
      'Steps: 4, Sampler: Euler a, Schedule type: Uniform, CFG scale: 3, ',
    );
    expect(lines[2]).toContain('Seed: 12, ');
    expect(lines[2]).toContain('Clip skip: 2');
    expect(lines[2]).toContain('Model: arithmetic');
  });

  it('names the version of the program', async () => {
    const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
    const made = await result(remove(size), { picture: photo, mask });
    expect(made.recipe.made).toBe(`pentimento ${version}`);
  });
});
