/** What is shown before a run is what the run does. */
import { describe, expect, it } from 'vitest';
import { previewControlMap, previewMasks } from '../../service/engine/runPreviews.ts';
import { planeNamed, type Frame, type Plane } from '../../shared/frame.ts';
import type { Rect } from '../../shared/geometry.ts';
import { MaskAnswer, type ControlMapRequest, type MaskRequest } from '../../shared/preview.ts';
import type { Dialect, InpaintRequest } from '../../shared/request.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { inpaint, picture, remove, result, selection } from './jobs.ts';

const size = { width: 160, height: 128 };
const photo = picture(size);
const box = { x: 60, y: 50, width: 30, height: 24 };

function maskPlane(mask: { width: number; height: number; data: Uint8Array }): Plane {
  return { name: 'mask', channels: 1, depth: 8, ...mask };
}

function asked(request: InpaintRequest, workingSize = size): MaskRequest {
  const { featherPx, growPx, area, paddingPx, dialect } = request;
  return { kind: 'inpaint', featherPx, growPx, area, paddingPx, dialect, workingSize };
}

function masksOf(request: MaskRequest, mask: Plane) {
  const frame = previewMasks({ body: request, planes: [mask] });
  const { bounds } = MaskAnswer.parse(frame.body);
  const [alpha, denoise] = ['alpha', 'denoise'].map((name) => plane(frame, name));
  if (!alpha || !denoise) throw new Error('Expected two planes');
  return { bounds, alpha, denoise };
}

function plane(frame: Frame, name: string): Plane | undefined {
  return planeNamed(frame, name);
}

function cropped(from: Plane, { x, y, width, height }: Rect): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const at = (y + row) * from.width + x;
    out.set(from.data.subarray(at, at + width), row * width);
  }
  return out;
}

describe('previewMasks', () => {
  const cases: readonly [name: string, Partial<InpaintRequest>][] = [
    ['pentimento', { featherPx: 6 }],
    ['pentimento', { featherPx: 0, growPx: 9 }],
    ['pentimento', { featherPx: 4, growPx: -5 }],
    ['diffusers', { featherPx: 5 }],
    ['a1111', { featherPx: 4 }],
    ['a1111', { featherPx: 4, area: 'whole' }],
    ['a1111', { featherPx: 0, area: 'masked', paddingPx: 16 }],
    ['a1111', { featherPx: 2, growPx: 7, area: 'masked' }],
  ];

  it.each(cases)('%s: what will be seen is the layer mask of the run (%o)', async (name, more) => {
    const request = inpaint(size, { area: 'whole', ...more, dialect: name as Dialect });
    const mask = selection(size, box, 120);
    const made = await result(
      { ...request, workingSize: size },
      {
        picture: photo,
        mask,
        model: arithmeticModel(),
      },
    );
    const { context } = made.recipe;
    const part = cropped(maskPlane(mask), context);
    const shown = masksOf(asked(request), maskPlane({ ...context, data: part }));
    expect(shown.bounds).toEqual({
      ...made.bounds,
      x: made.bounds.x - context.x,
      y: made.bounds.y - context.y,
    });
    expect(cropped(shown.alpha, shown.bounds)).toEqual(made.alpha.data);
  });

  it.each(['pentimento', 'diffusers', 'a1111'] as const)('%s: grows and shrinks', (dialect) => {
    const seen = (growPx: number) => {
      const request = inpaint(size, { featherPx: 0, growPx, dialect, area: 'masked' });
      return masksOf(asked(request), ofBox()).bounds;
    };
    const { x, y, width, height } = seen(0);
    expect(seen(10)).toEqual({ x: x - 10, y: y - 10, width: width + 20, height: height + 20 });
    expect(seen(-4)).toEqual({ x: x + 4, y: y + 4, width: width - 8, height: height - 8 });
  });

  it('tells the same of removing, and that everything seen is filled', async () => {
    const request = remove(size, { featherPx: 5, growPx: 3 });
    const mask = selection(size, box);
    const made = await result(request, { picture: photo, mask });
    const { context } = made.recipe;
    const part = cropped(maskPlane(mask), context);
    const { featherPx, growPx } = request;
    const shown = masksOf(
      { ...asked(inpaint(size)), kind: 'remove', featherPx, growPx },
      maskPlane({ ...context, data: part }),
    );
    expect(cropped(shown.alpha, shown.bounds)).toEqual(made.alpha.data);
    expect(shown.denoise.data).toEqual(Uint8Array.from(shown.alpha.data, (v) => (v > 0 ? 255 : 0)));
  });

  it('lets change what is seen and a ramp around it', () => {
    const { alpha, denoise } = masksOf(asked(inpaint(size, { featherPx: 6 })), ofBox());
    let wider = 0;
    for (let i = 0; i < alpha.data.length; i++) {
      expect(denoise.data[i]).toBeGreaterThanOrEqual(alpha.data[i] ?? 0);
      if (alpha.data[i] === 0 && (denoise.data[i] ?? 0) > 0) wider++;
    }
    expect(wider).toBeGreaterThan(500);
  });

  it('lets change by the levels of the selection with soft inpainting', () => {
    const request = asked(inpaint(size, { featherPx: 6 }));
    const { alpha } = masksOf(request, ofBox());
    const { denoise } = masksOf({ ...request, isSoft: true }, ofBox());
    expect(denoise.data).toEqual(alpha.data);
  });

  const softCases: readonly [name: Dialect, Partial<InpaintRequest>][] = [
    ['pentimento', { featherPx: 12 }],
    ['diffusers', { featherPx: 12 }],
    ['a1111', { featherPx: 0 }],
    ['a1111', { featherPx: 8 }],
    ['a1111', { featherPx: 4, area: 'masked', paddingPx: 16 }],
  ];

  it.each(softCases)(
    '%s: soft inpainting shows no more than was shown before (%o)',
    async (dialect, more) => {
      const softInpainting = {
        scheduleBias: 1,
        preservationStrength: 0.5,
        transitionContrastBoost: 4,
        maskInfluence: 0,
        // Whatever has changed at all is seen.
        differenceThreshold: 0.001,
        differenceContrast: 2,
      };
      const request = inpaint(size, { area: 'whole', ...more, dialect });
      const mask = selection(size, box, 90);
      const made = await result(
        { ...request, workingSize: size, advanced: { softInpainting } },
        { picture: photo, mask, model: arithmeticModel() },
      );
      const { context } = made.recipe;
      const part = maskPlane({ ...context, data: cropped(maskPlane(mask), context) });
      const shown = masksOf({ ...asked(request), isSoft: true }, part);
      const at = { ...made.bounds, x: made.bounds.x - context.x, y: made.bounds.y - context.y };
      const most = cropped(shown.alpha, at);
      let [above, seen, bound] = [0, 0, 0];
      made.alpha.data.forEach((v, i) => {
        above = Math.max(above, v - (most[i] ?? 0));
        seen += v;
        bound += most[i] ?? 0;
      });
      // Beside a steeper step Lanczos swings a little deeper.
      expect(above).toBeLessThanOrEqual(dialect === 'a1111' ? 4 : 1);
      // And not much less: it is a bound that says something.
      expect(seen / bound).toBeGreaterThan(0.8);
    },
  );

  it('shows whole cells where the rules know no levels', () => {
    for (const dialect of ['a1111', 'diffusers'] as const) {
      const { denoise } = masksOf(
        asked(inpaint(size, { featherPx: 4, area: 'whole', dialect })),
        ofBox(),
      );
      expect(new Set(denoise.data)).toEqual(new Set([0, 255]));
      // Cells of 8 x 8 pixels at this working size.
      for (const [x, y] of [
        [64, 56],
        [71, 63],
      ] as const) {
        expect(denoise.data[y * size.width + x]).toBe(255);
      }
      const edges = rowEdges(denoise, 60);
      expect(edges.every((x) => x % 8 === 0)).toBe(true);
      expect(edges.length).toBeGreaterThan(0);
    }
  });

  it('is made smaller on request', () => {
    const { alpha, denoise, bounds } = masksOf(
      { ...asked(inpaint(size)), longestSidePx: 40 },
      ofBox(),
    );
    expect([alpha.width, alpha.height, denoise.width]).toEqual([40, 32, 40]);
    expect(bounds.width).toBeGreaterThan(30);
  });

  it('refuses a selection of which nothing is left', () => {
    const nothing = asked(inpaint(size, { growPx: -50 }));
    expect(() => masksOf(nothing, ofBox())).toThrow(
      expect.objectContaining({
        code: 'E_MASK_EMPTY',
        detail: 'Shrunk by 50 px nothing is left of it.',
      }),
    );
  });

  function ofBox(): Plane {
    return maskPlane(selection(size, box));
  }
});

