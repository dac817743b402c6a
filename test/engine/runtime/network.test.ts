import { truncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../service/engine/graph/builder.ts';
import { fused } from '../../../service/engine/graph/lower/fused.ts';
import { lowerGraph, type LoweredModel } from '../../../service/engine/graph/lower/lowering.ts';
import {
  availableDevices,
  chooseDevice,
  isDeviceName,
} from '../../../service/engine/runtime/device.ts';
import { loadNetwork } from '../../../service/engine/runtime/network.ts';
import { runtimeError } from '../../../service/engine/runtime/runtimeError.ts';
import { tensor } from '../../../service/engine/tensor.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { writeNetwork } from '../graph/syntheticNetwork.ts';

const folder = temporaryFolder();

/** y = x W^T with a stored W [256,256]. */
async function matrixModel(): Promise<LoweredModel> {
  const shape = [256, 256];
  const weights = await writeNetwork(folder, new Map([['layer.weight', shape]]));
  const stored = weights.get('layer.weight');
  if (!stored) throw new Error('Expected the tensor that was written');
  const graph = new GraphBuilder('matrix');
  const x = graph.input('x', [1, 256]);
  graph.output('y', graph.linear(x, { name: 'layer.weight', shape, stored }));
  return lowerGraph(graph.finish(), fused, 'float32');
}

const x = tensor(new Float32Array(256).fill(1), [1, 256]);

describe('loadNetwork', () => {
  it.each([false, true])('computes the same with weights in place: %s', async (weightsInPlace) => {
    const { bytes, root } = await matrixModel();
    const options = { device: 'cpu', root, weightsInPlace, frugal: weightsInPlace } as const;
    const network = await loadNetwork(bytes, options);
    const { y } = await network.run({ x });
    expect(y.shape).toEqual([1, 256]);
    expect(y.data.some((value) => value !== 0)).toBe(true);
    await network.dispose();
  });

  it('reports a weights file that ends too early as a damaged model, without its path', async () => {
    const { bytes, root, files } = await matrixModel();
    truncateSync(files[0], 10_000);
    const failure = loadNetwork(bytes, { device: 'cpu', root });
    await expect(failure).rejects.toMatchObject({ code: 'E_MODEL_DAMAGED' });
    await expect(failure).rejects.not.toThrow(new RegExp(folder));
  });

  it('reports a weights file that is gone as a damaged model', async () => {
    const { bytes } = await matrixModel();
    const failure = loadNetwork(bytes, { device: 'cpu', root: folder });
    await expect(failure).rejects.toMatchObject({ code: 'E_MODEL_DAMAGED' });
  });

  it('refuses a tensor of another shape', async () => {
    const { bytes, root } = await matrixModel();
    const network = await loadNetwork(bytes, { device: 'cpu', root });
    const wrong = tensor(new Float32Array(128), [1, 128]);
    await expect(network.run({ x: wrong })).rejects.toMatchObject({ code: 'E_INTERNAL' });
    await network.dispose();
  });
});

describe('runtimeError', () => {
  it.each([
    ['std::bad_alloc', 'E_MEMORY'],
    ['Failed to allocate memory for requested buffer of size 4294967296', 'E_MEMORY'],
    ['Failed to get a WebGPU adapter: No supported adapters', 'E_DEVICE'],
    ['DXGI_ERROR_DEVICE_REMOVED: device removed', 'E_DEVICE'],
    ['anything else', 'E_INTERNAL'],
  ])('knows "%s"', (message, code) => {
    expect(runtimeError(new Error(message), 'webgpu', 'load').code).toBe(code);
  });

  it('keeps errors that already are ours', () => {
    const error = new PentimentoError('E_MODEL_CHANGED');
    expect(runtimeError(error, 'cpu', 'run')).toBe(error);
  });
});

describe('devices', () => {
  it('are known by name, and auto is the CPU', () => {
    expect(isDeviceName('auto')).toBe(true);
    expect(isDeviceName('toString')).toBe(false);
    expect(chooseDevice('auto')).toBe(chooseDevice('cpu'));
  });

  it('always include the CPU', async () => {
    expect(await availableDevices()).toContain(chooseDevice('cpu'));
  });
});
