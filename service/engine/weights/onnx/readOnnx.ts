/**
 * What an ONNX file (onnx.proto) takes and answers, and where its weights lie. Nothing is loaded; every
 * place that the file names is checked, since the runtime will map what it names.
 */
import { dirname } from 'node:path';
import { PentimentoError } from '../../../../shared/errors.ts';
import { fileError, openModelFile, readExactly } from '../modelFile.ts';
import type { FileStamp, NetworkWeights, StoredTensor } from '../types.ts';
import { readGraph, type GraphHeader, type OnnxPort } from './onnxGraph.ts';
import { OnnxError, type ByteSource } from './protoFields.ts';
import { placeTensors } from './placeTensors.ts';

export interface OnnxFile {
  /** As it was asked for; names of weight files are relative to its folder. */
  readonly path: string;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Its constants by their names; those stored in other ways than as plain bytes are left out. */
  readonly weights: NetworkWeights;
  /** Draws random numbers of its own. */
  readonly isRandom: boolean;
  /** The file, and those that its weights lie in. */
  readonly files: readonly FileStamp[];
}

const windowBytes = 128 * 1024;

/** Throws E_FILE, E_MODEL_DAMAGED (with the reason) or E_MODEL_MISSING_PART (a file of weights). */
export async function readOnnx(path: string): Promise<OnnxFile> {
  const { handle, stamp } = await openModelFile(path);
  try {
    const whole = { begin: 0, end: stamp.sizeBytes };
    if (stamp.sizeBytes === 0) throw new OnnxError('it is empty');
    const graph = await readGraph(fileSource(handle, stamp.sizeBytes), whole);
    return await located(path, stamp, graph);
  } catch (error) {
    if (error instanceof OnnxError) throw fileError('E_MODEL_DAMAGED', path, error.message, error);
    if (error instanceof PentimentoError) throw error;
    throw fileError('E_FILE', path, 'it cannot be read', error);
  } finally {
    await handle.close();
  }
}

async function located(path: string, stamp: FileStamp, graph: GraphHeader): Promise<OnnxFile> {
  const { placed, files } = await placeTensors(graph.tensors, { folder: dirname(path), stamp });
  const weights = new Map<string, StoredTensor>();
  for (const { name, stored } of placed) {
    if (stored && graph.initializers.has(name)) weights.set(name, stored);
  }
  // Files older than IR version 4 list their weights as inputs, too.
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const { outputs, isRandom } = graph;
  return { path, inputs, outputs, weights, isRandom, files: [stamp, ...files] };
}

/** Reads through a window: headers are many small pieces side by side. */
function fileSource(handle: Parameters<typeof readExactly>[0], size: number): ByteSource {
  let window = new Uint8Array(0);
  let begin = 0;
  return {
    async read(position, length) {
      if (position < begin || position + length > begin + window.length) {
        const bytes = new Uint8Array(Math.min(Math.max(length, windowBytes), size - position));
        await readExactly(handle, bytes, position);
        [window, begin] = [bytes, position];
      }
      return window.subarray(position - begin, position - begin + length);
    },
  };
}
