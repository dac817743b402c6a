/**
 * One denoising step of Stable Diffusion 1.5 at 512x512 on the CPU, from a full-size float16
 * checkpoint with synthetic weights: time against the machine's own matrix products, memory, loading.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeModel } from '../service/engine/graph/onnx/model.ts';
import { openDiffusionModel } from '../service/engine/networks.ts';
import { chooseDevice } from '../service/engine/runtime/device.ts';
import { loadNetwork, type Network } from '../service/engine/runtime/network.ts';
import { tensor, type Tensor } from '../service/engine/tensor.ts';
import { openCheckpoint } from '../service/engine/weights/openCheckpoint.ts';
import { writeModel } from '../test/fixtures/writeModel.ts';

/** Multiplications and additions of one evaluation at 64x64 latents, batch 1. */
const stepFlops = 0.803e12;
const unetBytes = 4 * 859_520_964;
const warmUps = 2;
const repetitions = 3;
/** For glibc: large pages load faster, and large blocks go back to the system when they are freed. */
const environment = {
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304',
};

interface Measurement {
  readonly firstSeconds: number;
  readonly stepSeconds: readonly number[];
  readonly matmulRates: readonly number[];
  readonly residentBytes: number;
  readonly peakBytes: number;
}

function waves(shape: readonly number[]): Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898)),
    shape,
  );
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

const productSide = 2048;

/** A large matrix product with a constant side, as in the networks; only its mean comes back. */
async function loadProduct(): Promise<Network> {
  const shape = [productSide, productSide];
  const bytes = new Uint8Array(waves(shape).data.buffer);
  const model = encodeModel({
    name: 'product',
    inputs: [{ name: 'a', type: 'float32', shape }],
    outputs: [{ name: 'mean', type: 'float32', shape: [1, 1] }],
    initializers: [{ name: 'b', type: 'float32', shape, source: { kind: 'inline', bytes } }],
    nodes: [
      { type: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['y'], attributes: {} },
      { type: 'ReduceMean', domain: '', inputs: ['y'], outputs: ['mean'], attributes: {} },
    ],
  });
  return loadNetwork(model, { device: 'cpu' });
}

/** Floating-point operations a second over about as long as a step takes. */
async function rateOf(product: Network): Promise<number> {
  const a = waves([productSide, productSide]);
  const flops = 2 * productSide ** 3;
  const count = Math.ceil(stepFlops / flops);
  const start = performance.now();
  for (let i = 0; i < count; i++) await product.run({ a });
  return (count * flops) / seconds(start);
}

/** Most memory the process has held, where the system tells. */
function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

async function measure(path: string, cacheFolder: string): Promise<Measurement> {
  const latents = waves([1, 4, 64, 64]);
  const context = waves([1, 77, 768]);
  const timestep = Float32Array.of(501);
  const start = performance.now();
  const reference = { id: 'bench', name: 'bench', family: 'sd1' };
  const checkpoint = await openCheckpoint({ path, layout: 'single', reference });
  const options = { device: chooseDevice('cpu'), cacheFolder, oddSizes: 'webui' } as const;
  const model = await openDiffusionModel(checkpoint, options);
  await model.predict(latents, timestep, context);
  const firstSeconds = seconds(start);

  for (let i = 0; i < warmUps; i++) await model.predict(latents, timestep, context);
  const { rss: residentBytes } = process.memoryUsage();
  const peak = peakBytes();

  const product = await loadProduct();
  const stepSeconds: number[] = [];
  const matmulRates: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const before = performance.now();
    await model.predict(latents, timestep, context);
    stepSeconds.push(seconds(before));
    // In between, so that other work on the machine meets both alike.
    matmulRates.push(await rateOf(product));
  }
  await product.dispose();
  await model.dispose();
  return { firstSeconds, stepSeconds, matmulRates, residentBytes, peakBytes: peak };
}

/** Each measurement in a process of its own, as the engine is one. */
function measureInChild(path: string, cacheFolder: string): Measurement {
  const self = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, [self, '--measure', path, cacheFolder], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(`The measurement ended with ${child.status}`);
  return JSON.parse(child.stdout) as Measurement;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function row(figure: string, measured: string, target = ''): void {
  console.log(`${figure.padEnd(44)} ${measured.padStart(14)}   ${target}`);
}

function report(first: Measurement, second: Measurement): void {
  const { stepSeconds, matmulRates, residentBytes } = second;
  const step = Math.min(...stepSeconds);
  const rate = Math.max(...matmulRates);
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  row('SD 1.5 UNet step, 512x512, CPU', 'measured', 'to reach');
  row('step, fastest of 3', `${step.toFixed(2)} s`);
  row('step, median of 3', `${median(stepSeconds).toFixed(2)} s`);
  row(
    'of the 2048 matrix product rate',
    `${((100 * stepFlops) / step / rate).toFixed(0)} %`,
    '>= 90 %',
  );
  row('  the step', `${(stepFlops / 1e9 / step).toFixed(0)} GFLOP/s`);
  row('  the matrix product', `${(rate / 1e9).toFixed(0)} GFLOP/s`);
  const load = second.firstSeconds - median(stepSeconds);
  row('load, second time (first step less a warm one)', `${load.toFixed(1)} s`, '<= 6 s');
  row(
    'load, first time (with the float32 copy)',
    `${(first.firstSeconds - median(stepSeconds)).toFixed(1)} s`,
  );
  const share = `${(residentBytes / unetBytes).toFixed(2)} x`;
  row('resident after the steps', gigabytes(residentBytes));
  row('  of the float32 weights', share, '<= 1.20 x');
  row('most resident at any time', gigabytes(second.peakBytes));
}

async function main(): Promise<void> {
  const [mode, path, cacheFolder] = process.argv.slice(2);
  if (mode === '--measure') {
    process.stdout.write(JSON.stringify(await measure(path, cacheFolder)));
    return;
  }
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const manifest = join(root, 'test', 'reference', 'models', 'real', 'sd15', 'single.json');
  const folder = mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
  try {
    const out = join(folder, 'sd15.safetensors');
    await writeModel({ manifest, out, seed: 1, dtype: 'F16' });
    const cache = join(folder, 'cache');
    const first = measureInChild(out, cache);
    report(first, measureInChild(out, cache));
    row('machine load while measuring', readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
