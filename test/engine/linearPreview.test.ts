import { describe, expect, it } from 'vitest';
import { fitLatentColours, linearPreview } from '../../service/engine/networks/linearPreview.ts';
import { TorchGenerator } from '../../service/engine/sampling/noise/torchGenerator.ts';
import { tensor } from '../../service/engine/tensor.ts';

describe('linear previews', () => {
  it('finds the map an autoencoder really has', () => {
    const latents = tensor(new TorchGenerator(1).normal(4 * 12 * 10), [1, 4, 12, 10]);
    const truth = {
      rows: [
        [0.1, 0, 0.2],
        [0, 0.2, 0],
        [-0.1, 0.05, 0.1],
        [0.02, -0.1, 0],
      ],
      offset: [0.1, -0.2, 0],
    };
    const small = linearPreview(latents, truth);
    const picture = new Float32Array(3 * 96 * 80);
    for (let i = 0; i < picture.length; i++) {
      const x = Math.floor((i % 80) / 8);
      const y = Math.floor((Math.floor(i / 80) % 96) / 8);
      picture[i] = small.data[Math.floor(i / (96 * 80)) * 120 + y * 10 + x] * 2 - 1;
    }
    const fitted = fitLatentColours(latents, tensor(picture, [1, 3, 96, 80]));
    fitted.rows.flat().forEach((v, i) => expect(v).toBeCloseTo(truth.rows.flat()[i], 2));
    fitted.offset.forEach((v, i) => expect(v).toBeCloseTo(truth.offset[i], 2));
  });

  it('stays finite for a picture of one colour', () => {
    const latents = tensor(new Float32Array(4 * 4).fill(0.5), [1, 4, 2, 2]);
    const picture = tensor(new Float32Array(3 * 16 * 16).fill(0.25), [1, 3, 16, 16]);
    const preview = linearPreview(latents, fitLatentColours(latents, picture));
    for (const v of preview.data) expect(v).toBeCloseTo(0.625, 2);
  });
});
