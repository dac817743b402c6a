/** Whether a Stable Diffusion 2 file predicts noise or velocity, where its header does not say. */
import { readFile, stat } from 'node:fs/promises';
import { readValues } from './readValues.ts';
import type { NetworkWeights } from './types.ts';

type Prediction = 'epsilon' | 'v';

const maxYamlBytes = 256 * 1024;

/**
 * What the configuration beside a file says (`model.yaml`, as the first models were published with it):
 * `parameterization: "v"`, or nothing about it for noise. Undefined when there is no such file.
 */
export async function predictionBeside(path: string): Promise<Prediction | undefined> {
  const beside = path.replace(/\.[^./\\]+$/, '.yaml');
  const info = await stat(beside).catch(() => undefined);
  if (beside === path || !info?.isFile() || info.size > maxYamlBytes) return undefined;
  const text = await readFile(beside, 'utf8').catch(() => '');
  if (!/^\s*params\s*:/m.test(text)) return undefined;
  return /^\s*parameterization\s*:\s*["']?v["']?\s*$/m.test(text) ? 'v' : 'epsilon';
}

const tellingTensor = 'up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias';
/** Between the two published models and everything trained from them (ComfyUI: supported_models.py). */
const spreadOfVelocity = 0.09;

/** From the weights: the biases before the last self-attention spread wider in models of velocity. */
export async function predictionOfWeights(unet: NetworkWeights): Promise<Prediction> {
  const stored = unet.get(tellingTensor);
  if (!stored) return 'epsilon';
  const [values] = await readValues([stored]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(variance) > spreadOfVelocity ? 'v' : 'epsilon';
}
