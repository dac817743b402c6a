/** What ControlNets answer: weighed, summed and handed to the UNet. */
import type { ControlResiduals } from '../diffusion.ts';
import type { Tensor } from '../tensor.ts';
import { itemsOf, joinBatches } from './batch.ts';

/**
 * How the residuals of the first levels, where pictures are largest, count: as the others (`none`), a
 * tenth at the top and 1 in the middle (`logarithmic`, diffusers' guess mode), or 0.825 to the power of the
 * levels below (`soft`, AUTOMATIC1111's "my prompt is more important").
 */
export type ResidualFading = 'none' | 'logarithmic' | 'soft';

/** A ControlNet's answer and how strongly it counts. */
export interface WeighedResiduals {
  readonly residuals: ControlResiduals;
  readonly strength: number;
  readonly fading: ResidualFading;
}

/** The sum of what one or more ControlNets answer. All are of one size. */
export function sumResiduals(parts: readonly WeighedResiduals[]): ControlResiduals {
  const count = parts[0].residuals.down.length;
  const sum = (pick: (residuals: ControlResiduals) => Tensor, level: number): Tensor => {
    const { shape, data } = pick(parts[0].residuals);
    const total = new Float32Array(data.length);
    for (const { residuals, strength, fading } of parts) {
      const from = pick(residuals).data;
      const weight = strength * levelShare(fading, level, count);
      for (let i = 0; i < total.length; i++) total[i] += weight * from[i];
    }
    return { data: total, shape };
  };
  return {
    down: parts[0].residuals.down.map((_, i) => sum(({ down }) => down[i], i)),
    mid: sum(({ mid }) => mid, count),
  };
}

/** SD 1 has levels 0..11 and its middle, 12; smaller networks (SDXL) take the first shares of that list. */
const deepestLevel = 12;
const softBase = 0.825;

function levelShare(fading: ResidualFading, level: number, count: number): number {
  switch (fading) {
    case 'none':
      return 1;
    case 'logarithmic':
      return 10 ** (level / count - 1);
    case 'soft':
      return softBase ** (deepestLevel - level);
  }
}

/** As inputs of a controlled UNet. */
export function residualFeeds(control: ControlResiduals | undefined): Record<string, Tensor> {
  if (!control) return {};
  return {
    ...Object.fromEntries(control.down.map((residual, i) => [`down${i}`, residual])),
    mid: control.mid,
  };
}

/** A ControlNet graph's outputs. */
export function residualsOf(outputs: Readonly<Record<string, Tensor>>): ControlResiduals {
  const count = Object.keys(outputs).length - 1;
  return {
    down: Array.from({ length: count }, (_, i) => outputs[`down${i}`]),
    mid: outputs['mid'],
  };
}

/** Views of the single items of a batch. */
export function residualItems({ down, mid }: ControlResiduals): ControlResiduals[] {
  const downItems = down.map(itemsOf);
  return itemsOf(mid).map((item, i) => ({ down: downItems.map((items) => items[i]), mid: item }));
}

/** Single items as one batch. */
export function joinResiduals(items: readonly ControlResiduals[]): ControlResiduals {
  return {
    down: items[0].down.map((_, i) => joinBatches(items.map(({ down }) => down[i]))),
    mid: joinBatches(items.map(({ mid }) => mid)),
  };
}
