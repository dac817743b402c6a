import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initializeCanvas, readPsd, type Layer } from 'ag-psd';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PentimentoError } from '../../../shared/errors.ts';
import type { PixelDepth } from '../../../shared/frame.ts';
import type { Recipe } from '../../../shared/recipe.ts';
import { flatten } from '../../../service/engine/picture/composite.ts';
import { decodePicture } from '../../../service/engine/picture/decode.ts';
import { packRow, unpackRow } from '../../../service/engine/picture/psd/packBits.ts';
import { readComposite } from '../../../service/engine/picture/psd/readComposite.ts';
import { writeDocument } from '../../../service/engine/picture/psd/writeDocument.ts';
import { writePsd } from '../../../service/engine/picture/psd/writePsd.ts';
import type { Raster } from '../../../service/engine/picture/raster.ts';
import { recipeXmp } from '../../../service/engine/picture/xmp.ts';
import { recipesOfXmp } from '../../../shared/recipeXmp.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pentimento-psd-'));
  initializeCanvas(
    () => {
      throw new Error('no canvas is needed');
    },
    (width, height) =>
      ({
        width,
        height,
        data: new Uint8ClampedArray(width * height * 4),
        colorSpace: 'srgb',
      }) as ImageData,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

function noise(
  width: number,
  height: number,
  form: { channels: Raster['channels']; depth: PixelDepth },
): Raster {
  const count = width * height * form.channels;
  const data = form.depth === 8 ? new Uint8Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++)
    data[i] = Math.imul(i + 1, 2654435761) >>> (form.depth === 8 ? 24 : 16);
  return { width, height, ...form, data };
}

const bounds = { x: 5, y: 3, width: 12, height: 9 };

function recipe(index: number, prompt: string): Recipe {
  return {
    version: 1,
    made: 'pentimento 0.1.0',
    index,
    seed: 7 + index,
    context: bounds,
    workingSize: { width: 512, height: 512 },
    request: {
      kind: 'image',
      document: { id: 'd', name: 'p', width: 40, height: 30, depth: 8, mode: 'rgb' },
      region: bounds,
      model: '',
      prompt,
      negativePrompt: '',
      sampler: 'euler',
      schedule: 'automatic',
      steps: 20,
      cfgScale: 7,
      clipSkip: 1,
      dialect: 'pentimento',
      seed: 7,
      count: 2,
      strength: 0.5,
      colorMatch: 1,
    },
  };
}

function result(index: number, form: { channels: 1 | 3; depth: PixelDepth }) {
  const color = noise(bounds.width, bounds.height, form);
  const alpha = noise(bounds.width, bounds.height, { channels: 1, depth: 8 });
  return {
    body: { bounds, recipe: recipe(index, `ein „Rotkehlchen“ <&> ${index}`) },
    color,
    alpha,
  };
}

function rgbOf(layer: Layer): number[] {
  const data = layer.imageData?.data ?? [];
  return Array.from(data).filter((_, i) => i % 4 !== 3);
}

