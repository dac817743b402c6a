/** A UNet of an ONNX folder that cannot follow odd sizes, as most exports. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cornerOf, mirroredTo } from '../../../service/engine/networks/onnx/mirrored.ts';
import { makeOnnxUnet } from '../../../service/engine/networks/onnx/onnxUnet.ts';
import { chooseDevice } from '../../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../../service/engine/tensor.ts';
import { readOnnx } from '../../../service/engine/weights/onnx/readOnnx.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { OnnxWriter } from '../../fixtures/writeOnnxFolder.ts';
import { wave } from '../graph/syntheticNetwork.ts';

const waves = (shape: readonly number[]): Tensor => tensor(wave(sizeOfShape(shape)), shape);

describe('mirrored latents', () => {
  it('go on as their mirror image to the right and below, and are cut back', () => {
    const small = tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 1, 2, 3]);
    const large = mirroredTo(small, { height: 4, width: 8 });
    expect([...large.data]).toEqual(
      [
        [1, 2, 3, 2, 1, 2, 3, 2],
        [4, 5, 6, 5, 4, 5, 6, 5],
        [1, 2, 3, 2, 1, 2, 3, 2],
        [4, 5, 6, 5, 4, 5, 6, 5],
      ].flat(),
    );
    expect(cornerOf(large, { height: 2, width: 3 })).toEqual(small);
    const line = mirroredTo(tensor(Float32Array.of(7), [1, 1, 1, 1]), { height: 1, width: 2 });
    expect([...line.data]).toEqual([7, 7]);
  });
});

describe('a UNet that halves and doubles', () => {
  /** Sides of any length. */
  const free = -1;

  async function unet() {
    const file = new OnnxWriter();
    const sample = file.input('sample', 'float32', [free, 4, free, free]);
    const time = file.input('timestep', 'int64', [free]);
    file.input('encoder_hidden_states', 'float32', [free, free, 8]);
    const { emit } = file;
    const half = emit.node('AveragePool', [sample], { kernel_shape: [2, 2], strides: [2, 2] });
    const doubled = emit.node('Resize', [half, '', emit.floats([1, 1, 2, 2])]);
    const sum = emit.node('Add', [emit.node('Add', [sample, doubled]), emit.cast(time, 'float32')]);
    file.output('out_sample', sum, 'float32', [free, 4, free, free]);
    const folder = join(temporaryFolder(), 'unet');
    file.write(folder);
    const read = await readOnnx(join(folder, 'model.onnx'));
    const context = { device: chooseDevice('cpu'), files: read.files, onStage: undefined };
    return makeOnnxUnet(context, { ...read, multiple: 2 });
  }

  it('answers even sizes as they are, and odd ones by their mirror image', async () => {
    const network = await unet();
    const text = waves([2, 3, 8]);
    const steps = Float32Array.of(4.4, 2);
    const odd = waves([2, 4, 5, 3]);
    const found = await network.predict(odd, steps, text);
    const even = await network.predict(mirroredTo(odd, { height: 6, width: 4 }), steps, text);
    expect(found).toEqual(cornerOf(even, { height: 5, width: 3 }));
    // A whole timestep is what the graph takes.
    const whole = await network.predict(odd, Float32Array.of(4, 2), text);
    expect(found).toEqual(whole);
    await network.dispose();
  });
});
