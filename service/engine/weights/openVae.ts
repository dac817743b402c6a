import { PentimentoError } from '../../../shared/errors.ts';
import { collectWeights } from './collectWeights.ts';
import { withVaeJson } from './diffusersConfig.ts';
import { checkDivisible, vaeConfigFromShapes } from './networkConfigs.ts';
import { vaeShapes } from './networkShapes.ts';
import { vaeSource, type Tensors, type TensorSource } from './tensorSource.ts';
import type { OpenedCheckpoint } from './types.ts';

/** The tensors of a part and what config.json says of it; `json` is undefined for a single file. */
export interface Part {
  readonly tensors: Tensors;
  readonly json?: unknown;
}

/** Throws E_MODEL_MISSING_PART, which names the part. */
export function needPart(source: TensorSource | undefined, part: string): TensorSource {
  if (!source)
    throw new PentimentoError('E_MODEL_MISSING_PART', `The ${part} is not in this model.`);
  return source;
}

/**
 * The VAE among some tensors. `scalingFactor` is the family's, where no configuration tells it.
 * Throws E_MODEL_MISSING_PART, E_MODEL_DAMAGED or E_MODEL_FAMILY (latents of other than 4 channels).
 */
export function openVae(part: Part, scalingFactor: number): OpenedCheckpoint['vae'] {
  const source = needPart(vaeSource(part.tensors), 'VAE');
  const shapes = { ...vaeConfigFromShapes(source), scalingFactor };
  const config = part.json === undefined ? shapes : withVaeJson(shapes, part.json);
  const weights = collectWeights('VAE', source, vaeShapes(config));
  if (config.latentChannels !== 4) {
    throw new PentimentoError(
      'E_MODEL_FAMILY',
      `The VAE has ${config.latentChannels} latent channels.`,
    );
  }
  checkDivisible('VAE', config.blockOutChannels, [config.normGroups]);
  return { config, weights };
}
