/** The fused lowerings against the oracle of plain operators, on small networks of every kind. */
import { parse } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipTextGraph } from '../../../service/engine/graph/clipText.ts';
import { controlNetGraph } from '../../../service/engine/graph/controlNet.ts';
import type { Graph } from '../../../service/engine/graph/ir.ts';
import { cpu } from '../../../service/engine/graph/lower/cpu.ts';
import { fused } from '../../../service/engine/graph/lower/fused.ts';
import { lowerGraph } from '../../../service/engine/graph/lower/lowering.ts';
import { plain } from '../../../service/engine/graph/lower/plain.ts';
import { tinyVaeDecoderGraph, tinyVaeEncoderGraph } from '../../../service/engine/graph/tinyVae.ts';
import { unetGraph } from '../../../service/engine/graph/unet.ts';
import { upscalerGraph } from '../../../service/engine/graph/upscaler.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from '../../../service/engine/graph/vae.ts';
import { loadNetwork } from '../../../service/engine/runtime/network.ts';
import {
  clipTextShapes,
  controlNetShapes,
  taesdShapes,
  unetShapes,
  upscalerShapes,
  vaeShapes,
} from '../../../service/engine/weights/networkShapes.ts';
import type { ClipTextConfig, NetworkWeights } from '../../../service/engine/weights/types.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { runGraph } from '../../reference/runComponent.ts';
import { everyStepGraph, everyStepShapes } from './everyStep.ts';
import { feedsOf, relativeError, smallUNet, writeNetwork } from './syntheticNetwork.ts';

const folder = temporaryFolder();
const vae = {
  blockOutChannels: [16, 32],
  layersPerBlock: 1,
  latentChannels: 4,
  normGroups: 4,
  scalingFactor: 0.18215,
};
const text: ClipTextConfig = {
  hiddenSize: 32,
  intermediateSize: 64,
  layers: 3,
  heads: 2,
  activation: 'quick_gelu',
  vocabSize: 50,
  maxPositions: 11,
};

const pooledText: ClipTextConfig = { ...text, projection: { width: 20, inFirst: true } };
const larger = { ...smallUNet, addedWidth: 40 };
const control = { trunk: larger, hintChannels: 3, hintWidths: [4, 6, 8, 10] };
const esrgan = {
  kind: 'esrgan',
  blocks: 1,
  features: 8,
  growth: 4,
  folding: 2,
  doublings: 2,
  scale: 2,
} as const;
const compact = { kind: 'compact', convolutions: 2, features: 12, scale: 3 } as const;

let weights: NetworkWeights;
beforeAll(async () => {
  const shapes = [
    unetShapes(larger),
    controlNetShapes(control),
    vaeShapes(vae),
    clipTextShapes(pooledText),
    upscalerShapes(esrgan),
    upscalerShapes(compact),
    taesdShapes('decoder'),
    taesdShapes('encoder'),
    everyStepShapes,
  ];
  weights = await writeNetwork(folder, new Map(shapes.flatMap((part) => [...part])));
});

const unetSize = { batch: 1, height: 6, width: 8, tokens: 9 };
const picture = { batch: 2, height: 6, width: 10 };
const graphs: Record<string, () => Graph> = {
  'every step': () => everyStepGraph(weights),
  UNet: () => unetGraph(weights, smallUNet, { ...unetSize, batch: 2, oddSizes: 'webui' }),
  'UNet with linear projections': () =>
    unetGraph(
      weights,
      { ...smallUNet, linearProjection: true, exactAttention: true },
      { ...unetSize, oddSizes: 'webui' },
    ),
  'UNet of odd sizes': () =>
    unetGraph(weights, smallUNet, { ...unetSize, height: 5, width: 7, oddSizes: 'webui' }),
  'UNet of odd sizes, the way of diffusers': () =>
    unetGraph(weights, smallUNet, { ...unetSize, height: 5, width: 7, oddSizes: 'diffusers' }),
  'VAE encoder': () => vaeEncoderGraph(weights, vae, picture),
  'VAE decoder': () => vaeDecoderGraph(weights, vae, picture),
  'text encoder': () => clipTextGraph(weights, text, { batch: 2, layersLeftOut: 2, normed: true }),
  'text encoder with exact GELU': () =>
    clipTextGraph(
      weights,
      { ...text, activation: 'gelu' },
      { batch: 1, layersLeftOut: 1, normed: true },
    ),
  'text encoder with a pooled answer': () =>
    clipTextGraph(weights, pooledText, { batch: 1, layersLeftOut: 1, normed: false }),
  'text encoder of embedded tokens': () =>
    clipTextGraph(weights, text, { batch: 1, layersLeftOut: 0, normed: true, embedded: true }),
  'UNet with further conditions, controlled': () =>
    unetGraph(weights, larger, { ...unetSize, oddSizes: 'diffusers', controlled: true }),
  ControlNet: () => controlNetGraph(weights, control, unetSize),
  'tiny decoder': () => tinyVaeDecoderGraph(weights, picture),
  ESRGAN: () => upscalerGraph(weights, esrgan, picture),
  'compact upscaler': () => upscalerGraph(weights, compact, picture),
  'tiny encoder': () => tinyVaeEncoderGraph(weights, { ...picture, height: 16, width: 24 }),
};

