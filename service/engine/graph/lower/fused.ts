/**
 * The fused operators that every device of onnxruntime has: matrices as torch stores them, whole
 * attention, group norm through instance norm. Tested on the CPU; CUDA and DirectML take it as it is.
 */
import type { Value } from '../ir.ts';
import type { Emitter } from './emitter.ts';
import type { Lowering } from './lowering.ts';
import { startsOf } from './lowRankBranch.ts';
import { activate, causalBias, plain, quickGeluSlope, reshape } from './plain.ts';

export const fused: Lowering = {
  ...plain,

  linear(emit, { x, weight, bias, out }) {
    const input = rows(emit, x);
    const parts = [{ bias: bias && emit.weight(bias) }];
    const [start] = startsOf(emit, weight, input, { rows: parts, times: gemm });
    return reshape(emit, gemm(emit, input, emit.weight(weight), start), out.shape);
  },

  geglu(emit, { x, weight, bias, out }) {
    const input = rows(emit, x);
    const width = out.shape[out.shape.length - 1];
    const halves = [0, width].map((begin) => {
      const end = begin + width;
      return { begin, end, bias: emit.weightRows(bias, begin, end) };
    });
    const starts = startsOf(emit, weight, input, { rows: halves, times: gemm });
    const [values, gates] = halves.map(({ begin, end }, i) =>
      gemm(emit, input, emit.weightRows(weight, begin, end), starts[i]),
    );
    const product = emit.node('Mul', [values, emit.contributed('Gelu', [gates])]);
    return reshape(emit, product, out.shape);
  },

  groupNorm(emit, { x, weight, bias, groups, epsilon, silu }) {
    const [batch, channels, height, width] = x.shape;
    const perGroup = (channels / groups) * height * width;
    const grouped = reshape(emit, emit.value(x), [batch, groups, perGroup]);
    const [ones, zeros] = [1, 0].map((fill) => emit.reals(Array(groups).fill(fill), [groups]));
    const normalised = emit.node('InstanceNormalization', [grouped, ones, zeros], {
      epsilon: { float: epsilon },
    });
    const picture = reshape(emit, normalised, x.shape);
    const scaled = emit.node('Mul', [picture, emit.weight(weight, [channels, 1, 1])]);
    const shifted = emit.node('Add', [scaled, emit.weight(bias, [channels, 1, 1])]);
    return silu ? activate(emit, shifted, 'silu') : shifted;
  },

  layerNorm: (emit, { x, weight, bias, epsilon }) =>
    emit.node('LayerNormalization', [emit.value(x), emit.weight(weight), emit.weight(bias)], {
      axis: -1,
      epsilon: { float: epsilon },
    }),

  attention(emit, { query, key, value, heads, causal, exact }) {
    const widened = exact && emit.precision !== 'float32';
    const [batch, length] = query.shape;
    const inputs = [query, key, value].map((x) =>
      widened ? emit.cast(emit.value(x), 'float32') : emit.value(x),
    );
    // DirectML does not broadcast the bias and never reads the attribute for causal attention.
    const bias = causal ? ['', '', causalBias(emit, [batch, heads, length, length])] : [];
    const seen = emit.contributed('MultiHeadAttention', [...inputs, ...bias], { num_heads: heads });
    return widened ? emit.cast(seen, emit.precision) : seen;
  },

  activation(emit, { x, activation }) {
    const input = emit.value(x);
    if (activation === 'gelu') return emit.contributed('Gelu', [input]);
    if (activation !== 'quick_gelu') return activate(emit, input, activation);
    return emit.contributed('QuickGelu', [input], { alpha: { float: quickGeluSlope } });
  },
};

/** Rows times a matrix as torch stores it, plus a row or a matrix. */
export function gemm(emit: Emitter, x: string, matrix: string, start?: string): string {
  const inputs = start === undefined ? [x, matrix] : [x, matrix, start];
  return emit.node('Gemm', inputs, { transB: 1 });
}

/** [...,I] as the rows of one matrix. */
export function rows(emit: Emitter, x: Value): string {
  const width = x.shape[x.shape.length - 1];
  return reshape(emit, emit.value(x), [-1, width]);
}
