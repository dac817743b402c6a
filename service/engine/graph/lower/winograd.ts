/**
 * 3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2015): 36 multiplications
 * for 16 results in place of 144. In operators that every device has; the kernels' part is constant, and
 * onnxruntime computes it once, while it loads the network.
 */
import type { Value, Weight } from '../ir.ts';
import type { Emitter } from './emitter.ts';
import { reshape } from './plain.ts';

/** Sides of what comes out of a tile and of what goes in. */
const [outSide, inSide] = [4, 6];
const inPoints = inSide * inSide;

/** Kernel, input and output transforms, for the points 0, 1, -1, 2, -2 and infinity. */
const kernelRows = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const inputRows = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const outputRows = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/**
 * [1,I,H,W] to [1,O,H,W], one pixel of zeros around; H and W are multiples of 4. The weight [O,I,3,3]
 * takes four times its room. Differs from the plain form by rounding, about 6e-6 of the largest value.
 */
export function winograd(emit: Emitter, x: Value, weight: Weight, bias?: Weight): string {
  const [outChannels, channels] = weight.shape;
  const [, , height, width] = x.shape;
  const [down, right] = [height / outSide, width / outSide];
  const columns = down * right;
  const tiles = tilesOf(emit, emit.value(x), { channels, down, right });
  const input = multiply(emit, doubled(inputRows, tilePoints), tiles);
  const products = emit.node('MatMul', [
    kernelsOf(emit, weight),
    reshape(emit, input, [inPoints, channels, columns]),
  ]);
  const flat = reshape(emit, products, [inPoints, outChannels * columns]);
  const output = multiply(emit, doubled(outputRows), flat);
  const stacked = reshape(emit, output, [1, outSide * outSide * outChannels, down, right]);
  const picture = emit.node('DepthToSpace', [stacked], { blocksize: outSide });
  if (!bias) return picture;
  return emit.node('Add', [picture, emit.weight(bias, [1, outChannels, 1, 1])]);
}

interface Tiling {
  readonly channels: number;
  /** Tiles under and beside each other. */
  readonly down: number;
  readonly right: number;
}

/** [36, I * tiles]: the pixels of every overlapping 6x6 tile, in the order of `tilePoints`. */
function tilesOf(emit: Emitter, x: string, { channels, down, right }: Tiling): string {
  // One row and column of zeros before, and up to the next tile after.
  const padded = emit.node('Pad', [x, emit.ints([0, 0, 1, 1, 0, 0, 3, 3])]);
  const blocks = emit.node('SpaceToDepth', [padded], { blocksize: outSide });
  const split = reshape(emit, blocks, [outSide, outSide, channels, down + 1, right + 1]);
  const parts = quarters.map(({ rows, columns }) => {
    const slice = emit.node('Slice', [
      split,
      emit.ints([0, 0, rows.from, columns.from]),
      emit.ints([rows.count, columns.count, rows.from + down, columns.from + right]),
      emit.ints([0, 1, 3, 4]),
    ]);
    return reshape(emit, slice, [-1, channels * down * right]);
  });
  return emit.node('Concat', parts, { axis: 0 });
}

/** A tile's first four rows lie in its own block, the last two in the next one; likewise its columns. */
const own = { from: 0, count: outSide };
const next = { from: 1, count: inSide - outSide };
const quarters = [
  { rows: own, columns: own },
  { rows: next, columns: own },
  { rows: own, columns: next },
  { rows: next, columns: next },
];

/** Row and column in the tile of each of the 36 points, as tilesOf stacks them. */
const tilePoints = quarters.flatMap(({ rows, columns }) =>
  Array.from({ length: rows.count * columns.count }, (_, i) => [
    rows.from * outSide + Math.floor(i / columns.count),
    columns.from * outSide + (i % columns.count),
  ]),
);

/** [36, O, I]: every kernel between its transforms. */
function kernelsOf(emit: Emitter, weight: Weight): string {
  const [outChannels, channels] = weight.shape;
  const flat = reshape(emit, emit.weight(weight), [outChannels * channels, 9]);
  const taps = emit.node('Transpose', [flat], { perm: [1, 0] });
  return reshape(emit, multiply(emit, doubled(kernelRows), taps), [
    inPoints,
    outChannels,
    channels,
  ]);
}

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
}

/** The transform in both directions as one matrix; `order`: the points its columns stand for, else all in rows. */
function doubled(one: readonly (readonly number[])[], order?: readonly number[][]): Matrix {
  const side = one[0].length;
  const points =
    order ?? Array.from({ length: side * side }, (_, i) => [Math.floor(i / side), i % side]);
  const values = one.flatMap((down) =>
    one.flatMap((across) => points.map(([y, x]) => down[y] * across[x])),
  );
  return { rows: one.length ** 2, columns: points.length, values };
}

function multiply(emit: Emitter, { rows, columns, values }: Matrix, by: string): string {
  const shape = [rows, columns];
  return emit.node('MatMul', [emit.reals(values, shape, `winograd${shape.join('x')}`), by]);
}
