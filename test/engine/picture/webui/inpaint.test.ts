import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Image8,
  maskImage,
  newImage8,
} from '../../../../service/engine/picture/pillow/image8.ts';
import {
  decodedImage,
  encoderInput,
} from '../../../../service/engine/picture/webui/decodedImage.ts';
import {
  finishInpaint,
  type InpaintInput,
  maskedPicture,
  prepareInpaint,
} from '../../../../service/engine/picture/webui/inpaint.ts';
import { inpaintParameters } from '../../../../service/engine/picture/webui/inpaintParameters.ts';
import { PentimentoError } from '../../../../shared/errors.ts';
import { flatImage, noiseImage, rectangleMask } from '../pixels.ts';

const defaults: Omit<InpaintInput, 'picture'> = {
  width: 64,
  height: 64,
  resizeMode: 0,
  maskBlurX: 4,
  maskBlurY: 4,
  invert: false,
  fullRes: false,
  padding: 32,
  fillMode: 1,
  maskRound: true,
};

function changedOutside(
  original: Image8,
  result: Image8,
  isInside: (p: number) => boolean,
): number {
  let changed = 0;
  for (let p = 0; p < original.width * original.height; p++) {
    if (isInside(p)) continue;
    for (let c = 0; c < 3; c++) if (original.data[p * 3 + c] !== result.data[p * 3 + c]) changed++;
  }
  return changed;
}

