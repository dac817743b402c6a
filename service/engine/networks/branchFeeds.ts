/**
 * Changes that need no loading: plain low-rank ones of a layer's matrix go to the network as inputs
 * of every run (graph/lower/lowRankBranch.ts). All others are made while the network loads.
 */
import type { Graph, Weight } from '../graph/ir.ts';
import {
  branchInputs,
  branchRows,
  type LowRank,
  type WeightChange,
  type WeightChanges,
} from '../graph/weightChange.ts';
import { sizeOfShape } from '../tensor.ts';
import type { Feed, Feeds } from '../runtime/network.ts';
import { readValues } from '../weights/readValues.ts';

/** A change in the form that branches take. */
interface BranchChange extends WeightChange {
  readonly change: LowRank;
}

export interface SplitChanges {
  /** Made while the network loads. */
  readonly merged: WeightChanges;
  readonly branches: ReadonlyMap<string, readonly BranchChange[]>;
}

/** The matrices of a graph's layers, by name. */
export function layerMatrices(graph: Graph): ReadonlyMap<string, Weight> {
  const layers = graph.steps.filter((step) => step.kind === 'linear' || step.kind === 'geglu');
  return new Map(layers.map(({ weight }) => [weight.name, weight]));
}

/** Nothing but the request and the model decides: another order of requests gives no other numbers. */
export function splitChanges(
  changes: WeightChanges,
  matrices: ReadonlyMap<string, Weight>,
): SplitChanges {
  const merged = new Map<string, readonly WeightChange[]>();
  const branches = new Map<string, readonly BranchChange[]>();
  for (const [name, list] of changes) {
    const matrix = matrices.get(name);
    if (matrix && list.every(isBranch) && isWorthwhile(list, matrix)) branches.set(name, list);
    else merged.set(name, list);
  }
  return { merged, branches };
}

function isBranch(change: WeightChange): change is BranchChange {
  return change.change.form === 'lowRank' && !change.change.core && !change.magnitude;
}

function rankOf({ change }: BranchChange): number {
  return change.first ?? change.down.shape[0];
}

/** A branch may cost at most what the layer itself does. */
function isWorthwhile(list: readonly BranchChange[], { shape: [out, inputs] }: Weight): boolean {
  const rank = list.reduce((sum, change) => sum + rankOf(change), 0);
  return rank * (out + inputs) <= out * inputs;
}

/** More rows than any layer has. */
const allRows = 2n ** 31n;

/** The inputs of all matrices; those that nothing changes have rank 0. Throws E_FILE, E_MODEL_CHANGED. */
export async function branchFeeds(
  branches: SplitChanges['branches'],
  matrices: ReadonlyMap<string, Weight>,
): Promise<Feeds> {
  const stored = [...branches.values()].flat().flatMap(({ change: { up, down } }) => [up, down]);
  const values = await readValues(stored.map((weight) => weight.stored));
  const read = new Map(stored.map((weight, i) => [weight, values[i]]));
  const feeds: Record<string, Feed> = {};
  if (matrices.size > 0) {
    const data = BigInt64Array.of(branches.size > 0 ? allRows : 1n);
    feeds[branchRows.name] = { data, shape: branchRows.shape };
  }
  for (const [name, matrix] of matrices) {
    const { down, up } = branchInputs(matrix);
    const [out, inputs] = matrix.shape;
    const list = branches.get(name) ?? [];
    const rank = list.reduce((sum, change) => sum + rankOf(change), 0);
    feeds[down.name] = { data: joinedDown(list, read, rank * inputs), shape: [rank, inputs] };
    feeds[up.name] = { data: joinedUp(list, read, [out, rank]), shape: [out, rank] };
  }
  return feeds;
}

type Read = ReadonlyMap<Weight, Float32Array>;

/** All `down` under each other. */
function joinedDown(list: readonly BranchChange[], read: Read, size: number): Float32Array {
  // The commonest case, without a copy.
  if (list.length === 1)
    return (read.get(list[0].change.down) ?? new Float32Array()).subarray(0, size);
  const joined = new Float32Array(size);
  let at = 0;
  for (const one of list) {
    const { down } = one.change;
    const values = read.get(down) ?? new Float32Array();
    const part = values.subarray(0, rankOf(one) * sizeOfShape(down.shape.slice(1)));
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** All `up` beside each other, each times its strength. */
function joinedUp(
  list: readonly BranchChange[],
  read: Read,
  [out, rank]: readonly [number, number],
): Float32Array {
  const joined = new Float32Array(out * rank);
  let column = 0;
  for (const one of list) {
    const { up } = one.change;
    const values = read.get(up) ?? new Float32Array();
    const factor = one.scale * one.multiplier;
    const [width, used] = [sizeOfShape(up.shape.slice(1)), rankOf(one)];
    for (let row = 0; row < out; row++) {
      for (let i = 0; i < used; i++) {
        joined[row * rank + column + i] = values[row * width + i] * factor;
      }
    }
    column += used;
  }
  return joined;
}
