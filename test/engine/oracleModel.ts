/** A model that gives back the picture it was shown, whatever happens to its latents. */
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { arithmeticModel } from './arithmeticModel.ts';

/** `change`: what it does to a code value (0..1) of a channel, as a VAE and a sampler shift colours. */
export function oracleModel(
  change: (value: number, channel: number) => number = (v) => v,
): DiffusionModel {
  let seen: Float32Array | undefined;
  const model = arithmeticModel();
  return {
    ...model,
    encode: (picture) => {
      seen = picture.data.slice();
      return model.encode(picture);
    },
    decode: ({ shape: [, , rows, columns] }) => {
      if (!seen) throw new Error('Nothing was encoded');
      const shape = [1, 3, rows * 8, columns * 8];
      const pixels = rows * columns * 64;
      const data = seen.map((v, i) => change(v / 2 + 0.5, Math.floor(i / pixels)) * 2 - 1);
      return Promise.resolve({ data, shape });
    },
  };
}
