/** Which tensors of a PyTorch file are the model, under which names. */
import { PickleTuple, type PickleValue } from './pickleValues.ts';
import { TorchModule, TorchTensor } from './torchWorld.ts';

/** Keys that hold the weights of a training checkpoint, the better ones first. */
const wrappers = ['state_dict', 'params_ema', 'params', 'model_state_dict', 'module', 'model'];
/** Deeper nesting is no model. */
const maxDepth = 4;

export interface TorchContents {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** Short texts and numbers that lie beside them (an embedding's name). */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * The named tensors of what a pickle held: of the dictionary itself, or of the one that a training
 * program put them in. A textual inversion's vectors come out as `emb_params`.
 */
export function torchContents(root: PickleValue): TorchContents {
  const metadata = new Map<string, string>();
  let found = root;
  for (let depth = 0; depth < maxDepth; depth++) {
    if (found instanceof TorchTensor) {
      return { tensors: new Map([['emb_params', found]]), metadata };
    }
    const dict = dictOf(found);
    if (!dict) break;
    noteTexts(dict, metadata);
    const embedding = dictOf(dict.get('string_to_param') ?? null);
    if (embedding) return { tensors: embeddingOf(embedding), metadata };
    const inner = wrappers.map((key) => dict.get(key)).find((value) => dictOf(value ?? null));
    if (inner === undefined) return { tensors: tensorsOf(dict), metadata };
    found = inner;
  }
  return { tensors: new Map(), metadata };
}

/** A dictionary, or the one in a module's state. */
function dictOf(value: PickleValue): ReadonlyMap<PickleValue, PickleValue> | undefined {
  if (value instanceof Map) return value;
  if (!(value instanceof TorchModule) || !(value.state instanceof Map)) return undefined;
  const parameters = value.state.get('_parameters');
  return parameters instanceof Map ? parameters : value.state;
}

function tensorsOf(dict: ReadonlyMap<PickleValue, PickleValue>): ReadonlyMap<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, value] of dict) {
    if (typeof name === 'string' && value instanceof TorchTensor) tensors.set(name, value);
  }
  return tensors;
}

function embeddingOf(
  dict: ReadonlyMap<PickleValue, PickleValue>,
): ReadonlyMap<string, TorchTensor> {
  const [first] = tensorsOf(dict).values();
  return first ? new Map([['emb_params', first]]) : new Map();
}

function noteTexts(
  dict: ReadonlyMap<PickleValue, PickleValue>,
  metadata: Map<string, string>,
): void {
  for (const [key, value] of dict) {
    if (metadata.size >= 64) return;
    if (typeof key !== 'string' || key.length > 64 || value instanceof PickleTuple) continue;
    if (typeof value === 'number') metadata.set(key, String(value));
    if (typeof value === 'string' && value.length <= 512) metadata.set(key, value);
  }
}
