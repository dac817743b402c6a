/**
 * What a device computes rightly, found by trying. Drivers lack 16-bit shaders, and fused attention
 * has given wrong numbers on some (it counts on subgroup sizes): a picture of noise would be the sign.
 */
import { PentimentoError } from '../../../shared/errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/ir.ts';
import type { Precision } from '../graph/lower/emitter.ts';
import { cpu } from '../graph/lower/cpu.ts';
import { fused } from '../graph/lower/fused.ts';
import { lowerGraph, type Lowering } from '../graph/lower/lowering.ts';
import { plain } from '../graph/lower/plain.ts';
import { webgpu } from '../graph/lower/webgpu.ts';
import { channelBlockOfCpu } from './channelBlock.ts';
import type { Device, DeviceName } from '../runtime/device.ts';
import { loadNetwork } from '../runtime/network.ts';
import { tensor, type Tensor } from '../tensor.ts';

/** How networks are written for a device. */
export interface DeviceAbilities {
  readonly precision: Precision;
  readonly lowering: Lowering;
  /** Channels of the blocks that convolutions of the CPU work in (networks/channelBlock.ts), if they do. */
  readonly channelBlock?: number | undefined;
}

const lowerings: Record<DeviceName, Lowering> = { cpu, cuda: fused, dml: fused, webgpu };

/** More than float16 rounds, far less than a wrong kernel errs. */
const tolerance = 5e-3;

/**
 * The fastest way to compute that gives right answers. Throws E_DEVICE, E_MEMORY or E_INTERNAL when
 * the device gives none.
 */
export async function abilitiesOf(device: Device): Promise<DeviceAbilities> {
  const fast = { precision: device.precision, lowering: lowerings[device.name] };
  if (device.name === 'cpu') return { ...fast, channelBlock: await channelBlockOfCpu() };
  const graph = probeGraph();
  const question = probeTensor();
  const expected = await answer(graph, question, 'cpu', { precision: 'float32', lowering: plain });
  const careful: Lowering = { ...fast.lowering, attention: plain.attention };
  let failure: PentimentoError | undefined;
  for (const precision of new Set<Precision>([device.precision, 'float32'])) {
    for (const lowering of [fast.lowering, careful]) {
      const abilities = { precision, lowering };
      try {
        const found = await answer(graph, question, device.name, abilities);
        if (isClose(found, expected)) return abilities;
      } catch (error) {
        if (!(error instanceof PentimentoError)) throw error;
        failure = error;
      }
    }
  }
  throw failure ?? new PentimentoError('E_DEVICE', 'It computes wrong numbers.');
}

const [tokens, width, heads] = [96, 80, 2];

function probeGraph(): Graph {
  const graph = new GraphBuilder('probe');
  const x = graph.input('x', [1, tokens, width]);
  graph.output('y', graph.attention(x, x, x, { heads }));
  return graph.finish();
}

function probeTensor(): Tensor {
  const wave = Float32Array.from({ length: tokens * width }, (_, i) => 2 * Math.sin(i * 12.9898));
  return tensor(wave, [1, tokens, width]);
}

async function answer(
  graph: Graph,
  x: Tensor,
  device: DeviceName,
  { precision, lowering }: DeviceAbilities,
): Promise<Float32Array> {
  const network = await loadNetwork(lowerGraph(graph, lowering, precision).bytes, { device });
  try {
    return (await network.run({ x }))['y'].data;
  } finally {
    await network.dispose();
  }
}

function isClose(found: Float32Array, expected: Float32Array): boolean {
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return found.every((value, i) => Math.abs(value - expected[i]) <= tolerance * largest);
}
