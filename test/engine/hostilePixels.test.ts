/** Pictures of numbers that are none, without anything to see, or a line long: runs end, and keep what they must. */
import { describe, expect, it } from 'vitest';
import { flatten } from '../../service/engine/picture/composite.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { arithmeticModel } from './arithmeticModel.ts';
import { inpaint, picture, remove, result, selection } from './jobs.ts';

const size = { width: 96, height: 80 };
const mask = selection(size, { x: 40, y: 30, width: 20, height: 16 }, 90);
const model = arithmeticModel();

function bitsOf({ data }: Raster): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Pixels far from the selection in the picture with the result, as bytes. */
function rowsAbove(raster: Raster, height: number): Uint8Array {
  const rowBytes = (raster.width * raster.channels * raster.depth) / 8;
  return bitsOf(raster).subarray(0, rowBytes * height);
}

describe.each(['inpaint', 'remove'] as const)('%s', (kind) => {
  const request = kind === 'inpaint' ? inpaint : remove;

  it.each([NaN, Infinity, -Infinity, 1e30, -5])('goes on over pixels of %f', async (value) => {
    const like = { channels: 3, depth: 32 } as const;
    const original = picture(size, 3, 32);
    for (let i = 0; i < original.data.length; i += 7) original.data[i] = value;
    const made = await result(request(size, {}, like), { picture: original, mask, model });
    expect(made.color.data.every((v) => v >= 0 && v <= 1)).toBe(true);
    const flat = flatten(original, made.color, made.alpha, made.bounds);
    const [before, after] = [original, flat].map((r) => rowsAbove(r, 12));
    expect(Buffer.compare(before ?? Buffer.of(1), after ?? Buffer.of())).toBe(0);
    const inside = (38 * size.width + 50) * 3;
    expect(Array.from(flat.data.slice(inside, inside + 3)).every((v) => v >= 0 && v <= 1)).toBe(
      true,
    );
  });

  it.each([8, 16] as const)('makes what is clear everywhere visible, at %i bits', async (depth) => {
    const like = { channels: 4, depth } as const;
    const original = picture(size, 4, depth);
    for (let i = 3; i < original.data.length; i += 4) original.data[i] = 0;
    const made = await result(request(size, {}, like), { picture: original, mask, model });
    const flat = flatten(original, made.color, made.alpha, made.bounds);
    expect(flat.data[(38 * size.width + 50) * 4 + 3]).toBe(depth === 8 ? 255 : 65_535);
    const [before, after] = [original, flat].map((r) => rowsAbove(r, 12));
    expect(Buffer.compare(before ?? Buffer.of(1), after ?? Buffer.of())).toBe(0);
  });
});

it.each([
  { width: 1, height: 2000 },
  { width: 2000, height: 1 },
])('a line of %o is painted or refused, never left hanging', async (line) => {
  const original = picture(line);
  const box = { x: 0, y: 0, width: Math.min(line.width, 30), height: Math.min(line.height, 30) };
  const some = selection(line, box);
  for (const request of [inpaint(line), remove(line)]) {
    const outcome = await result(request, { picture: original, mask: some, model }).then(
      (made) => made.color.data.length,
      (error: { readonly code?: string }) => error.code,
    );
    expect(outcome === 'E_IMAGE_TOO_SMALL' || Number(outcome) > 0).toBe(true);
  }
});
