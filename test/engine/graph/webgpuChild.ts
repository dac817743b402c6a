/** Runs in a process of its own, where Vulkan is software: every step on WebGPU against the CPU. */
import type { Graph } from '../../../service/engine/graph/ir.ts';
import { lowerGraph } from '../../../service/engine/graph/lower/lowering.ts';
import { plain } from '../../../service/engine/graph/lower/plain.ts';
import {
  abilitiesOf,
  type DeviceAbilities,
} from '../../../service/engine/networks/deviceAbilities.ts';
import { chooseDevice, type DeviceName } from '../../../service/engine/runtime/device.ts';
import { loadNetwork } from '../../../service/engine/runtime/network.ts';
import type { Tensor } from '../../../service/engine/tensor.ts';
import { everyStepGraph, everyStepShapes } from './everyStep.ts';
import { feedsOf, relativeError, writeNetwork } from './syntheticNetwork.ts';

export interface WebgpuReport {
  readonly precision: string;
  /** Largest relative difference of each output to the oracle on the CPU. */
  readonly errors: Readonly<Record<string, number>>;
}

async function compareOnWebgpu(folder: string): Promise<WebgpuReport> {
  const graph = everyStepGraph(await writeNetwork(folder, everyStepShapes));
  const expected = await run(graph, 'cpu', { precision: 'float32', lowering: plain });
  const abilities = await abilitiesOf(chooseDevice('webgpu'));
  const found = await run(graph, 'webgpu', abilities);
  const errors = Object.entries(expected).map(([name, { data }]) => [
    name,
    relativeError(found[name].data, data),
  ]);
  return { precision: abilities.precision, errors: Object.fromEntries(errors) };
}

async function run(
  graph: Graph,
  device: DeviceName,
  { lowering, precision }: DeviceAbilities,
): Promise<Record<string, Tensor>> {
  const { bytes, root } = lowerGraph(graph, lowering, precision);
  const network = await loadNetwork(bytes, { device, root });
  const outputs = await network.run(feedsOf(graph));
  await network.dispose();
  return outputs;
}

const [, , folder] = process.argv;
process.stdout.write(`\nREPORT ${JSON.stringify(await compareOnWebgpu(folder))}\n`);