describe('preparing and finishing an inpainting run', () => {
  it('leaves every pixel outside the mask as it was, bit for bit', () => {
    const position = fc.integer({ min: 0, max: 60 });
    const blur = fc.constantFrom(0, 1, 4, 9);
    fc.assert(
      fc.property(
        position,
        position,
        blur,
        fc.boolean(),
        fc.integer(),
        (x, y, maskBlur, fullRes, seed) => {
          const picture = noiseImage(72, 80, 3, seed);
          const mask = maskImage(
            rectangleMask(72, 80, [x, y, Math.min(72, x + 20), Math.min(80, y + 13)]),
          );
          const size = fullRes ? { width: 64, height: 64 } : { width: 72, height: 80 };
          const input = {
            ...defaults,
            ...size,
            picture,
            mask,
            fullRes,
            maskBlurX: maskBlur,
            maskBlurY: maskBlur,
          };
          const prepared = prepareInpaint(input);
          const result = finishInpaint(noiseImage(size.width, size.height, 3, seed + 1), prepared);
          expect([result.width, result.height, result.channels]).toEqual([72, 80, 3]);
          const hole = prepared.maskForOverlay!.data;
          expect(changedOutside(picture, result, (p) => hole[p] !== 0)).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('hands the network 8-bit RGB, a mask and a latent mask of the working size', () => {
    const picture = noiseImage(100, 60, 4);
    const mask = maskImage(rectangleMask(100, 60, [20, 20, 60, 50]));
    for (const resizeMode of [0, 1, 2] as const) {
      for (const fillMode of [0, 1, 2, 3] as const) {
        const p = prepareInpaint({
          ...defaults,
          picture,
          mask,
          resizeMode,
          fillMode,
          width: 72,
          height: 40,
        });
        expect([p.image.width, p.image.height, p.image.channels]).toEqual([72, 40, 3]);
        expect([p.mask?.width, p.mask?.height]).toEqual([72, 40]);
        expect([p.latentMask?.width, p.latentMask?.height]).toEqual([9, 5]);
        expect(new Set(p.latentMask?.data)).toEqual(new Set([0, 1]));
        expect(p.pasteTo).toBeUndefined();
      }
    }
  });

  it('keeps gray levels in the latent mask for soft inpainting', () => {
    const mask = maskImage(rectangleMask(64, 64, [16, 16, 48, 48]));
    const p = prepareInpaint({
      ...defaults,
      picture: noiseImage(64, 64, 3),
      mask,
      maskRound: false,
      maskBlurX: 9,
      maskBlurY: 9,
    });
    expect(p.latentMask!.data.some((v) => v > 0.05 && v < 0.95)).toBe(true);
  });

  it('drops mask and overlay when "only masked" meets an empty mask', () => {
    const picture = noiseImage(40, 40, 3);
    const mask = newImage8(40, 40, 1);
    const p = prepareInpaint({ ...defaults, picture, mask, fullRes: true });
    expect(p.croppedEmpty).toBe(true);
    expect(p.overlay).toBeUndefined();
    const model = noiseImage(64, 64, 3, 9);
    expect(finishInpaint(model, p)).toBe(model);
  });

  it('only resizes when there is no mask', () => {
    const p = prepareInpaint({ ...defaults, picture: flatImage(30, 20, [1, 2, 3]) });
    expect(p.image.data).toEqual(flatImage(64, 64, [1, 2, 3]).data);
    expect(p.mask).toBeUndefined();
  });

  it('works on one pixel, and says so where a line is too thin to be fitted', () => {
    const prepare = (width: number, height: number, fullRes: boolean) =>
      prepareInpaint({
        ...defaults,
        picture: noiseImage(width, height, 3),
        mask: maskImage(rectangleMask(width, height, [0, 0, width, height])),
        fullRes,
        fillMode: 0,
      });
    const model = noiseImage(64, 64, 3);
    expect(finishInpaint(model, prepare(1, 1, true)).data.length).toBe(3);
    for (const [width, height] of [
      [1, 1],
      [1, 300],
      [300, 1],
    ] as const) {
      expect(finishInpaint(model, prepare(width, height, false)).width).toBe(64);
    }
    expect(() => prepare(1, 300, true)).toThrow(new PentimentoError('E_IMAGE_TOO_SMALL').message);
    expect(() => prepare(300, 1, true)).toThrow(new PentimentoError('E_IMAGE_TOO_SMALL').message);
  });

  it('says what is wrong when latent upscale should fill a masked area of another size', () => {
    const picture = noiseImage(40, 40, 3);
    const mask = maskImage(rectangleMask(40, 40, [10, 10, 30, 30]));
    const run = () => prepareInpaint({ ...defaults, picture, mask, resizeMode: 3, fillMode: 0 });
    expect(run).toThrow(PentimentoError);
    expect(prepareInpaint({ ...defaults, picture, mask, resizeMode: 3 }).overlay?.width).toBe(40);
  });

  it('notes the settings as the parameters text has them', () => {
    expect(
      inpaintParameters({ ...defaults, invert: true, maskBlurY: 2, fullRes: true, fillMode: 3 }),
    ).toEqual({
      'Mask mode': 'Inpaint not masked',
      'Mask blur': null,
      'Inpaint area': 'Only masked',
      'Masked area padding': 32,
      'Masked content': 'latent nothing',
    });
    expect(
      inpaintParameters({ ...defaults, fullRes: true, maskBlurX: 0, maskBlurY: 0 }, true),
    ).toEqual({});
  });
});

describe('between pixels and the VAE', () => {
  it('brings every 8-bit level to -1..1 and back, cut and not rounded', () => {
    const levels = newImage8(
      256,
      1,
      3,
      Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)),
    );
    const planes = encoderInput(levels);
    expect([planes[0], planes[255]]).toEqual([-1, 1]);
    decodedImage(planes, 256, 1).data.forEach((v, i) => {
      expect(Math.floor(i / 3) - v).toBeGreaterThanOrEqual(0);
      expect(Math.floor(i / 3) - v).toBeLessThanOrEqual(1);
    });
    expect([...decodedImage(Float32Array.of(-5, 9, NaN), 1, 1).data]).toEqual([0, 255, 0]);
    expect(decodedImage(Float32Array.of(0, 0.999, -0.999), 1, 1).data).toEqual(
      Uint8Array.of(127, 254, 0),
    );
  });

  it('shows an inpainting model gray under the mask', () => {
    const picture = flatImage(2, 1, [255, 0, 51]);
    const mask = { width: 2, height: 1, data: Uint8Array.of(255, 0) };
    const planes = maskedPicture(picture, mask);
    expect([planes[0], planes[2], planes[4]].map(Math.abs)).toEqual([0, 0, 0]);
    expect([planes[1], planes[3]]).toEqual([1, -1]);
    expect(maskedPicture(picture, mask, true, 0)).toEqual(encoderInput(picture));
  });
});
