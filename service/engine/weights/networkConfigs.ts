/**
 * A network's configuration from its tensor shapes. What shapes cannot say (heads, groups, scale) is
 * what the published models of the first family use; a diffusers folder's config.json replaces it.
 */
import { PentimentoError } from '../../../shared/errors.ts';
import { countTensors, type TensorSource } from './tensorSource.ts';
import type { ClipTextConfig, ControlNetConfig, UNetConfig, VaeConfig } from './types.ts';

/** SD 1 and 2; a VAE's shapes do not tell it from SDXL's. */
const scalingFactor = 0.18215;
const normGroups = 32;
/** CLIP's text models and everything after SD 1 use heads of 64 channels. */
const headWidth = 64;

function axis(source: TensorSource, name: string, index: number): number {
  return source(name)?.shape[index] ?? 0;
}

export function unetConfigFromShapes(source: TensorSource): UNetConfig {
  const has = (name: string): boolean => source(name) !== undefined;
  const first = (level: number): string => `down_blocks.${level}.resnets.0.conv1.weight`;
  const depthOf = (path: string): number =>
    countTensors(has, (k) => `${path}.transformer_blocks.${k}.norm1.weight`);
  const levels = countTensors(has, first);
  checkCounts('UNet', { levels });
  const blockOutChannels = Array.from({ length: levels }, (_, i) => axis(source, first(i), 0));
  const transformerDepth = blockOutChannels.map((_, i) => depthOf(`down_blocks.${i}.attentions.0`));
  const attended = transformerDepth.findIndex((depth) => depth > 0);
  const context = attended < 0 ? 'mid_block.attentions.0' : `down_blocks.${attended}.attentions.0`;
  const linearProjection = source(`${context}.proj_in.weight`)?.shape.length === 2;
  const layersPerBlock = countTensors(has, (j) => `down_blocks.0.resnets.${j}.conv1.weight`);
  const midTransformerDepth = depthOf('mid_block.attentions.0');
  const addedWidth = axis(source, 'add_embedding.linear_1.weight', 1);
  // Only what lacks its middle on purpose may lack other parts, too.
  const isCutDown = !has('mid_block.resnets.0.conv1.weight') && has('conv_out.weight');
  const ownDepths = isCutDown ? ownDepthsOf(depthOf, levels, layersPerBlock) : undefined;
  checkCounts('UNet', {
    levels,
    layersPerBlock,
    transformerDepth: Math.max(
      midTransformerDepth,
      ...transformerDepth,
      ...Object.values(ownDepths ?? {}),
    ),
  });
  return {
    inChannels: axis(source, 'conv_in.weight', 1),
    outChannels: axis(source, 'conv_out.weight', 0),
    blockOutChannels,
    layersPerBlock,
    transformerDepth,
    midTransformerDepth,
    ...(ownDepths ? { ownDepths } : {}),
    crossAttentionDim: axis(source, `${context}.transformer_blocks.0.attn2.to_k.weight`, 1),
    // SD 1 has 8 heads at every level and projects by 1x1 convolution; later models do neither.
    heads: blockOutChannels.map((width) => (linearProjection ? width / headWidth : 8)),
    linearProjection,
    normGroups,
    normEps: 1e-5,
    addedWidth,
    // What has linear projections and no further conditions is SD 2.
    exactAttention: linearProjection && addedWidth === 0,
  };
}

/** The depth of every attention, by its path. */
function ownDepthsOf(
  depthOf: (path: string) => number,
  levels: number,
  layers: number,
): Record<string, number> {
  const bounded = Math.min(levels, most.levels);
  const paths = (block: string, count: number) =>
    Array.from({ length: bounded }, (_, i) =>
      Array.from(
        { length: Math.min(count, most.layersPerBlock) },
        (_unused, j) => `${block}.${i}.attentions.${j}`,
      ),
    ).flat();
  const all = [...paths('down_blocks', layers), ...paths('up_blocks', layers + 1)];
  return Object.fromEntries(all.map((path) => [path, depthOf(path)]));
}