describe('writeDocument', () => {
  it('is read by ag-psd pixel for pixel: original below, layers with masks in a group above', () => {
    const raster = noise(40, 30, { channels: 3, depth: 8 });
    const results = [result(0, { channels: 3, depth: 8 }), result(1, { channels: 3, depth: 8 })];
    const psd = readPsd(writeDocument({ name: 'photo.jpg', raster }, results), {
      useImageData: true,
    });
    expect(psd).toMatchObject({ width: 40, height: 30, bitsPerChannel: 8 });
    const [background, group] = psd.children ?? [];
    expect(background.name).toBe('Background');
    expect(rgbOf(background)).toEqual(Array.from(raster.data));
    expect(group.children?.map((l) => l.hidden)).toEqual([true, false]);
    for (const [i, layer] of (group.children ?? []).toReversed().entries()) {
      expect(layer.name).toContain(`„Rotkehlchen“ <&> ${i}`);
      expect(layer).toMatchObject({
        left: 5,
        top: 3,
        right: 17,
        bottom: 12,
        blendMode: 'normal',
        opacity: 1,
      });
      expect(rgbOf(layer)).toEqual(Array.from(results[i].color.data));
      expect(layer.mask).toMatchObject({ left: 5, top: 3, defaultColor: 0 });
      const mask = Array.from(layer.mask?.imageData?.data ?? []).filter((_, k) => k % 4 === 0);
      expect(mask).toEqual(Array.from(results[i].alpha.data));
    }
  });

  for (const channels of [1, 2, 3, 4] as const) {
    for (const depth of [8, 16] as const) {
      it(`shows the first result in the composite: ${channels} channels, ${depth} bits`, async () => {
        const raster = noise(40, 30, { channels, depth });
        if (channels % 2 === 0)
          raster.data.forEach(
            (_, i, d) => (d[i] = i % channels === channels - 1 ? 2 ** depth - 1 : d[i]),
          );
        const first = result(0, { channels: channels <= 2 ? 1 : 3, depth });
        const path = join(folder, `${channels}-${depth}.psd`);
        writeFileSync(path, writeDocument({ name: 'a.png', raster }, [first]));
        const { raster: back, info } = await decodePicture(path);
        expect(info).toMatchObject({ format: 'psd', channels, depth });
        expect(back.data).toEqual(flatten(raster, first.color, first.alpha, bounds).data);
      });
    }
  }

  it('keeps the recipes in its XMP', () => {
    const raster = noise(40, 30, { channels: 3, depth: 8 });
    const results = [result(0, { channels: 3, depth: 8 }), result(1, { channels: 3, depth: 8 })];
    const { imageResources } = readPsd(writeDocument({ name: 'a', raster }, results), {
      skipLayerImageData: true,
      skipCompositeImageData: true,
    });
    expect(recipesOfXmp(imageResources?.xmpMetadata ?? '')).toEqual(
      results.map((r) => r.body.recipe),
    );
  });

  it('refuses pixels of another form', () => {
    const composite = noise(4, 4, { channels: 3, depth: 8 });
    const document = { width: 4, height: 4, depth: 8, mode: 'rgb', composite } as const;
    const deep = {
      kind: 'pixels',
      name: 'a',
      x: 0,
      y: 0,
      pixels: noise(2, 2, { channels: 3, depth: 16 }),
    } as const;
    expect(() => writePsd({ ...document, layers: [deep] })).toThrow(RangeError);
    expect(() => writePsd({ ...document, width: 5, layers: [] })).toThrow(RangeError);
  });
});

describe('XMP', () => {
  it('gives back any recipe text, also as an attribute, and nothing for what is not ours', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (prompt) => {
        const recipes = [recipe(0, prompt)];
        expect(recipesOfXmp(recipeXmp(recipes))).toEqual(JSON.parse(JSON.stringify(recipes)));
      }),
      { numRuns: 40 },
    );
    const text = JSON.stringify([recipe(0, 'x')]).replaceAll('"', '&quot;');
    const attribute = `<rdf:Description xmlns:q="https://pentimento.app/ns/recipe/1.0/" q:recipes="${text}"/>`;
    expect(recipesOfXmp(attribute)).toEqual([recipe(0, 'x')]);
    expect(recipesOfXmp('<x/>')).toEqual([]);
    expect(recipesOfXmp(recipeXmp([]).replace('[]', '[{'))).toEqual([]);
  });
});

describe('PackBits', () => {
  it('packs and unpacks any row, never longer than one byte in 128 and one more', () => {
    const row = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc.array(fc.constantFrom(0, 0, 0, 9), { maxLength: 700 }).map((a) => Uint8Array.from(a)),
    );
    fc.assert(
      fc.property(row, (values) => {
        const out = new Uint8Array(values.length + Math.ceil(values.length / 128) + 1);
        const end = packRow(values, out, 0);
        const back = new Uint8Array(values.length);
        expect(end).toBeLessThanOrEqual(out.length);
        expect(unpackRow(out.subarray(0, end), back)).toBe(true);
        expect(back).toEqual(values);
      }),
      { numRuns: 300 },
    );
  });
});

describe('readComposite', () => {
  it('answers any damage with a clear error', () => {
    const whole = writeDocument(
      { name: 'a', raster: noise(20, 16, { channels: 4, depth: 8 }) },
      [],
    );
    const position = fc.nat({ max: whole.length - 1 });
    const change = fc.array(
      fc.tuple(fc.oneof(position, fc.nat({ max: 60 })), fc.nat({ max: 255 })),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(change, fc.oneof(fc.constant(whole.length), position), (changes, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          expect(readComposite(bytes).data.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(PentimentoError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
