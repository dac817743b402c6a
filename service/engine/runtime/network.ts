/** The only door to onnxruntime: loads a model, runs it, lets it go. It knows no diffusion. */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { tensor, type Tensor } from '../tensor.ts';
import type { DeviceName } from './device.ts';
import { runtimeError } from './runtimeError.ts';
import { sessionOptions, type SessionTuning } from './sessionOptions.ts';

/** Real tensors, or token ids. */
export type Feed = Tensor | { readonly data: Int32Array; readonly shape: readonly number[] };
export type Feeds = Readonly<Record<string, Feed>>;

/** A loaded model. Calls must not overlap; `run` blocks its thread while the device works. */
export interface Network {
  /** Float32 outputs by name. Throws E_MEMORY, E_DEVICE or E_INTERNAL. */
  run(feeds: Feeds): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

export interface LoadOptions extends SessionTuning {
  readonly device: DeviceName;
  /** Folder that the model's external locations are relative to: the root of their volume. */
  readonly root?: string | undefined;
}

/**
 * Loads an ONNX model from its bytes; weights come from the files it names.
 * Throws E_MODEL_DAMAGED, E_MEMORY, E_DEVICE or E_INTERNAL.
 */
export async function loadNetwork(model: Uint8Array, options: LoadOptions): Promise<Network> {
  const { device } = options;
  const ort = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, sessionOptions(options));
  } catch (error) {
    throw runtimeError(error, device, 'load');
  }
  return {
    async run(feeds) {
      try {
        const inputs = Object.entries(feeds).map(([name, feed]) => [name, toOrt(ort, feed)]);
        const outputs = await session.run(Object.fromEntries(inputs));
        return Object.fromEntries(
          Object.entries(outputs).map(([name, output]) => [name, fromOrt(output)]),
        );
      } catch (error) {
        throw runtimeError(error, device, 'run');
      }
    },
    dispose: () => session.release(),
  };
}

function toOrt(ort: typeof import('onnxruntime-node'), feed: Feed): OrtTensor {
  return feed.data instanceof Float32Array
    ? new ort.Tensor('float32', feed.data, feed.shape)
    : new ort.Tensor('int32', feed.data, feed.shape);
}

function fromOrt(output: OrtTensor): Tensor {
  if (!(output.data instanceof Float32Array)) {
    throw new TypeError(`Expected a float32 output but received ${output.type}`);
  }
  return tensor(output.data, output.dims);
}
