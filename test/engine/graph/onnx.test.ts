import { describe, expect, it } from 'vitest';
import { halfBits } from '../../../service/engine/graph/onnx/half.ts';
import { encodeModel } from '../../../service/engine/graph/onnx/model.ts';
import { ProtoWriter } from '../../../service/engine/graph/onnx/protobuf.ts';
import { loadNetwork } from '../../../service/engine/runtime/network.ts';
import { tensor } from '../../../service/engine/tensor.ts';
import { float16Bits } from '../../fixtures/writeModel.ts';

describe('ProtoWriter', () => {
  it('writes the examples of the encoding guide', () => {
    const writer = new ProtoWriter();
    writer.int(1, 150);
    writer.string(2, 'testing');
    writer.ints(6, [3, 270, 86_942]);
    expect(Buffer.from(writer.finish()).toString('hex')).toBe(
      ['089601', '120774657374696e67', '3206038e029ea705'].join(''),
    );
  });

  it('writes negative numbers as ten bytes and floats as four', () => {
    const writer = new ProtoWriter();
    writer.int(1, -1);
    writer.float(2, 1.5);
    expect(Buffer.from(writer.finish()).toString('hex')).toBe('08ffffffffffffffffff01150000c03f');
  });
});

describe('encodeModel', () => {
  it('writes a model that onnxruntime runs', async () => {
    const bytes = encodeModel({
      name: 'test',
      inputs: [{ name: 'x', type: 'float32', shape: [1, 2] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1, 2] }],
      initializers: [
        {
          name: 'two',
          type: 'float32',
          shape: [],
          source: { kind: 'inline', bytes: new Uint8Array(Float32Array.of(2).buffer) },
        },
      ],
      nodes: [
        { type: 'Mul', domain: '', inputs: ['x', 'two'], outputs: ['doubled'], attributes: {} },
        {
          type: 'QuickGelu',
          domain: 'com.microsoft',
          inputs: ['doubled'],
          outputs: ['y'],
          attributes: { alpha: { float: 0 } },
        },
      ],
    });
    const network = await loadNetwork(bytes, { device: 'cpu' });
    const { y } = await network.run({ x: tensor(Float32Array.of(3, -5), [1, 2]) });
    await network.dispose();
    // With alpha 0 the gate is sigmoid(0) = 1/2.
    expect([...y.data]).toEqual([3, -5]);
  });
});

describe('halfBits', () => {
  it('rounds every kind of value as IEEE 754 does', () => {
    const values = [
      0,
      -0,
      1,
      -1,
      65_504,
      65_519.99,
      65_520,
      1e-8,
      2 ** -24,
      2 ** -25,
      3 * 2 ** -25,
    ];
    for (let i = 0; i < 5000; i++) values.push(Math.sin(i * 78.233) * 2 ** ((i % 45) - 28));
    for (let i = 0; i < 2048; i++) values.push(1 + i / 2048, (i + 0.5) * 2 ** -24);
    const floats = Float32Array.from(values);
    expect([...halfBits(floats)]).toEqual(Array.from(floats, float16Bits));
  });
});
