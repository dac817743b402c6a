/** Soft inpainting in whole runs: what it changes, and what it never does. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SoftInpainting } from '../../shared/advanced.ts';
import { softInpaintingLimits } from '../../shared/limits.ts';
import { Dialect, type InpaintRequest } from '../../shared/request.ts';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { openDiffusionModel } from '../../service/engine/networks.ts';
import { flatten } from '../../service/engine/picture/composite.ts';
import { makeMasks } from '../../service/engine/picture/mask.ts';
import type { Mask } from '../../service/engine/picture/raster.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { image, inpaint, picture, result, text } from './jobs.ts';

const size = { width: 384, height: 128 };
const photo = picture(size);
const usual = Object.fromEntries(
  Object.entries(softInpaintingLimits).map(([name, range]) => [name, range.default]),
) as SoftInpainting;

/** From 0 at the left of the box to 255 at its right; hard above and below. */
const box = { x: 160, y: 40, width: 64, height: 48 };
const ramp: Mask = { ...size, data: new Uint8Array(size.width * size.height) };
for (let y = box.y; y < box.y + box.height; y++) {
  for (let x = 0; x < box.width; x++) {
    ramp.data[y * size.width + box.x + x] = Math.min(255, 2 + x * 5);
  }
}

const asked = (more: Partial<InpaintRequest> = {}, soft: Partial<SoftInpainting> = {}) =>
  inpaint(size, {
    area: 'whole',
    workingSize: size,
    strength: 0.8,
    advanced: { softInpainting: { ...usual, ...soft } },
    ...more,
  });

const paint = (request: InpaintRequest, model: DiffusionModel = arithmeticModel()) =>
  result(request, { picture: photo, mask: ramp, model });

type Painted = Awaited<ReturnType<typeof paint>>;

const composed = ({ color, alpha, bounds }: Painted) => flatten(photo, color, alpha, bounds).data;

/** Alpha of the result at a pixel of the document. */
function seenAt({ alpha, bounds }: Painted, x: number, y: number): number {
  const column = x - bounds.x;
  const row = y - bounds.y;
  const isInside = column >= 0 && row >= 0 && column < bounds.width && row < bounds.height;
  return isInside ? (alpha.data[row * bounds.width + column] ?? 0) : 0;
}

/** Values that differ from the original's in pixels where `isFree` does not hold. */
function changedOutside(made: Painted, isFree: (x: number, y: number) => boolean): number {
  const data = composed(made);
  let changed = 0;
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    const free = isFree(pixel % size.width, Math.floor(pixel / size.width));
    if (!free && data[i] !== photo.data[i]) changed++;
  }
  return changed;
}

/** The mask's blur, both filters over two latents of 8 pixels each, Lanczos over three, a blur of 4. */
const reach = 8 + 8 + 2 * 16 + 24 + 14;
const isNear = (x: number): boolean => x >= box.x - reach && x < box.x + box.width + reach;

describe('soft inpainting with networks', () => {
  const folder = temporaryFolder();
  let model: DiffusionModel;
  beforeAll(async () => {
    const manifest = manifestPath('tiny/tiny-sd1/single.json');
    const out = join(folder, 'tiny.safetensors');
    const path = await writeModel({ manifest, out, seed: 3, dtype: 'F32' });
    const reference = { id: 'tiny', name: 'tiny', family: 'sd1' } as const;
    const checkpoint = await openCheckpoint({ reference, layout: 'single', path });
    const device = chooseDevice('cpu');
    const cacheFolder = join(folder, 'cache');
    model = await openDiffusionModel(checkpoint, { device, cacheFolder, oddSizes: 'webui' });
  });
  afterAll(() => model.dispose());

  it.each(['pentimento', 'diffusers'] as const)(
    'leaves every bit outside the feathered selection (%s)',
    async (dialect) => {
      const request = asked({ dialect, steps: 3 });
      const made = await paint(request, model);
      const { alpha } = makeMasks(ramp, request);
      const isFree = (x: number, y: number) => (alpha.data[y * size.width + x] ?? 0) > 0;
      expect(changedOutside(made, isFree)).toBe(0);
      expect(changedOutside(made, () => false)).toBeGreaterThan(1000);
    },
  );

  it('leaves every bit beyond the blur that AUTOMATIC1111 puts around it', async () => {
    const made = await paint(asked({ dialect: 'a1111', steps: 2 }), model);
    expect(changedOutside(made, isNear)).toBe(0);
    expect(changedOutside(made, () => false)).toBeGreaterThan(1000);
  });

  it('makes the same bytes twice', async () => {
    const request = asked({ sampler: 'DPM++ 2M SDE', dialect: 'a1111', steps: 3, cfgScale: 1 });
    const [first, second] = [await paint(request, model), await paint(request, model)];
    expect(second.color.data).toEqual(first.color.data);
    expect(second.alpha.data).toEqual(first.alpha.data);
  });
});