export function controlNetConfigFromShapes(source: TensorSource): ControlNetConfig {
  const hint = 'controlnet_cond_embedding';
  const block = (i: number): string => `${hint}.blocks.${i}.weight`;
  const pairs = countTensors(
    (name) => source(name) !== undefined,
    (i) => block(2 * i),
  );
  checkCounts('ControlNet', { levels: pairs });
  const first = axis(source, `${hint}.conv_in.weight`, 0);
  return {
    trunk: unetConfigFromShapes(source),
    hintChannels: axis(source, `${hint}.conv_in.weight`, 1),
    hintWidths: [
      first,
      ...Array.from({ length: pairs }, (_, i) => axis(source, block(2 * i + 1), 0)),
    ],
  };
}

export function vaeConfigFromShapes(source: TensorSource): VaeConfig {
  const has = (name: string): boolean => source(name) !== undefined;
  const first = (level: number): string => `encoder.down_blocks.${level}.resnets.0.conv1.weight`;
  const levels = countTensors(has, first);
  const layersPerBlock = countTensors(
    has,
    (j) => `encoder.down_blocks.0.resnets.${j}.conv1.weight`,
  );
  checkCounts('VAE', { levels, layersPerBlock });
  return {
    blockOutChannels: Array.from({ length: levels }, (_, i) => axis(source, first(i), 0)),
    layersPerBlock,
    latentChannels: axis(source, 'decoder.conv_in.weight', 1),
    normGroups,
    scalingFactor,
  };
}

export function clipTextConfigFromShapes(source: TensorSource): ClipTextConfig {
  const token = 'text_model.embeddings.token_embedding.weight';
  const layer = (i: number): string => `text_model.encoder.layers.${i}`;
  const hiddenSize = axis(source, token, 1);
  const layers = countTensors(
    (name) => source(name) !== undefined,
    (i) => `${layer(i)}.layer_norm1.weight`,
  );
  checkCounts('text encoder', { textLayers: layers });
  const projection = source('text_projection.weight');
  return {
    hiddenSize,
    intermediateSize: axis(source, `${layer(0)}.mlp.fc1.weight`, 0),
    layers,
    heads: Math.max(1, hiddenSize / headWidth),
    activation: 'quick_gelu',
    vocabSize: axis(source, token, 0),
    maxPositions: axis(source, 'text_model.embeddings.position_embedding.weight', 0),
    ...(projection ? { projection: { width: projection.shape[0], inFirst: false } } : {}),
  };
}

/** More than any model has; without a bound a header could ask for millions of layers. */
const most = { levels: 8, layersPerBlock: 8, transformerDepth: 48, textLayers: 96 } as const;

/** Throws E_MODEL_DAMAGED when a count that was read from names is beyond any real model's. */
function checkCounts(
  component: string,
  counts: Readonly<Partial<Record<keyof typeof most, number>>>,
): void {
  for (const [name, limit] of Object.entries(most)) {
    const count = counts[name as keyof typeof most] ?? 0;
    if (count > limit) {
      throw new PentimentoError(
        'E_MODEL_DAMAGED',
        `The ${component} names ${count} layers where ${limit} are the most.`,
      );
    }
  }
}

/** Throws E_MODEL_DAMAGED when a width cannot be split into that many groups or heads. */
export function checkDivisible(
  component: string,
  widths: readonly number[],
  parts: readonly number[],
): void {
  widths.forEach((width, i) => {
    const count = parts[i % parts.length];
    if (!Number.isInteger(count) || count < 1 || width < 1 || width % count !== 0) {
      throw new PentimentoError(
        'E_MODEL_DAMAGED',
        `The ${component} has ${width} channels, which cannot be split into ${count} parts.`,
      );
    }
  });
}

/** Throws E_MODEL_DAMAGED unless the UNet's levels can be split into its heads and groups. */
export function checkUnetConfig(config: UNetConfig): void {
  if (config.heads.length !== config.blockOutChannels.length) {
    throw new PentimentoError(
      'E_MODEL_DAMAGED',
      'The UNet names another number of levels than it has.',
    );
  }
  checkDivisible('UNet', config.blockOutChannels, [config.normGroups]);
  const attended = config.blockOutChannels.flatMap((width, i) =>
    config.transformerDepth[i] > 0 || i === config.blockOutChannels.length - 1
      ? [[width, config.heads[i]]]
      : [],
  );
  for (const [width, heads] of attended) checkDivisible('UNet', [width], [heads]);
}
