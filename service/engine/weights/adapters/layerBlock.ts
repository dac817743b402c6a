/** The blocks of a model, which a LoRA may count with different strengths. */
import { originalUnetNames } from '../originalNames.ts';
import type { AdaptedNetwork } from './layerSpellings.ts';

const [firstInput, middle, firstOutput] = [1, 13, 14];

/**
 * The place of a layer among 26 blocks (the text encoders, 12 on the way in, the middle, 12 on the way
 * out), undefined for the few layers of a UNet outside them. `path`: the
 * module; `layers`: residual layers per block of a UNet. Blocks are those of the original layout, whose
 * numbers the sd-webui-lora-block-weight extension uses.
 */
export function layerBlock(
  network: AdaptedNetwork,
  path: string,
  layers: number,
): number | undefined {
  if (network !== 'unet') return 0;
  const [original = ''] = originalUnetNames(`${path}.weight`, layers);
  if (original.startsWith('middle_block.')) return middle;
  const found = /^(input|output)_blocks\.(\d+)\./.exec(original);
  if (!found) return undefined;
  return (found[1] === 'input' ? firstInput : firstOutput) + Number(found[2]);
}
