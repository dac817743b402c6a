import { describe, expect, it } from 'vitest';
import { clipTextGraph } from '../../../service/engine/graph/clipText.ts';
import { controlNetGraph } from '../../../service/engine/graph/controlNet.ts';
import type { Graph, Weight } from '../../../service/engine/graph/ir.ts';
import { fused } from '../../../service/engine/graph/lower/fused.ts';
import { lowerGraph } from '../../../service/engine/graph/lower/lowering.ts';
import { timestepEmbedding } from '../../../service/engine/graph/timestepEmbedding.ts';
import { unetGraph } from '../../../service/engine/graph/unet.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from '../../../service/engine/graph/vae.ts';
import { sizeOfShape } from '../../../service/engine/tensor.ts';
import { collectWeights } from '../../../service/engine/weights/collectWeights.ts';
import { detectModel } from '../../../service/engine/weights/detectModel.ts';
import { builtFamily, familyFacts } from '../../../service/engine/weights/families.ts';
import {
  controlNetConfigFromShapes,
  unetConfigFromShapes,
} from '../../../service/engine/weights/networkConfigs.ts';
import {
  clipTextShapes,
  controlNetShapes,
  unetShapes,
  vaeShapes,
  type NetworkShapes,
} from '../../../service/engine/weights/networkShapes.ts';
import { openTextEncoder } from '../../../service/engine/weights/openTextEncoder.ts';
import { controlNetSource, unetSource } from '../../../service/engine/weights/tensorSource.ts';
import type {
  BuiltFamily,
  NetworkWeights,
  StoredTensor,
} from '../../../service/engine/weights/types.ts';
import { manifestPath, manifestRow, readManifest } from '../../fixtures/manifest.ts';
import { smallUNet } from './syntheticNetwork.ts';
import { processorMs } from '../../fixtures/processorMs.ts';

/** Weights that lie nowhere: enough to write a graph. */
function unwritten(shapes: NetworkShapes): Map<string, StoredTensor> {
  return new Map(
    [...shapes].map(([name, shape]) => [
      name,
      { file: '/nowhere', dtype: 'F32', shape, begin: 0, end: 4 * sizeOfShape(shape) },
    ]),
  );
}

/** A manifest's tensors, lying nowhere. */
function manifestTensors(name: string): Map<string, StoredTensor> {
  const rows = Object.entries(readManifest(manifestPath(name)).tensors);
  return unwritten(new Map(rows.map(([key, row]) => [key, manifestRow(row).shape])));
}

function detectFamily(tensors: Map<string, StoredTensor>): BuiltFamily {
  const family = builtFamily(detectModel({ tensors, metadata: new Map() }).family);
  if (!family) throw new Error('Expected a family that is built');
  return family;
}

function parameters(...graphs: readonly Graph[]): number {
  const weights = new Map<string, number>();
  for (const { steps } of graphs) {
    for (const step of steps) {
      const named = Object.values(step).filter(
        (part: unknown): part is Weight =>
          typeof part === 'object' && part !== null && 'stored' in part,
      );
      for (const { name, shape } of named) weights.set(name, sizeOfShape(shape));
    }
  }
  return [...weights.values()].reduce((sum, size) => sum + size, 0);
}

const sd15 = {
  inChannels: 4,
  outChannels: 4,
  blockOutChannels: [320, 640, 1280, 1280],
  layersPerBlock: 2,
  transformerDepth: [1, 1, 1, 0],
  midTransformerDepth: 1,
  crossAttentionDim: 768,
  heads: [8, 8, 8, 8],
  linearProjection: false,
  normGroups: 32,
  normEps: 1e-5,
  addedWidth: 0,
  exactAttention: false,
};
const sd15Vae = {
  blockOutChannels: [128, 256, 512, 512],
  layersPerBlock: 2,
  latentChannels: 4,
  normGroups: 32,
  scalingFactor: 0.18215,
};
const sd15Text = {
  hiddenSize: 768,
  intermediateSize: 3072,
  layers: 12,
  heads: 12,
  activation: 'quick_gelu',
  vocabSize: 49_408,
  maxPositions: 77,
} as const;
const wholeText = { batch: 1, layersLeftOut: 0, normed: true };
const size = { batch: 1, height: 64, width: 64, tokens: 77, oddSizes: 'webui' } as const;

