/** One network of a model: its graph for the size asked for, loaded on the device when it is needed. */
import type { Graph } from '../graph/ir.ts';
import type { WeightChanges } from '../graph/weightChange.ts';
import type { Precision } from '../graph/lower/emitter.ts';
import { lowerGraph } from '../graph/lower/lowering.ts';
import type { Device } from '../runtime/device.ts';
import { loadNetwork, type Feeds, type Network } from '../runtime/network.ts';
import { NetworkShelf } from '../runtime/networkShelf.ts';
import type { SessionTuning } from '../runtime/sessionOptions.ts';
import type { Tensor } from '../tensor.ts';
import { float32Copy } from '../weights/float32Copy.ts';
import { assertUnchanged } from '../weights/modelFile.ts';
import type { FileStamp, NetworkWeights } from '../weights/types.ts';
import { adapterChanges, type AdaptedWeights, type Adapter } from './adapterChanges.ts';
import { branchFeeds, layerMatrices, splitChanges } from './branchFeeds.ts';
import type { DeviceAbilities } from './deviceAbilities.ts';
import type { AdapterSet } from './openAdapters.ts';
import { weightBytesOf, type NetworkMemory } from './residentNetworks.ts';

/** What all networks of one model share. */
export interface PartContext {
  readonly device: Device;
  readonly abilities: DeviceAbilities;
  readonly cacheFolder: string;
  /** The files as they were when the model was opened. */
  readonly files: readonly FileStamp[];
  readonly onStage?: ((name: string) => void) | undefined;
  /** What may be taken of the memory; those that make several networks of a model see to it themselves. */
  readonly memory?: NetworkMemory | undefined;
  /** The LoRA files in use from now on. */
  readonly adapters?: { readonly current: AdapterSet };
}

export interface PartOptions {
  /** As the user reads it: 'text encoder'. */
  readonly name: string;
  readonly weights: NetworkWeights;
  /** Sizes kept loaded at once. */
  readonly kept: number;
  /** Computes in float32 even where the device would in float16. */
  readonly exact?: boolean;
  readonly tuning?: SessionTuning;
  /** As which network LoRA files know it; undefined: they do not. */
  readonly adapted?: Pick<AdaptedWeights, 'network' | 'layers'>;
}

export interface NetworkPart {
  /**
   * Runs the network in the size of `key`; `build` writes its graph when that size is not loaded.
   * Throws E_MODEL_CHANGED, E_MODEL_DAMAGED, E_MEMORY, E_DEVICE, E_DISK_FULL, E_STORAGE.
   */
  run(
    key: string,
    build: (weights: NetworkWeights) => Graph,
    feeds: Feeds,
  ): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

type BuildGraph = (weights: NetworkWeights) => Graph;

/** What the LoRA files in use do to one network. */
interface Adaptation {
  /** The network's key and the files'. */
  readonly asked: string;
  /** Networks with the same one may be used for each other. */
  readonly mergedKey: string;
  readonly merged: WeightChanges;
  /** Goes with every run. */
  readonly feeds: Feeds;
}

const unadapted: Adaptation = { asked: '', mergedKey: '', merged: new Map(), feeds: {} };

export function makeNetworkPart(context: PartContext, options: PartOptions): NetworkPart {
  const { device, abilities, adapters, onStage } = context;
  const precision = options.exact ? 'float32' : abilities.precision;
  const shelf = new NetworkShelf(options.kept);

  const adapts = adapters && options.adapted && { adapters, adapted: options.adapted };
  let adaptation: Adaptation | undefined;

  /** What the LoRA files do to the network of that key. */
  async function adaptationOf(key: string, build: BuildGraph): Promise<Adaptation> {
    const set = adapts?.adapters.current;
    if (!adapts || !set) return unadapted;
    const asked = `${key} ${set.key}`;
    if (adaptation?.asked === asked) return adaptation;
    const weights = { ...adapts.adapted, weights: options.weights };
    const matrices = device.branches ? layerMatrices(build(options.weights)) : new Map();
    const split = async (adapters: readonly Adapter[]) =>
      splitChanges(await adapterChanges(adapters, weights), matrices);
    const { merged: wanted, branches } = await split(set.adapters);
    const feeds = await branchFeeds(branches, matrices);
    const merged = wanted.size > 0 ? (await split(await set.readable())).merged : wanted;
    await assertUnchanged(set.files);
    adaptation = { asked, mergedKey: merged.size > 0 ? set.key : '', merged, feeds };
    return adaptation;
  }

  async function load(build: BuildGraph, changes: WeightChanges): Promise<Network> {
    // A session maps the files: offsets must still mean what they meant when they were read.
    await assertUnchanged(context.files);
    const weights = await readableWeights(context, options, build);
    onStage?.(`loading the ${options.name}`);
    const { bytes, root } = lowerGraph(build(weights), abilities.lowering, precision, {
      changes,
      branched: adapts !== undefined && device.branches,
    });
    const weightsInPlace = abilities.channelBlock !== undefined && isLarge(options.weights);
    return loadNetwork(bytes, { device: device.name, root, weightsInPlace, ...options.tuning });
  }

  return {
    async run(key, build, feeds) {
      const { mergedKey, merged, feeds: branches } = await adaptationOf(key, build);
      const network = await shelf.take(`${key} ${mergedKey}`, () => load(build, merged));
      return network.run({ ...feeds, ...branches });
    },
    async dispose() {
      adaptation = undefined;
      await shelf.clear();
    },
  };
}

/** Above this repacking the matrices takes longer, and more memory, than a run gains by it; bytes. */
const leastInPlace = 0.25e9;

function isLarge(weights: NetworkWeights): boolean {
  return weightBytesOf(weights, 'float32') >= leastInPlace;
}

/** Formats that a device reads where they lie: the CPU would convert float16 at each load. */
const readable: Record<Precision, readonly string[]> = {
  float32: ['F32'],
  float16: ['F32', 'F16'],
};

async function readableWeights(
  { device, abilities, cacheFolder, onStage }: PartContext,
  { name, weights }: PartOptions,
  build: BuildGraph,
): Promise<NetworkWeights> {
  const formats = readable[device.precision];
  if ([...weights.values()].every(({ dtype }) => formats.includes(dtype))) return weights;
  onStage?.(`preparing the ${name}`);
  const { channelBlock: size } = abilities;
  const blocks = size === undefined ? undefined : { size, names: kernelNames(build(weights)) };
  return float32Copy(weights, { cacheFolder, blocks });
}

/** The weights that plain convolutions use and nothing else, at whatever size the graph is. */
function kernelNames({ steps }: Graph): ReadonlySet<string> {
  const names = new Set<string>();
  for (const step of steps) if (step.kind === 'conv') names.add(step.weight.name);
  for (const step of steps) if (step.kind === 'doubledConv') names.delete(step.weight.name);
  return names;
}
