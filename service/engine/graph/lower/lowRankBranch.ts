/**
 * Low-rank changes of a layer that come with each run: y = x W^T + (x down^T) up^T (Hu et al. 2021).
 * Where the rank is 0 the layer computes what it would without: not a bit of its answer is another.
 */
import type { Weight } from '../ir.ts';
import { branchRows } from '../weightChange.ts';
import type { Emitter } from './emitter.ts';

/** x times a matrix [out,in], plus what the sum starts from (a bias [out], or rows [..., out]). */
export type TimesTurned = (emit: Emitter, x: string, matrix: string, start?: string) => string;

/** Some rows of a layer's weight, all of them unless told, with their bias. */
export interface LayerRows {
  readonly bias?: string | undefined;
  readonly begin?: number;
  readonly end?: number;
}

/**
 * What the products of a layer's rows start from: their bias, with the branch where there is one.
 * `x`: the layer's input, as `times` takes it. Without a rank the branch is one row, the bias, which every
 * row of the product starts from as it would without a branch.
 */
export function startsOf(
  emit: Emitter,
  weight: Weight,
  x: string,
  { rows, times }: { readonly rows: readonly LayerRows[]; readonly times: TimesTurned },
): ReadonlyArray<string | undefined> {
  const factors = emit.branch(weight);
  if (!factors) return rows.map(({ bias }) => bias);
  const { down, up } = factors;
  const [first, beforeLast] = [[0], [-2]].map((at) => emit.ints(at));
  const inner = emit.node('Slice', [times(emit, x, down), first, branchRows.name, beforeLast]);
  return rows.map((part) => times(emit, inner, rowsOf(emit, up, part), part.bias));
}

function rowsOf(emit: Emitter, matrix: string, { begin, end }: LayerRows): string {
  if (begin === undefined || end === undefined) return matrix;
  return emit.node('Slice', [matrix, ...[[begin], [end], [0]].map((at) => emit.ints(at))]);
}
