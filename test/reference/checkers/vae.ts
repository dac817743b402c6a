/** The autoencoder, either way. */
import { vaeDecoderGraph, vaeEncoderGraph } from '../../../service/engine/graph/vae.ts';
import { tensor } from '../../../service/engine/tensor.ts';
import { collectWeights } from '../../../service/engine/weights/collectWeights.ts';
import { withVaeJson } from '../../../service/engine/weights/diffusersConfig.ts';
import { vaeConfigFromShapes } from '../../../service/engine/weights/networkConfigs.ts';
import { vaeShapes } from '../../../service/engine/weights/networkShapes.ts';
import { vaeSource } from '../../../service/engine/weights/tensorSource.ts';
import type { NetworkWeights, VaeConfig } from '../../../service/engine/weights/types.ts';
import type { Case, Checker } from '../case.ts';
import { realTensor, runGraph, withCaseComponent, type Component } from '../runComponent.ts';

export const check: Checker = (c) =>
  withCaseComponent(c, (component) => {
    const vae = openVae(component);
    return c.input['picture'] === undefined ? decode(c, vae) : encode(c, vae);
  });

interface Vae {
  readonly config: VaeConfig;
  readonly weights: NetworkWeights;
}

function openVae({ tensors, json }: Component): Vae {
  const source = vaeSource(tensors);
  if (!source) throw new Error('Expected the tensors of a VAE');
  const config = withVaeJson(vaeConfigFromShapes(source), json);
  return { config, weights: collectWeights('VAE', source, vaeShapes(config)) };
}

async function encode(c: Case, { config, weights }: Vae): Promise<Record<string, unknown>> {
  const picture = realTensor(c, c.input['picture']);
  const noise = realTensor(c, c.input['noise']);
  const scale = Number(c.input['scaling_factor']);
  const [batch, , height, width] = picture.shape;
  const graph = vaeEncoderGraph(weights, config, { batch, height, width });
  const { mean, logVariance } = await runGraph(graph, { picture });
  return {
    mean,
    logvar: logVariance,
    scaled_mean: mean.data.map((value) => value * scale),
    scaled_sample: mean.data.map(
      (value, i) => (value + Math.exp(logVariance.data[i] / 2) * noise.data[i]) * scale,
    ),
  };
}

async function decode(c: Case, { config, weights }: Vae): Promise<Record<string, unknown>> {
  const scaled = realTensor(c, c.input['latents']);
  const scale = Number(c.input['scaling_factor']);
  const [batch, , height, width] = scaled.shape;
  const graph = vaeDecoderGraph(weights, config, { batch, height, width });
  const latents = tensor(
    scaled.data.map((value) => value / scale),
    scaled.shape,
  );
  const { picture } = await runGraph(graph, { latents });
  return { picture };
}
