/** A group norm's means and variances, measured in pieces. Pure. */
import { tensor, type Tensor } from '../tensor.ts';

/** What a norm is told, [1,groups,1] each. */
export interface ToldStatistics {
  readonly mean: Tensor;
  /** 1 / sqrt(variance + epsilon). */
  readonly factor: Tensor;
}

export interface GroupNormFacts {
  readonly groups: number;
  readonly epsilon: number;
}

/** Adds up sums [C,2] of channels' values and of their squares, in float64. */
export class ChannelSums {
  #totals = new Float64Array();
  #pixels = 0;

  /** `pixels`: how many of each channel were counted. */
  add({ data }: Tensor, pixels: number): void {
    if (this.#pixels === 0) this.#totals = new Float64Array(data.length);
    this.#pixels += pixels;
    data.forEach((value, i) => {
      this.#totals[i] += value;
    });
  }

  /** Over the channels of each group and all pixels added (Wu & He 2018). */
  told({ groups, epsilon }: GroupNormFacts): ToldStatistics {
    const totals = this.#totals;
    const perGroup = totals.length / groups;
    const values = (perGroup / 2) * this.#pixels;
    const mean = new Float32Array(groups);
    const factor = new Float32Array(groups);
    for (let group = 0; group < groups; group++) {
      let [sum, squares] = [0, 0];
      for (let i = group * perGroup; i < (group + 1) * perGroup; i += 2) {
        sum += totals[i];
        squares += totals[i + 1];
      }
      const middle = sum / values;
      mean[group] = middle;
      factor[group] = 1 / Math.sqrt(Math.max(0, squares / values - middle * middle) + epsilon);
    }
    const shape = [1, groups, 1];
    return { mean: tensor(mean, shape), factor: tensor(factor, shape) };
  }
}