function rowEdges({ data, width }: Plane, y: number): number[] {
  const row = [...data.subarray(y * width, (y + 1) * width)];
  return row.flatMap((v, x) => (x > 0 && v !== row[x - 1] ? [x] : []));
}

describe('previewControlMap', () => {
  const region = { x: 10, y: 20, ...size };
  const base: ControlMapRequest = {
    region,
    workingSize: { width: 320, height: 256 },
    fit: 'crop',
    dialect: 'pentimento',
    isPart: false,
  };
  const own: Plane = { name: 'picture', ...photo };

  const mapOf = (body: ControlMapRequest, planes: readonly Plane[] = [own]) =>
    plane(previewControlMap({ body, planes }), 'map');

  it('is what the preprocessor makes, at the working size', () => {
    const map = mapOf({ ...base, preprocessor: { name: 'canny', a: 5, b: 10 } });
    expect(map).toMatchObject({ width: 320, height: 256, channels: 3, depth: 8 });
    expect(new Set(map?.data)).toEqual(new Set([0, 255]));
    const fewer = mapOf({ ...base, preprocessor: { name: 'canny' } });
    expect(count(fewer)).toBeLessThan(count(map));
  });

  it('lays a file of another size over the region', () => {
    const wide: Plane = { name: 'picture', ...picture({ width: 400, height: 90 }) };
    expect(mapOf(base, [wide])).toMatchObject({ width: 320, height: 256 });
    expect(mapOf({ ...base, longestSidePx: 64 }, [wide])).toMatchObject({ width: 64, height: 51 });
  });

  it('leaves out the selection for inpainting ControlNets', () => {
    const mask = maskPlane(selection(size, box));
    const map = mapOf({ ...base, preprocessor: { name: 'inpaint' } }, [own, mask]);
    const at = (x: number, y: number) => map?.data[(y * 320 + x) * 3];
    expect(at(150, 124)).toBe(0);
    expect(at(20, 20)).toBeGreaterThan(0);
    expect(() => mapOf({ ...base, preprocessor: { name: 'inpaint' } })).toThrow(
      expect.objectContaining({ code: 'E_FRAME' }),
    );
  });
});

function count(map: Plane | undefined): number {
  return Array.from(map?.data ?? []).filter((v) => v > 0).length;
}
