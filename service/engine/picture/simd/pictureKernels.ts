/** Inner loops over pixels on vectors of 128 bits, compiled at the first use, and the memory they work in. */
import { simdModule, type SimdFunction } from '../../simdModule.ts';
import { acrossKernels, downKernel } from './convolveKernels.ts';
import { interpolateKernels } from './interpolateKernels.ts';
import { labKernels } from './labKernels.ts';
import { levelKernels } from './levelKernels.ts';
import { neighbourKernels } from './neighbourKernels.ts';
import { ridgeKernels } from './ridgeKernels.ts';
import { softBlurKernels } from './softBlurKernels.ts';

/** What is used of the global; its types belong to no runtime in particular. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

type Kernel = (...addresses: number[]) => void;

/** Its memory is everybody's: what a call leaves there is copied out before the next one. */
export interface PictureKernels {
  readonly run: Readonly<Record<string, Kernel>>;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly singles: Float32Array;
  readonly doubles: Float64Array;
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
    downKernel(),
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
  const wanted = Math.ceil((sizeBytes + slackBytes) / pageBytes);
  const there = memory.buffer.byteLength / pageBytes;
  if (wanted > there) memory.grow(wanted - there);
  kept = memory.buffer.byteLength <= keptBytes ? (exports as object) : undefined;
  const { buffer } = memory;
  return {
    run,
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    singles: new Float32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
