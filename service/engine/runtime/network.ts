/** The only door to onnxruntime: loads a model, runs it, lets it go. It knows no diffusion. */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { tensor, type Tensor } from '../tensor.ts';
import type { DeviceName } from './device.ts';
import { runtimeError } from './runtimeError.ts';
import { sessionOptions, type SessionTuning } from './sessionOptions.ts';

/** Real tensors, token ids, or numbers in the format that a model of others asks for (float16 as bits). */
export type Feed =
  | Tensor
  | {
      readonly data: Int32Array | BigInt64Array | Uint16Array;
      readonly shape: readonly number[];
    };
export type Feeds = Readonly<Record<string, Feed>>;

/** A loaded model. Calls must not overlap; `run` blocks its thread while the device works. */
export interface Network {
  /** The outputs by name, or those asked for; float32. Throws E_MEMORY, E_DEVICE or E_INTERNAL. */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

export interface LoadOptions extends SessionTuning {
  readonly device: DeviceName;
  /** Folder that the model's external locations are relative to: the root of their volume. */
  readonly root?: string | undefined;
  /** Of models whose outputs may be float16: what its bits mean. */
  readonly readHalf?: (bits: Uint16Array) => Float32Array;
}

/**
 * Loads an ONNX model from its bytes, or from the file of that path; weights come from the files it names.
 * Throws E_MODEL_DAMAGED, E_MEMORY, E_DEVICE or E_INTERNAL.
 */
export async function loadNetwork(
  model: Uint8Array | string,
  options: LoadOptions,
): Promise<Network> {
  const { device, readHalf } = options;
  const ort = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session =
      typeof model === 'string'
        ? await ort.InferenceSession.create(model, sessionOptions(options))
        : await ort.InferenceSession.create(model, sessionOptions(options));
  } catch (error) {
    throw runtimeError(error, device, 'load');
  }
  return {
    async run(feeds, wanted) {
      try {
        const inputs = Object.entries(feeds).map(([name, feed]) => [name, toOrt(ort, feed)]);
        const all = Object.fromEntries(inputs);
        const outputs = await (wanted ? session.run(all, [...wanted]) : session.run(all));
        return Object.fromEntries(
          Object.entries(outputs).map(([name, output]) => [name, fromOrt(output, readHalf)]),
        );
      } catch (error) {
        throw runtimeError(error, device, 'run');
      }
    },
    dispose: () => session.release(),
  };
}

function toOrt(ort: typeof import('onnxruntime-node'), { data, shape }: Feed): OrtTensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, shape);
  if (data instanceof BigInt64Array) return new ort.Tensor('int64', data, shape);
  return new ort.Tensor('float16', data, shape);
}

function fromOrt({ data, dims, type }: OrtTensor, readHalf: LoadOptions['readHalf']): Tensor {
  if (data instanceof Float32Array) return tensor(data, dims);
  // A list of bits, or of numbers where the language has float16 lists.
  if (type === 'float16' && readHalf && ArrayBuffer.isView(data)) {
    return tensor(
      readHalf(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)),
      dims,
    );
  }
  throw new TypeError(`Expected a float32 output but received ${type}`);
}
