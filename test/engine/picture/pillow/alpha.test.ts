import { describe, expect, it } from 'vitest';
import {
  alphaComposite,
  blendThroughMask,
  flattenOnto,
  premultipliedHole,
  premultiply,
  unpremultiply,
} from '../../../../service/engine/picture/pillow/alpha.ts';
import {
  cropImage,
  newImage8,
  pasteImage,
  toChannels,
  toImage8,
} from '../../../../service/engine/picture/pillow/image8.ts';
import { flatImage, noiseImage } from '../pixels.ts';

describe('alpha in 8 bits', () => {
  it('composites every pair of levels within two levels of exact arithmetic', () => {
    for (const under of [0, 3, 128, 255]) {
      for (let alpha = 0; alpha < 256; alpha++) {
        const a = flatImage(1, 1, [40, 200, 255, under]);
        const b = flatImage(1, 1, [255, 90, 0, alpha]);
        const out = alphaComposite(a, b).data;
        const total = alpha + (under * (255 - alpha)) / 255;
        expect(Math.abs((out[3] ?? 0) - total)).toBeLessThanOrEqual(1);
        if (total < 1) continue;
        for (let c = 0; c < 3; c++) {
          const exact =
            ((b.data[c] ?? 0) * alpha + ((a.data[c] ?? 0) * under * (255 - alpha)) / 255) / total;
          expect(Math.abs((out[c] ?? 0) - exact)).toBeLessThanOrEqual(2);
        }
      }
    }
  });

  it('leaves what is under a clear picture and shows an opaque one, bit for bit', () => {
    const under = noiseImage(8, 8, 4, 5);
    const over = noiseImage(8, 8, 4, 6);
    for (let i = 3; i < over.data.length; i += 4) over.data[i] = 0;
    expect(alphaComposite(under, over).data).toEqual(under.data);
    for (let i = 3; i < over.data.length; i += 4) over.data[i] = 255;
    expect(alphaComposite(under, over).data).toEqual(over.data);
  });

  it('treats every pixel as if it were alone, in runs of any length and wherever they lie in memory', () => {
    const pixels = 61;
    const memory = new Uint8Array(pixels * 4 + 3);
    for (let shift = 0; shift < 4; shift++) {
      const under = noiseImage(pixels, 1, 4, 7);
      const noise = noiseImage(pixels, 1, 4, 8).data;
      const over = newImage8(pixels, 1, 4, memory.subarray(shift, shift + pixels * 4));
      over.data.set(noise);
      const levels = noise.filter((_, i) => i % 4 === 0);
      // Runs of clear, opaque and soft pixels, each longer than the last.
      const at = (p: number): number => Math.floor(Math.sqrt(2 * p)) + shift;
      const mask = levels.map((v, p) => [0, 255, v][at(p) % 3] ?? 0);
      for (let p = 0; p < pixels; p++) over.data[p * 4 + 3] = mask[p] ?? 0;
      const colours = [under, over].map((image) => toChannels(image, 3));
      const shifted = new Uint8Array(pixels + shift).subarray(shift);
      shifted.set(mask);
      const composited = alphaComposite(under, over);
      const blended = blendThroughMask(colours[0], colours[1], {
        width: pixels,
        height: 1,
        data: shifted,
      });
      for (let x = 0; x < pixels; x++) {
        const one = (image: typeof under) => cropImage(image, [x, 0, x + 1, 1]);
        const alone = alphaComposite(one(under), one(over));
        expect(one(composited).data).toEqual(alone.data);
        const pixel = { width: 1, height: 1, data: mask.slice(x, x + 1) };
        const mixed = blendThroughMask(one(colours[0]), one(colours[1]), pixel);
        expect(one(blended).data).toEqual(mixed.data);
      }
    }
  });

  it('premultiplies and back without loss where alpha is opaque', () => {
    const image = toChannels(noiseImage(16, 16, 3), 4);
    expect(unpremultiply(premultiply(image)).data).toEqual(image.data);
  });

  it('undoes premultiplication of gray with alpha as of colour with alpha', () => {
    const gray = newImage8(2, 1, 2, Uint8Array.of(100, 128, 7, 0));
    const rgb = newImage8(2, 1, 4, Uint8Array.of(100, 100, 100, 128, 7, 7, 7, 0));
    expect([...unpremultiply(gray).data]).toEqual([199, 128, 7, 0]);
    expect([...unpremultiply(rgb).data]).toEqual([199, 199, 199, 128, 7, 7, 7, 0]);
  });

  it('cuts a hole just as blending the premultiplied picture onto nothing does', () => {
    const image = noiseImage(32, 8, 3);
    const mask = { width: 32, height: 8, data: Uint8Array.from({ length: 256 }, (_, i) => i) };
    const inverse = { ...mask, data: mask.data.map((v) => 255 - v) };
    const plain = blendThroughMask(newImage8(32, 8, 4), premultiply(toChannels(image, 4)), inverse);
    expect(premultipliedHole(image, mask).data).toEqual(plain.data);
  });

  it('flattens onto a colour: clear is the colour, opaque the picture', () => {
    const image = newImage8(2, 1, 4, Uint8Array.of(9, 9, 9, 0, 50, 60, 70, 255));
    expect([...flattenOnto(image, [255, 128, 1]).data]).toEqual([255, 128, 1, 50, 60, 70]);
  });
});

describe('8-bit pictures', () => {
  it('come from 16 bits and from floats by rounding, NaN and overshoot included', () => {
    const deep = {
      width: 4,
      height: 1,
      channels: 1,
      depth: 16,
      data: Uint16Array.of(0, 128, 129, 65535),
    } as const;
    expect([...toImage8(deep).data]).toEqual([0, 0, 1, 255]);
    const float = {
      width: 4,
      height: 1,
      channels: 1,
      depth: 32,
      data: Float32Array.of(NaN, -3, 7, 0.5),
    } as const;
    expect([...toImage8(float).data]).toEqual([0, 0, 255, 128]);
  });

  it('crop beyond the edge gives zeros there, and pasting is clipped', () => {
    const image = noiseImage(4, 3, 3);
    const cut = cropImage(image, [-1, -1, 5, 4]);
    expect([cut.width, cut.height]).toEqual([6, 5]);
    expect(cut.data.subarray(0, 18).every((v) => v === 0)).toBe(true);
    expect(cropImage(cut, [1, 1, 5, 4]).data).toEqual(image.data);
    pasteImage(cut, image, 100, 100);
    pasteImage(cut, image, -100, 0);
    expect(cropImage(cut, [1, 1, 5, 4]).data).toEqual(image.data);
  });

  it('convert between gray, colour and alpha', () => {
    const gray = newImage8(1, 1, 1, Uint8Array.of(77));
    expect([...toChannels(gray, 4).data]).toEqual([77, 77, 77, 255]);
    expect([...toChannels(newImage8(1, 1, 4, Uint8Array.of(255, 0, 0, 9)), 1).data]).toEqual([76]);
    expect([...toChannels(newImage8(1, 1, 4, Uint8Array.of(1, 2, 3, 9)), 3).data]).toEqual([
      1, 2, 3,
    ]);
  });
});