describe('the fused lowerings', () => {
  it.each(Object.entries(graphs))('give the answers of the plain one: %s', async (_, build) => {
    const graph = build();
    const feeds = feedsOf(graph);
    const expected = await runGraph(graph, feeds, plain);
    for (const lowering of [fused, cpu]) {
      const found = await runGraph(graph, feeds, lowering);
      expect(Object.keys(found)).toEqual([...graph.outputs.keys()]);
      for (const [name, value] of Object.entries(expected)) {
        expect(found[name].shape).toEqual(graph.outputs.get(name)?.shape);
        expect(relativeError(found[name].data, value.data)).toBeLessThan(2e-5);
      }
    }
  });

  it('differs between the two ways of odd sizes', async () => {
    const [webui, diffusers] = [
      graphs['UNet of odd sizes'](),
      graphs['UNet of odd sizes, the way of diffusers'](),
    ];
    const feeds = feedsOf(webui);
    const a = await runGraph(webui, feeds);
    const b = await runGraph(diffusers, feeds);
    expect(relativeError(a['prediction'].data, b['prediction'].data)).toBeGreaterThan(0.01);
  });
});

describe('the float16 lowering', () => {
  it.each(['every step', 'UNet', 'UNet with linear projections', 'text encoder'])(
    'is close to float32: %s',
    async (name) => {
      const graph = graphs[name]();
      const feeds = feedsOf(graph);
      const expected = await runGraph(graph, feeds, plain);
      for (const lowering of [plain, fused]) {
        // The CPU has no float16 kernels: onnxruntime computes them in float32, between roundings.
        const { bytes, root } = lowerGraph(graph, lowering, 'float16');
        const network = await loadNetwork(bytes, { device: 'cpu', root });
        const found = await network.run(feeds);
        await network.dispose();
        for (const [output, { data }] of Object.entries(expected)) {
          const error = relativeError(found[output].data, data);
          expect(error).toBeGreaterThan(0);
          expect(error).toBeLessThan(2e-2);
        }
      }
    },
  );
});

describe('float16 weights on the CPU', () => {
  it('give the answer of float32 ones with the same values', async () => {
    const half = await writeNetwork(folder, unetShapes(smallUNet), 'F16');
    const size = { ...unetSize, oddSizes: 'webui' } as const;
    const whole = unetGraph(weights, smallUNet, size);
    const feeds = feedsOf(whole);
    const found = await runGraph(unetGraph(half, smallUNet, size), feeds);
    const expected = await runGraph(whole, feeds);
    expect(found['prediction'].data).toEqual(expected['prediction'].data);
  });
});

describe('the graph of every step', () => {
  it('holds each kind that a lowering knows', () => {
    const kinds = new Set(graphs['every step']().steps.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(Object.keys(plain).toSorted());
  });
});

describe('a lowered graph', () => {
  it('holds no weights, only where they lie', () => {
    const { bytes, files, root } = lowerGraph(graphs['UNet'](), fused, 'float32');
    const stored = [...weights.values()].reduce((sum, { begin, end }) => sum + end - begin, 0);
    expect(bytes.length).toBeLessThan(stored / 4);
    const [{ file }] = weights.values();
    expect(files).toEqual([file]);
    expect(root).toBe(parse(file).root);
  });
});
