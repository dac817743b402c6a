/** One network of an ONNX folder, loaded as it is when it is first used. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PentimentoError } from '../../../../shared/errors.ts';
import { halfBits } from '../../graph/onnx/half.ts';
import { withoutNoise } from '../../graph/onnx/withoutNoise.ts';
import { loadNetwork, type Feed, type Network } from '../../runtime/network.ts';
import { NetworkShelf } from '../../runtime/networkShelf.ts';
import type { SessionTuning } from '../../runtime/sessionOptions.ts';
import type { Tensor } from '../../tensor.ts';
import { assertUnchanged } from '../../weights/modelFile.ts';
import type { OnnxPort, OnnxType } from '../../weights/onnx/onnxGraph.ts';
import type { OnnxFile } from '../../weights/onnx/readOnnx.ts';
import { toFloat32 } from '../../weights/toFloat32.ts';
import type { PartContext } from '../networkPart.ts';

/** What the networks of a folder share. */
export type OnnxContext = Pick<PartContext, 'device' | 'files' | 'onStage'>;

/** Numbers for an input, in whatever format it takes. */
export type Numbers = Tensor | { readonly data: Int32Array; readonly shape: readonly number[] };

export interface OnnxPart {
  /**
   * The outputs of those names, float32. Throws E_MODEL_ABILITY for sizes that the network was not
   * exported for, E_MODEL_DAMAGED, E_MODEL_CHANGED, E_MEMORY, E_DEVICE.
   */
  run(
    feeds: Readonly<Record<string, Numbers>>,
    outputs: readonly string[],
  ): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

export interface OnnxPartOptions {
  /** As the user reads it: 'text encoder'. */
  readonly name: string;
  readonly file: OnnxFile;
  readonly tuning?: SessionTuning;
}

export function makeOnnxPart(
  { device, files, onStage }: OnnxContext,
  { name, file, tuning }: OnnxPartOptions,
): OnnxPart {
  const shelf = new NetworkShelf(1);

  async function load(): Promise<Network> {
    // What was checked must be what is loaded.
    await assertUnchanged(files);
    onStage?.(`loading the ${name}`);
    const model = file.isRandom ? await withoutNoise(await readFile(file.path)) : file.path;
    const root = typeof model === 'string' ? {} : { root: dirname(file.path) };
    return loadNetwork(model, {
      device: device.name,
      readHalf: floatsOf,
      ...root,
      silent: true,
      ...tuning,
    });
  }

  return {
    async run(numbers, outputs) {
      const feeds = Object.entries(numbers).map(([input, given]) => {
        const port = file.inputs.find((own) => own.name === input);
        if (!port) throw new RangeError(`The ${name} has no input "${input}"`);
        return [input, feedOf(name, port, given)] as const;
      });
      try {
        const network = await shelf.take('', load);
        return await network.run(Object.fromEntries(feeds), outputs);
      } catch (error) {
        throw ofTheFile(name, error);
      }
    },
    dispose: () => shelf.clear(),
  };
}

/** The graph is not ours: what the runtime does not understand is the file's fault. */
function ofTheFile(name: string, error: unknown): unknown {
  if (!(error instanceof PentimentoError) || error.code !== 'E_INTERNAL') return error;
  const what = `The graph of the ${name} cannot be computed.`;
  return new PentimentoError('E_MODEL_DAMAGED', what, { cause: error });
}

function feedOf(name: string, port: OnnxPort, { data, shape }: Numbers): Feed {
  const { type, shape: wanted } = port;
  if (wanted && !wanted.every((side, i) => side === undefined || side === shape[i])) {
    const sides = wanted.map((side) => side ?? '?').join(', ');
    const what = `The ${name} was exported for [${sides}] only, and is asked for [${shape.join(', ')}].`;
    throw new PentimentoError('E_MODEL_ABILITY', what);
  }
  const write = writers[type ?? 'F32'];
  return write ? { data: write(data), shape } : { data: Float32Array.from(data), shape };
}

type Data = Numbers['data'];
type WrittenData = Exclude<Feed['data'], Float32Array>;

/** How an input's numbers are written; float32 where nothing else is said. */
const writers: Readonly<Partial<Record<OnnxType, (data: Data) => WrittenData>>> = {
  F16: halfBits,
  I64: (data) => BigInt64Array.from(data, (value) => BigInt(Math.round(value))),
  I32: (data) => Int32Array.from(data, Math.round),
};

function floatsOf(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  toFloat32('F16', new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength), out);
  return new Float32Array(out.buffer);
}
