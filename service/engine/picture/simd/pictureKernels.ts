/** Inner loops over pixels on vectors of 128 bits, compiled at the first use, and the memory they work in. */
import { simdModule, type SimdFunction } from '../../simdModule.ts';
import { areaKernels } from './areaKernels.ts';
import { acrossKernels, downKernel } from './convolveKernels.ts';
import { cellKernels } from './cellKernels.ts';
import { distanceKernels } from './distanceKernels.ts';
import { driftKernels } from './driftKernels.ts';
import { interpolateKernels } from './interpolateKernels.ts';
import { labKernels } from './labKernels.ts';
import { levelKernels } from './levelKernels.ts';
import { neighbourKernels } from './neighbourKernels.ts';
import { ridgeKernels } from './ridgeKernels.ts';
import { softBlurKernels } from './softBlurKernels.ts';

/** What is used of the global; its types belong to no runtime in particular. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => Memory;
  Instance: new (
    module: object,
    imports?: { readonly engine: { readonly memory: Memory } },
  ) => { readonly exports: unknown };
};

interface Memory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

type Kernel = (...addresses: number[]) => void;

/** What kernels work in, as it may be read and written. */
export interface KernelMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly singles: Float32Array;
  readonly doubles: Float64Array;
}

/** Its memory is everybody's: what a call leaves there is copied out before the next one. */
export interface PictureKernels extends KernelMemory {
  readonly run: Readonly<Record<string, Kernel>>;
}

const pageBytes = 65_536;
/** 3 GiB. */
const mostPages = 49_152;
/** A memory above this is not kept for the next call. */
const keptBytes = 64 * 1024 * 1024;
/** Vectors are read and written past the end of rows. */
const slackBytes = 64;

function allKernels(): SimdFunction[] {
  return [
    ...acrossKernels(),
    ...areaKernels(),
    downKernel(),
    ...cellKernels(),
    ...distanceKernels(),
    ...driftKernels(),
    ...interpolateKernels(),
    ...labKernels(),
    ...levelKernels(),
    ...neighbourKernels(),
    ...ridgeKernels(),
    ...softBlurKernels(),
  ];
}

let compiled: object | undefined;
let kept: object | undefined;

/** The kernels with room for `sizeBytes`, whose contents are left over from earlier calls. */
export function pictureKernels(sizeBytes: number): PictureKernels {
  compiled ??= new WebAssembly.Module(simdModule(allKernels(), 1, mostPages));
  const exports = kept ?? new WebAssembly.Instance(compiled).exports;
  const { memory, ...run } = exports as { memory: Memory } & Record<string, Kernel>;
  grow(memory, sizeBytes);
  kept = memory.buffer.byteLength <= keptBytes ? (exports as object) : undefined;
  return { run, ...viewsOf(memory) };
}

/** The same kernels over memory that other threads may work in too. */
export interface SharedKernels {
  readonly module: object;
  readonly memory: object;
  /** The kernels' names; a thread is told their places in it. */
  readonly names: readonly string[];
  /** Room for `sizeBytes`, which must not be above `mostSharedBytes`. It is not given back. */
  room(sizeBytes: number): PictureKernels;
}

/** What is kept of it is memory that nothing else gets. */
export const mostSharedBytes = keptBytes;

export function sharedKernels(): SharedKernels {
  const maximum = mostSharedBytes / pageBytes;
  const functions = allKernels();
  const module = new WebAssembly.Module(simdModule(functions, 1, maximum, true));
  const memory = new WebAssembly.Memory({ initial: 1, maximum, shared: true });
  const { exports } = new WebAssembly.Instance(module, { engine: { memory } });
  const run = exports as Record<string, Kernel>;
  const room = (sizeBytes: number): PictureKernels => {
    grow(memory, sizeBytes);
    return { run, ...viewsOf(memory) };
  };
  return { module, memory, names: functions.map(({ name }) => name), room };
}

function grow(memory: Memory, sizeBytes: number): void {
  const wanted = Math.ceil((sizeBytes + slackBytes) / pageBytes);
  const there = memory.buffer.byteLength / pageBytes;
  if (wanted > there) memory.grow(wanted - there);
}

function viewsOf({ buffer }: Memory): KernelMemory {
  return {
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    singles: new Float32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
