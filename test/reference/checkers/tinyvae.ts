/** The tiny autoencoder, either way. Its reference speaks -1..1, the network itself 0..1. */
import { tinyVaeDecoderGraph, tinyVaeEncoderGraph } from '../../../service/engine/graph/tinyVae.ts';
import { tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { collectWeights } from '../../../service/engine/weights/collectWeights.ts';
import { taesdShapes } from '../../../service/engine/weights/networkShapes.ts';
import { taesdSource, type Tensors } from '../../../service/engine/weights/tensorSource.ts';
import type { NetworkWeights } from '../../../service/engine/weights/types.ts';
import type { Checker } from '../case.ts';
import { realTensor, runGraph, withCaseComponent } from '../runComponent.ts';

export const check: Checker = (c) =>
  withCaseComponent(c, async ({ tensors }) => {
    if (c.input['picture'] === undefined) {
      const latents = realTensor(c, c.input['latents']);
      const graph = tinyVaeDecoderGraph(halfOf(tensors, 'decoder'), sizeOf(latents));
      const { picture } = await runGraph(graph, { latents });
      return { picture: picture.data.map((value) => 2 * value - 1) };
    }
    const signed = realTensor(c, c.input['picture']);
    const picture = tensor(
      signed.data.map((value) => (value + 1) / 2),
      signed.shape,
    );
    const graph = tinyVaeEncoderGraph(halfOf(tensors, 'encoder'), sizeOf(picture));
    const { latents } = await runGraph(graph, { picture });
    return { latents };
  });

function halfOf(tensors: Tensors, half: 'decoder' | 'encoder'): NetworkWeights {
  const source = taesdSource(tensors, half);
  if (!source) throw new Error(`Expected the tensors of a TAESD ${half}`);
  return collectWeights(`TAESD ${half}`, source, taesdShapes(half));
}

function sizeOf({ shape }: Tensor): { batch: number; height: number; width: number } {
  return { batch: shape[0], height: shape[2], width: shape[3] };
}
