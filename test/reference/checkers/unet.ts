/** One UNet evaluation. */
import type { OddSizes } from '../../../service/engine/diffusion.ts';
import { timestepEmbedding } from '../../../service/engine/graph/timestepEmbedding.ts';
import { unetGraph } from '../../../service/engine/graph/unet.ts';
import { tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { collectWeights } from '../../../service/engine/weights/collectWeights.ts';
import { withUnetJson } from '../../../service/engine/weights/diffusersConfig.ts';
import { unetConfigFromShapes } from '../../../service/engine/weights/networkConfigs.ts';
import { unetShapes } from '../../../service/engine/weights/networkShapes.ts';
import { unetSource } from '../../../service/engine/weights/tensorSource.ts';
import type { NetworkWeights, UNetConfig } from '../../../service/engine/weights/types.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';
import { realTensor, runGraph, withCaseComponent, type Component } from '../runComponent.ts';

export const check: Checker = (c) => {
  if (c.input['time_ids'] !== undefined) throw new Unsupported('the conditions of SDXL');
  return withCaseComponent(c, async (component) => {
    const { config, weights } = openUnet(component);
    const latents = joinChannels(
      ['latents', 'mask', 'masked_latents', 'image_latents']
        .filter((name) => c.input[name] !== undefined)
        .map((name) => realTensor(c, c.input[name])),
    );
    const context = realTensor(c, c.input['context']);
    const [batch, , height, width] = latents.shape;
    const size = { batch, height, width, tokens: context.shape[1], oddSizes: oddSizesOf(c) };
    const sinusoids = config.blockOutChannels[0];
    const timesteps = Float32Array.from(c.input['timesteps'] as number[]);
    const time = tensor(timestepEmbedding(timesteps, sinusoids), [batch, sinusoids]);
    const graph = unetGraph(weights, config, size);
    const { prediction } = await runGraph(graph, { latents, time, context });
    return { sample: prediction };
  });
};

function openUnet({ tensors, json }: Component): { config: UNetConfig; weights: NetworkWeights } {
  const source = unetSource(tensors);
  if (!source) throw new Error('Expected the tensors of a UNet');
  const { config } = withUnetJson(unetConfigFromShapes(source), json);
  return { config, weights: collectWeights('UNet', source, unetShapes(config)) };
}

function oddSizesOf(c: Case): OddSizes {
  return c.input['odd_sizes'] === 'webui' ? 'webui' : 'diffusers';
}

/** [B,C1,h,w], [B,C2,h,w], ... to [B,C1+C2+...,h,w]. */
function joinChannels(parts: readonly Tensor[]): Tensor {
  const [batch, , height, width] = parts[0].shape;
  const channels = parts.reduce((sum, { shape }) => sum + shape[1], 0);
  const joined = new Float32Array(batch * channels * height * width);
  let at = 0;
  for (let item = 0; item < batch; item++) {
    for (const { data } of parts) {
      const size = data.length / batch;
      joined.set(data.subarray(item * size, (item + 1) * size), at);
      at += size;
    }
  }
  return tensor(joined, [batch, channels, height, width]);
}
