/** A small VAE with synthetic weights, and pictures whose parts have nothing in common. */
import { abilitiesOf } from '../../../service/engine/networks/deviceAbilities.ts';
import type { PartContext } from '../../../service/engine/networks/networkPart.ts';
import { chooseDevice } from '../../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { vaeShapes } from '../../../service/engine/weights/networkShapes.ts';
import type { OpenedCheckpoint } from '../../../service/engine/weights/types.ts';
import { wave, writeNetwork } from '../graph/syntheticNetwork.ts';

export const smallVae = {
  blockOutChannels: [8, 16, 16],
  layersPerBlock: 1,
  latentChannels: 4,
  normGroups: 4,
  scalingFactor: 0.18215,
};

/** Writes it below `folder`. */
export async function openSmallVae(folder: string): Promise<OpenedCheckpoint['vae']> {
  return { config: smallVae, weights: await writeNetwork(folder, vaeShapes(smallVae)) };
}

/** `stages` takes what is said. */
export async function cpuContext(
  folder: string,
  stages: string[] = [],
): Promise<PartContext & { readonly onStage: (name: string) => void }> {
  const device = chooseDevice('cpu');
  const abilities = await abilitiesOf(device);
  const onStage = (name: string) => void stages.push(name);
  return { device, abilities, cacheFolder: folder, files: [], onStage };
}

/** Flat above, loud and brighter below: the parts' own statistics are far from the whole's. */
export function unevenTensor(shape: readonly number[]): Tensor {
  const [, , height, width] = shape;
  const values = wave(sizeOfShape(shape)).map((value, i) => {
    const row = Math.floor(i / width) % height;
    return row < height / 2 ? 0.1 * value - 0.8 : value + 0.7;
  });
  return tensor(values, shape);
}
