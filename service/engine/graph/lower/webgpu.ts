/**
 * WebGPU (onnxruntime 1.30): the fused form, with GEGLU's halves split, gated and multiplied by one
 * kernel. It has no GroupNorm yet; instance norm stands in.
 */
import { fused, gemm, rows } from './fused.ts';
import { startsOf } from './lowRankBranch.ts';
import type { Lowering } from './lowering.ts';
import { reshape } from './plain.ts';

export const webgpu: Lowering = {
  ...fused,

  geglu(emit, { x, weight, bias, out }) {
    const input = rows(emit, x);
    const [start] = startsOf(emit, weight, input, { rows: [{}], times: gemm });
    const product = gemm(emit, input, emit.weight(weight), start);
    const [doubled] = bias.shape;
    const tokens = reshape(emit, product, [out.shape[0], -1, doubled]);
    const gated = emit.contributed('BiasSplitGelu', [tokens, emit.weight(bias)]);
    return reshape(emit, gated, out.shape);
  },
};
