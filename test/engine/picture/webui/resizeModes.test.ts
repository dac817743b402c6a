/** AUTOMATIC1111's resize modes in a run: what is worked over comes back to where it was, whatever the shape. */
import { describe, expect, it } from 'vitest';
import { prepareWebui } from '../../../../service/engine/picture/prepareWebui.ts';
import type { Workpiece } from '../../../../service/engine/picture/prepare.ts';
import type { Raster } from '../../../../service/engine/picture/raster.ts';
import type { Size } from '../../../../shared/geometry.ts';

/** Smooth, so that resizing there and back changes little, and different at every place. */
function slope({ width, height }: Size, depth: 8 | 16 = 8): Raster {
  const full = depth === 8 ? 255 : 65535;
  const data =
    depth === 8 ? new Uint8Array(width * height * 3) : new Uint16Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[i++] = (full * (x + 1)) / (width + 2);
      data[i++] = (full * (y + 1)) / (height + 2);
      data[i++] = full / 2;
    }
  }
  return { width, height, channels: 3, depth, data };
}

function pieceOf(picture: Raster, more: Partial<Workpiece>): Workpiece {
  return {
    picture,
    selection: undefined,
    context: { width: picture.width, height: picture.height },
    workingSize: { width: 64, height: 64 },
    featherPx: 0,
    growPx: 0,
    paddingPx: 0,
    onlyMasked: false,
    maskedContent: 'original',
    colorMatch: 0,
    latentMask: 'soft',
    ...more,
  };
}

/** By a network that changes nothing. */
function untouched(picture: Raster, more: Partial<Workpiece>) {
  const prepared = prepareWebui(pieceOf(picture, more));
  const nothing = new Float32Array(0);
  if (!prepared.start) throw new Error('Expected a start');
  const made = prepared.finish(prepared.start, { original: nothing, processed: nothing });
  const { bounds, color } = made;
  let worst = 0;
  for (let y = 0; y < bounds.height; y++) {
    for (let x = 0; x < bounds.width; x++) {
      for (let c = 0; c < 3; c++) {
        const own = color.data[(y * bounds.width + x) * 3 + c]!;
        const at = ((y + bounds.y) * picture.width + x + bounds.x) * 3 + c;
        worst = Math.max(worst, Math.abs(own - picture.data[at]!));
      }
    }
  }
  return { ...made, worst };
}

const wide = slope({ width: 96, height: 80 });
const high = slope({ width: 50, height: 90 });

describe('a whole picture by the resize mode', () => {
  it.each([
    ['stretch', wide, { x: 0, y: 0, width: 96, height: 80 }],
    // 96 x 80 covers 64 x 64 as 76 x 64, of which 6 pixels are cut off on either side.
    ['crop', wide, { x: 8, y: 0, width: 80, height: 80 }],
    ['crop', high, { x: 0, y: 20, width: 50, height: 50 }],
    ['fill', wide, { x: 0, y: 0, width: 96, height: 80 }],
    ['fill', high, { x: 0, y: 0, width: 50, height: 90 }],
  ] as const)('%s comes back in place (case %#)', (resizeMode, picture, bounds) => {
    const made = untouched(picture, { resizeMode });
    expect(made.bounds).toEqual(bounds);
    expect(made.color).toMatchObject({ width: bounds.width, height: bounds.height, depth: 8 });
    expect(made.alpha.data).toHaveLength(bounds.width * bounds.height);
    expect(made.alpha.data.every((a) => a === 255)).toBe(true);
    // A slope of 2 to 5 levels a pixel: within one pixel and a rounding.
    expect(made.worst).toBeLessThanOrEqual(6);
  });

  it('would not be in place with another mode’s bounds', () => {
    const cropped = untouched(wide, { resizeMode: 'crop' });
    const shifted = slope({ width: 80, height: 80 });
    const off = [...cropped.color.data].reduce(
      (most, v, i) => Math.max(most, Math.abs(v - shifted.data[i]!)),
      0,
    );
    expect(off).toBeGreaterThan(12);
  });

  it('keeps the depth of the document', () => {
    const made = untouched(slope({ width: 96, height: 80 }, 16), { resizeMode: 'crop' });
    expect(made.color.depth).toBe(16);
    expect(made.worst).toBeLessThanOrEqual(6 * 257);
  });

  it('latent encodes the picture as it is, and answers at the working size', () => {
    const piece = pieceOf(wide, { resizeMode: 'latent' });
    const prepared = prepareWebui(piece);
    expect(prepared.start?.shape).toEqual([1, 3, 80, 96]);
    const decoded = prepareWebui({ ...piece, resizeMode: 'stretch' }).start;
    const nothing = new Float32Array(0);
    if (!decoded) return expect.fail('Expected a start');
    const made = prepared.finish(decoded, { original: nothing, processed: nothing });
    expect(made.bounds).toEqual({ x: 0, y: 0, width: 96, height: 80 });
  });

  it('latent refuses a picture whose encoding the plan knows nothing of', () => {
    const picture = slope({ width: 4100, height: 1030 });
    expect(() => prepareWebui(pieceOf(picture, { resizeMode: 'latent' }))).toThrow(
      expect.objectContaining({ code: 'E_PARAM' }),
    );
  });

  it('refuses a picture so thin that nothing would be left of it', () => {
    const thin = slope({ width: 1, height: 400 });
    expect(() => untouched(thin, { resizeMode: 'fill' })).toThrow(
      expect.objectContaining({ code: 'E_IMAGE_TOO_SMALL' }),
    );
  });
});
