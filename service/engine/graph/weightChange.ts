/**
 * What a LoRA and its relatives do to one weight, as formulas over tensors that stay in their file.
 * W is the weight as [out, in, k*k]; every form gives a difference D of that size.
 */
import type { Weight } from './ir.ts';

/** One factor of a product, or the product of two: [rows, columns]. */
export type Factor = Weight | { readonly a: Weight; readonly b: Weight };

/** D = up [out,r] x down [r, in*k*k] (Hu et al. 2021). */
export interface LowRank {
  readonly form: 'lowRank';
  readonly up: Weight;
  readonly down: Weight;
  /** Tucker core [r, r, k, k]; then down is [r, in]. */
  readonly core?: Weight;
  /** up is stored as [r, out]. */
  readonly upTurned?: boolean;
  /** Only this many of the first ranks count; less than there are, never with a core. */
  readonly first?: number;
}

/** D = pair1 * pair2, elementwise (LoHa, Yeh et al. 2023). */
export interface Hadamard {
  readonly form: 'hadamard';
  readonly pairs: readonly [LowRank, LowRank];
}

/** D = w1 (x) w2, the Kronecker product (LoKr). */
export interface Kronecker {
  readonly form: 'kronecker';
  readonly w1: Factor;
  /** With a core [r, r, k, k] between its two factors, both then transposed: a [r, o], b [r, i]. */
  readonly w2: Factor | { readonly a: Weight; readonly b: Weight; readonly core: Weight };
}

/** D itself; a stem of 4 input channels is widened with zeros. */
export interface Difference {
  readonly form: 'difference';
  readonly values: Weight;
}

/** D = W * vector, along the outputs or the inputs (IA3). */
export interface Scaling {
  readonly form: 'scaling';
  readonly vector: Weight;
  readonly along: 'out' | 'in';
}

/** D = W a2 a1 + b2 b1 (GLoRA), W a2 a1 for every tap by itself; right and left are in the order of multiplication. */
export interface Generalised {
  readonly form: 'generalised';
  readonly right: readonly [Weight, Weight];
  readonly added: readonly [Weight, Weight];
}

/**
 * D = R W - W with R block-diagonal (OFT), or one such rotation after another, each over pairs of rows
 * that lie further apart (BOFT).
 */
export interface Rotation {
  readonly form: 'rotation';
  /** [blocks, side, side] each, applied from the left to the outputs. */
  readonly stages: readonly Float32Array[];
  readonly blocks: number;
  readonly side: number;
  readonly butterfly: boolean;
  /** A factor of every output row, [out]. */
  readonly rescale?: Weight;
}

export type ChangeForm =
  | LowRank
  | Hadamard
  | Kronecker
  | Difference
  | Scaling
  | Generalised
  | Rotation;

export interface WeightChange {
  readonly change: ChangeForm;
  /** Of D, before the multiplier: alpha / rank, or what the file says. */
  readonly scale: number;
  /** What the user asked for. */
  readonly multiplier: number;
  /** DoRA (Liu et al. 2024): magnitudes per input column or per output row of W + scale D. */
  readonly magnitude?: { readonly values: Weight; readonly per: 'in' | 'out' };
}

/**
 * The inputs of a graph that hold a low-rank change of a layer's weight [out,in], given with every run:
 * `down` [rank,in] and `up` [out,rank], with every factor in `up`. A rank of 0 changes nothing.
 */
export function branchInputs({ name, shape }: Pick<Weight, 'name' | 'shape'>) {
  const [out, inputs] = shape;
  const rank = `rank of ${name}`;
  return {
    down: { name: `${name}.down`, shape: [rank, inputs] },
    up: { name: `${name}.up`, shape: [out, rank] },
  };
}

/**
 * The input of a graph with branches that says how many rows of each layer's branch are computed: all of
 * them, or one where no branch has a rank, which then stands for all.
 */
export const branchRows = { name: 'rows of branches', shape: [1] } as const;

/** By the name of the weight, in the order in which they apply. */
export type WeightChanges = ReadonlyMap<string, readonly WeightChange[]>;
