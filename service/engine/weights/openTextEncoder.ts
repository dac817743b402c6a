import { PentimentoError } from '../../../shared/errors.ts';
import { collectWeights } from './collectWeights.ts';
import { withTextJson } from './diffusersConfig.ts';
import type { TextEncoderPlace } from './families.ts';
import { checkDivisible, clipTextConfigFromShapes } from './networkConfigs.ts';
import { clipTextShapes } from './networkShapes.ts';
import { textModelAt, type Tensors, type TextModel } from './tensorSource.ts';
import type { ClipTextConfig, OpenedTextEncoder } from './types.ts';

/**
 * A family's text encoder from where it lies; `json` is its config.json in a diffusers folder. Throws
 * E_MODEL_MISSING_PART, E_MODEL_DAMAGED or E_MODEL_FAMILY (an activation that is not built).
 */
export function openTextEncoder(
  { tensors, json }: { readonly tensors: Tensors; readonly json?: unknown },
  place: TextEncoderPlace,
): OpenedTextEncoder {
  const own = json === undefined ? textModelAt(tensors, place.place) : undefined;
  const found = own ?? textModelAt(tensors, '');
  if (!found) {
    throw new PentimentoError('E_MODEL_MISSING_PART', 'The text encoder is not in this model.');
  }
  const config = withoutUnused(
    json === undefined
      ? configOf(found, place.unusedLayers)
      : withTextJson(clipTextConfigFromShapes(found.source), json),
    place,
  );
  const weights = collectWeights('text encoder', found.source, clipTextShapes(config));
  checkDivisible('text encoder', [config.hiddenSize], [config.heads]);
  return { config, weights, padId: place.padId, state: place.state };
}

/** OpenCLIP's models use the exact GELU and multiply with their projection from the right. */
function configOf({ source, layout }: TextModel, unusedLayers: number): ClipTextConfig {
  const config = clipTextConfigFromShapes(source);
  if (layout === 'transformers') return config;
  const [, width] = source('text_projection.weight')?.shape ?? [];
  return {
    ...config,
    layers: Math.max(1, config.layers - unusedLayers),
    activation: 'gelu',
    ...(width === undefined ? {} : { projection: { width, inFirst: true } }),
  };
}

/** Throws E_MODEL_MISSING_PART when the projection is needed and not there. */
function withoutUnused(
  { projection, ...config }: ClipTextConfig,
  { pooled }: TextEncoderPlace,
): ClipTextConfig {
  if (!pooled) return config;
  if (projection) return { ...config, projection };
  throw new PentimentoError('E_MODEL_MISSING_PART', 'The text encoder lacks its projection.');
}
