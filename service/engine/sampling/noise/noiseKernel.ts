/** The arithmetic of normals on vectors of 128 bits, compiled at the first use. */
import { boxMullerKernel } from './boxMullerKernel.ts';
import { philoxKernel } from './philoxKernel.ts';
import { simdModule } from '../../simdModule.ts';
import { stateBytes, stateWords, twisterKernel } from './twisterKernel.ts';

/** What is used of the global; its types belong to no runtime in particular. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
};

/** Its memory is everybody's: what a call leaves there is copied out before the next one. */
export interface NoiseKernel {
  /** What the two generators of normals work on, `kernelValues` long. */
  readonly values: Float32Array;
  /** The same memory as whole numbers. */
  readonly words: Int32Array;
  /** The first `count` words, a multiple of 16 and uniform, become standard normals in `values`. */
  boxMuller(count: number): void;
  /** Standard normals for elements `index` .. index + count of a Philox call, written to `values`. */
  philox(count: number, at: PhiloxPlace): void;
  /** Advances a Mersenne Twister's state of 624 words in place, and answers it tempered (a view). */
  twist(state: Int32Array): Int32Array;
}

export interface PhiloxPlace {
  readonly index: number;
  /** How many draws came before. */
  readonly call: number;
  readonly key: readonly [number, number];
}

/** Values worked on at once: what one page of memory holds. */
export const kernelValues = 16_384;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly boxMuller: (from: number, to: number) => void;
  readonly philox: (
    from: number,
    to: number,
    ...place: [index: number, call: number, key0: number, key1: number]
  ) => void;
  readonly twist: (state: number, words: number) => void;
}

let compiled: NoiseKernel | undefined;

export function noiseKernel(): NoiseKernel {
  compiled ??= compile();
  return compiled;
}

const stateAt = kernelValues * 4;
const temperedAt = stateAt + stateBytes;

function compile(): NoiseKernel {
  const code = simdModule([boxMullerKernel(), philoxKernel(), twisterKernel()], 2);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(code));
  const { memory, boxMuller, philox, twist } = instance.exports as Exports;
  const stateInside = new Int32Array(memory.buffer, stateAt, stateWords);
  const tempered = new Int32Array(memory.buffer, temperedAt, stateWords);
  return {
    values: new Float32Array(memory.buffer, 0, kernelValues),
    words: new Int32Array(memory.buffer, 0, kernelValues),
    boxMuller: (count) => {
      if (count > 0) boxMuller(0, count * 4);
    },
    philox: (count, { index, call, key }) => {
      if (count > 0) philox(0, count * 4, index, call, ...key);
    },
    twist: (state) => {
      stateInside.set(state);
      twist(stateAt, temperedAt);
      state.set(stateInside);
      return tempered;
    },
  };
}
