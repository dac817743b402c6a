import { inParts, type Sliced } from '../sliced.ts';
import { membrane } from './diffuseFill.ts';
import { patchChannels, type PatchLevel } from './patchLevel.ts';

/** The level's hole as a membrane between its surroundings, texture measures included. */
export function* spreadInto(level: PatchLevel): Sliced<void> {
  const { width, height, hole, data } = level;
  const weights = new Float32Array(hole.length);
  for (let i = 0; i < weights.length; i++) weights[i] = 1 - hole[i];
  // Three channels at a time: the colours, then the last colour again with both measures.
  for (const first of [0, patchChannels - 3]) {
    const part = new Float32Array(width * height * 3);
    const copy = (to: Float32Array, from: Float32Array, steps: readonly [number, number]) =>
      inParts(height, width, (top, end) => {
        for (let i = top * width; i < end * width; i++) {
          for (let c = 0; c < 3; c++) {
            to[i * steps[0] + c + (steps[0] > 3 ? first : 0)] =
              from[i * steps[1] + c + (steps[1] > 3 ? first : 0)];
          }
        }
      });
    yield* copy(part, data, [3, patchChannels]);
    const filled = yield* membrane({ width, height, data: part, weights });
    yield* copy(data, filled, [patchChannels, 3]);
  }
}
