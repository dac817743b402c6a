/** A whole checkpoint opened and every network of it run, each twice: what loading takes is the difference. */
import { openDiffusionModel } from '../../service/engine/networks.ts';
import type { DiffusionFacts, TextContext } from '../../service/engine/diffusion.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../service/engine/tensor.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import type { NetworkWeights, OpenedCheckpoint } from '../../service/engine/weights/types.ts';

export interface LoadedModel {
  /** Of opening the file and of every session: text encoders, UNet at 512 x 512, both halves of the VAE. */
  readonly loadSeconds: number;
  /** The same in the processor's time, which other programs do not lengthen. */
  readonly cpuSeconds: number;
  readonly stepSeconds: readonly number[];
  /** After all of it, and at most. */
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly parameters: Readonly<Record<'textEncoders' | 'unet' | 'vae', number>>;
}

interface Cost {
  readonly seconds: number;
  readonly cpu: number;
}

/** The UNet's picture, and the VAE's: its weights are the same at any size. */
const [pictureSide, vaeSide] = [512, 128];

/** `cacheFolder` holds the float32 copies: they are made the first time. */
export async function measureLoading(
  path: string,
  family: string,
  cacheFolder: string,
  steps: number,
): Promise<LoadedModel> {
  let [seconds, cpu] = [0, 0];
  const count = (cost: Cost, sign: number): void => {
    seconds += sign * cost.seconds;
    cpu += sign * cost.cpu;
  };
  const reference = { id: 'bench', name: 'bench', family };
  const opening = await costOf(() => openCheckpoint({ path, layout: 'single', reference }));
  count(opening, 1);
  const checkpoint = opening.value;
  const model = await openDiffusionModel(checkpoint, {
    device: chooseDevice('cpu'),
    cacheFolder,
    oddSizes: 'webui',
  });
  const asked = ids();
  // Two texts: equal ones are read once.
  const text = await costOf(() => model.encodeText([asked(7)], 1));
  count(text, 1);
  count(await costOf(() => model.encodeText([asked(8)], 1)), -1);
  const picture = waves([1, 3, vaeSide, vaeSide]);
  const encoded = await twice(() => model.encode(picture), count);
  await twice(() => model.decode(encoded.mean), count);
  const latents = waves([1, model.facts.inChannels, pictureSide / 8, pictureSide / 8]);
  const context = withSizes(text.value, model.facts);
  const step = () => costOf(() => model.predict(latents, Float32Array.of(501), context));
  count(await step(), 1);
  const later: Cost[] = [];
  for (let i = 0; i < steps; i++) later.push(await step());
  count(later.toSorted((a, b) => a.seconds - b.seconds)[0], -1);
  const { rss: residentBytes } = process.memoryUsage();
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  await model.dispose();
  return {
    loadSeconds: seconds,
    cpuSeconds: cpu,
    stepSeconds: later.map((cost) => cost.seconds),
    residentBytes,
    peakBytes,
    parameters: parametersOf(checkpoint),
  };
}

async function twice<T>(
  work: () => Promise<T>,
  count: (cost: Cost, sign: number) => void,
): Promise<T> {
  const first = await costOf(work);
  count(first, 1);
  count(await costOf(work), -1);
  return first.value;
}

async function costOf<T>(work: () => Promise<T>): Promise<Cost & { readonly value: T }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

function ids(): (word: number) => Int32Array {
  const [start, end] = [49_406, 49_407];
  return (word) =>
    Int32Array.from({ length: 77 }, (_, i) => (i === 0 ? start : i < 5 ? word + i : end));
}

function withSizes(text: TextContext, { sizeNumbers }: DiffusionFacts): TextContext {
  if (sizeNumbers === undefined) return text;
  return {
    ...text,
    sizes: tensor(new Float32Array(sizeNumbers).fill(pictureSide), [1, sizeNumbers]),
  };
}

function waves(shape: readonly number[]): Tensor {
  const data = Float32Array.from({ length: sizeOfShape(shape) }, (_, i) => Math.sin(i * 12.9898));
  return tensor(data, shape);
}

function parametersOf({ textEncoders, unet, vae }: OpenedCheckpoint): LoadedModel['parameters'] {
  return {
    textEncoders: textEncoders.reduce((sum, { weights }) => sum + countOf(weights), 0),
    unet: countOf(unet.weights),
    vae: countOf(vae.weights),
  };
}

function countOf(weights: NetworkWeights): number {
  let count = 0;
  for (const { shape } of weights.values()) count += sizeOfShape(shape);
  return count;
}
