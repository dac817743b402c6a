/** From what a network computes to the operators of one device. */
import path from 'node:path';
import { PentimentoError } from '../../../../shared/errors.ts';
import type { Graph, GraphStep, StepKind, StepOf, Weight } from '../ir.ts';
import { encodeModel, type OnnxNode, type Port } from '../onnx/model.ts';
import type { WeightChanges } from '../weightChange.ts';
import { Emitter, type Precision } from './emitter.ts';

/** Writes the operators of one kind of step and answers the name of the result. */
export type LowerStep<K extends StepKind> = (emit: Emitter, step: StepOf<K>) => string;

/** How one device computes every kind of step. */
export type Lowering = { readonly [K in StepKind]: LowerStep<K> };

export interface LoweringOptions {
  /** Made to the weights they name, while the network loads. */
  readonly changes?: WeightChanges | undefined;
  /** Every matrix of a layer takes a low-rank change with each run. */
  readonly branched?: boolean | undefined;
}

/** A model for onnxruntime whose weights are ranges of files below `root`. */
export interface LoweredModel {
  readonly bytes: Uint8Array;
  /** The weights whose layers take branchInputs with each run. */
  readonly branches: readonly Weight[];
  /** Root of the volume that `files` lie on; undefined without files. */
  readonly root: string | undefined;
  readonly files: readonly string[];
}

/**
 * Reals enter and leave as float32 whatever the precision inside. Throws E_FILE when the weights lie
 * on different volumes, which one session cannot open.
 */
export function lowerGraph(
  graph: Graph,
  lowering: Lowering,
  precision: Precision,
  options: LoweringOptions = {},
): LoweredModel {
  const emit = new Emitter(precision, { ...options, repeated: graph.repeated });
  const inputs: Port[] = [];
  for (const [name, value] of graph.inputs) {
    const isReal = value.type === 'real';
    inputs.push({ name, type: isReal ? 'float32' : 'int32', shape: value.shape });
    emit.bind(value, isReal && precision !== 'float32' ? emit.cast(name, precision) : name);
  }
  for (const step of graph.steps) emit.bind(step.out, lowerStep(lowering, emit, step));
  const outputs: Port[] = [];
  for (const [name, value] of graph.outputs) {
    emit.finishAs(name, emit.value(value));
    outputs.push({ name, type: 'float32', shape: value.shape });
  }
  inputs.push(...emit.branchPorts());
  const nodes = usedNodes(
    emit.nodes,
    outputs.map(({ name }) => name),
  );
  const initializers = [...emit.initializers.values()];
  const bytes = encodeModel({ name: graph.name, inputs, outputs, initializers, nodes });
  const files = [...emit.files];
  return { bytes, files, root: commonRoot(files), branches: [...emit.branches.values()] };
}

/** Without those whose results nothing asks for. */
function usedNodes(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const wanted = new Set(outputs);
  const used: OnnxNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    for (const name of node.inputs) wanted.add(name);
    used.push(node);
  }
  return used.toReversed();
}

function lowerStep(lowering: Lowering, emit: Emitter, step: GraphStep): string {
  // The table pairs each kind with its own step; TypeScript cannot follow that through an index.
  const lower = lowering[step.kind] as (emit: Emitter, step: GraphStep) => string;
  return lower(emit, step);
}

function commonRoot(files: readonly string[]): string | undefined {
  const roots = new Set(files.map((file) => path.parse(file).root));
  if (roots.size > 1) {
    throw new PentimentoError('E_FILE', 'The parts of one model must lie on the same drive.');
  }
  return [...roots][0];
}
