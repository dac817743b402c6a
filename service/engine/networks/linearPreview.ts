import { tensor, type Tensor } from '../tensor.ts';

/** Red, green, blue of each latent channel of SD 1 and 2: a least-squares fit (ComfyUI). */
const latentColours = [
  [0.3512, 0.2297, 0.3227],
  [0.325, 0.4974, 0.235],
  [-0.2829, 0.1762, 0.2721],
  [-0.212, -0.2616, -0.7177],
] as const;

/** Scaled SD 1 latents [1,4,h,w] to a rough picture [1,3,h,w] in 0..1, a pixel for each latent. */
export function linearPreview(latents: Tensor): Tensor {
  const [, , height, width] = latents.shape;
  const area = height * width;
  const picture = new Float32Array(3 * area);
  for (let colour = 0; colour < 3; colour++) {
    for (let i = 0; i < area; i++) {
      let sum = 0;
      latentColours.forEach(
        (row, channel) => (sum += row[colour] * latents.data[channel * area + i]),
      );
      picture[colour * area + i] = Math.min(1, Math.max(0, (sum + 1) / 2));
    }
  }
  return tensor(picture, [1, 3, height, width]);
}