describe('soft inpainting', () => {
  it.each(Dialect.options)('shows what has changed, not how it was selected (%s)', async (d) => {
    const made = await paint(asked({ dialect: d, featherPx: 0 }, { differenceThreshold: 0.01 }));
    const plain = await paint(asked({ dialect: d, featherPx: 0, advanced: {} }));
    const y = box.y + 24;
    // Selected to three quarters: shown in full now.
    const x = box.x + 37;
    expect(seenAt(plain, x, y)).toBeGreaterThan(120);
    expect(seenAt(made, x, y)).toBeGreaterThan(250);
    expect(composed(made)).not.toEqual(composed(plain));
  });

  it.each(Dialect.options)('shows nothing where too little has changed (%s)', async (dialect) => {
    const made = await paint(asked({ dialect, strength: 0.3 }, { differenceThreshold: 8 }));
    expect(made.alpha.data.length).toBeGreaterThan(0);
    expect(made.alpha.data.every((v) => v <= 2)).toBe(true);
  });

  it.each(Object.keys(usual) as Array<keyof SoftInpainting>)('obeys its %s', async (name) => {
    const influence = { maskInfluence: 0.3 };
    const range = softInpaintingLimits[name];
    const plain = await paint(asked({ dialect: 'a1111' }, influence));
    const other = { ...influence, [name]: (range.min + range.max) / 2 };
    expect(composed(await paint(asked({ dialect: 'a1111' }, other)))).not.toEqual(composed(plain));
  });

  it.each(['DDIM', 'PLMS', 'UniPC'])(
    'keeps the rest with %s, but by other rules',
    async (sampler) => {
      const changed = async (dialect: Dialect) =>
        changedOutside(await paint(asked({ dialect, sampler, steps: 8 })), isNear);
      expect(await changed('pentimento')).toBe(0);
      // There the network's input is mixed, and never its answer.
      expect(await changed('a1111')).toBeGreaterThan(1000);
    },
  );

  it('tells an inpainting model the levels of the selection', async () => {
    for (const dialect of Dialect.options) {
      const told = new Set<number>();
      const model = arithmeticModel({ inChannels: 9 });
      const predict: DiffusionModel['predict'] = (latents, ...rest) => {
        const [, , height = 0, width = 0] = latents.shape;
        const plane = height * width;
        for (const v of latents.data.subarray(4 * plane, 5 * plane)) told.add(v);
        return model.predict(latents, ...rest);
      };
      await paint(asked({ dialect }), { ...model, predict });
      const grey = [...told].filter((v) => v > 0 && v < 1);
      expect(grey.length).toBeGreaterThan(3);
    }
  });

  it('is of no consequence without a selection', async () => {
    const advanced = { softInpainting: usual };
    const model = arithmeticModel();
    const of = async (made: ReturnType<typeof result>) => (await made).color.data;
    const all = { picture: photo, model };
    expect(await of(result(image(size, { advanced }), all))).toEqual(
      await of(result(image(size), all)),
    );
    expect(await of(result(text(size, { advanced }), { model }))).toEqual(
      await of(result(text(size), { model })),
    );
  });
});