// Published totals of Stable Diffusion 1.5.
describe('the graphs of Stable Diffusion 1.5', () => {
  it('use the published number of parameters', () => {
    const unet = unwritten(unetShapes(sd15));
    expect(parameters(unetGraph(unet, sd15, size))).toBe(859_520_964);
    const vae = unwritten(vaeShapes(sd15Vae));
    const halves = [vaeEncoderGraph, vaeDecoderGraph].map((build) => build(vae, sd15Vae, size));
    expect(parameters(...halves)).toBe(83_653_863);
    const text = unwritten(clipTextShapes(sd15Text));
    expect(parameters(clipTextGraph(text, sd15Text, wholeText))).toBe(123_060_480);
  });

  it('are written in a moment and stay small', async () => {
    const weights = unwritten(unetShapes(sd15));
    let bytes: Uint8Array = new Uint8Array();
    const ms = await processorMs(() => {
      ({ bytes } = lowerGraph(unetGraph(weights, sd15, size), fused, 'float32'));
    });
    expect(ms).toBeLessThan(2000);
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.length).toBeLessThan(500_000);
  });
});

// Published totals; the configurations are read from the names and shapes of the published single files.
describe.each([
  { name: 'sd21v', unet: 865_910_724, texts: [340_387_840] },
  { name: 'sdxl', unet: 2_567_463_684, texts: [123_060_480, 694_659_840] },
  { name: 'sdxl-refiner', unet: 2_259_526_660, texts: [694_659_840] },
])('the graphs of $name', ({ name, unet, texts }) => {
  it('use the published number of parameters', () => {
    const tensors = manifestTensors(`real/${name}/single.json`);
    const source = unetSource(tensors);
    if (!source) throw new Error('Expected a UNet');
    const config = unetConfigFromShapes(source);
    const weights = collectWeights('UNet', source, unetShapes(config));
    expect(parameters(unetGraph(weights, config, size))).toBe(unet);

    const { textEncoders } = familyFacts[detectFamily(tensors)];
    // Whole encoders: the graph of a penultimate state leaves the last layer out unless it is pooled.
    const counts = textEncoders.map((place) => {
      const opened = openTextEncoder({ tensors }, place);
      return parameters(clipTextGraph(opened.weights, opened.config, wholeText));
    });
    expect(counts).toEqual(texts);
  });
});

describe('the graph of a ControlNet', () => {
  it.each([
    ['sd15-controlnet', 361_279_120],
    ['sdxl-controlnet', 1_251_014_160],
  ])('of %s uses the published number of parameters', (name, total) => {
    const source = controlNetSource(manifestTensors(`real/${name}/controlnet.json`));
    if (!source) throw new Error('Expected a ControlNet');
    const config = controlNetConfigFromShapes(source);
    const weights = collectWeights('ControlNet', source, controlNetShapes(config));
    expect(parameters(controlNetGraph(weights, config, size))).toBe(total);
  });
});

describe('a network whose weights do not fit', () => {
  const build = (weights: NetworkWeights): Graph => unetGraph(weights, smallUNet, size);

  it('names the tensor that is missing', () => {
    const weights = unwritten(unetShapes(smallUNet));
    weights.delete('mid_block.attentions.0.proj_in.weight');
    expect(() => build(weights)).toThrow(
      expect.objectContaining({
        code: 'E_MODEL_MISSING_PART',
        detail: expect.stringContaining('mid_block.attentions.0.proj_in.weight'),
      }),
    );
  });

  it('names the tensor of another shape', () => {
    const weights = unwritten(unetShapes(smallUNet));
    const stored = weights.get('conv_in.weight');
    if (stored) weights.set('conv_in.weight', { ...stored, shape: [16, 9, 3, 3] });
    expect(() => build(weights)).toThrow(
      expect.objectContaining({
        code: 'E_MODEL_DAMAGED',
        detail: expect.stringContaining('[16,9,3,3]'),
      }),
    );
  });
});

describe('timestepEmbedding', () => {
  it('holds cosines, then sines, of falling frequencies', () => {
    const embedding = timestepEmbedding(Float32Array.of(0, 501.75), 4);
    const slow = 501.75 / 100;
    const expected = [
      1,
      1,
      0,
      0,
      Math.cos(501.75),
      Math.cos(slow),
      Math.sin(501.75),
      Math.sin(slow),
    ];
    expected.forEach((value, i) => expect(embedding[i]).toBeCloseTo(value, 5));
  });
});
