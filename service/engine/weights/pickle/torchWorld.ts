/**
 * What a PyTorch file may name in its pickle: tensors over storages, plain containers, and a few
 * training leftovers that are read as empty. Everything else is refused by name.
 */
import type { StoredType } from '../types.ts';
import type { PickleWorld } from './pickle.ts';
import {
  PickleDamaged,
  PickleGlobal,
  PickleObject,
  PickleTuple,
  PickleUnsafe,
  type PickleValue,
} from './pickleValues.ts';

/** A run of numbers in the file; `dtype` is undefined for storages of bytes whose tensors name their own type. */
export class TorchStorage extends PickleObject {
  readonly kind = 'storage';
  readonly key: string;
  readonly dtype: StoredType | undefined;
  /** Elements, as the pickle claims. */
  readonly length: number;

  constructor(key: string, dtype: StoredType | undefined, length: number) {
    super();
    this.key = key;
    this.dtype = dtype;
    this.length = length;
  }
}

export class TorchTensor extends PickleObject {
  readonly kind = 'tensor';
  readonly storage: TorchStorage;
  readonly dtype: StoredType;
  /** In elements, from the storage's beginning. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements from one item of an axis to the next. */
  readonly stride: readonly number[];

  constructor(fields: {
    storage: TorchStorage;
    dtype: StoredType;
    offset: number;
    shape: readonly number[];
    stride: readonly number[];
  }) {
    super();
    this.storage = fields.storage;
    this.dtype = fields.dtype;
    this.offset = fields.offset;
    this.shape = fields.shape;
    this.stride = fields.stride;
  }
}

/** A dictionary of parameters, saved whole: what it holds is in its state. */
export class TorchModule extends PickleObject {
  readonly kind = 'module';
  state: PickleValue = null;
}

/** An object that carries nothing a model needs. */
class Inert extends PickleObject {
  readonly kind = 'inert';
}

const storageTypes: Readonly<Record<string, StoredType | 'bytes'>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
  'torch.UntypedStorage': 'bytes',
  'torch.storage.UntypedStorage': 'bytes',
};

const numberTypes: Readonly<Record<string, StoredType>> = {
  'torch.float64': 'F64',
  'torch.float32': 'F32',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.int16': 'I16',
  'torch.int8': 'I8',
  'torch.uint8': 'U8',
  'torch.bool': 'BOOL',
};

type Call = (args: readonly PickleValue[]) => PickleValue;

const inert: Call = () => new Inert();

const calls: Readonly<Record<string, Call>> = {
  'torch._utils._rebuild_tensor': (args) => tensorOf(args),
  'torch._utils._rebuild_tensor_v2': (args) => tensorOf(args),
  'torch._utils._rebuild_tensor_v3': (args) => tensorOf(args, args[6]),
  'torch._utils._rebuild_parameter': (args) => tensorIn(args),
  'torch._utils._rebuild_parameter_with_state': (args) => tensorIn(args),
  'torch._tensor._rebuild_from_type_v2': inert,
  'torch.Size': (args) => args[0] ?? null,
  'torch.device': inert,
  // Filled item by item afterwards.
  'collections.OrderedDict': () => new Map(),
  'collections.defaultdict': () => new Map(),
  'torch.nn.modules.container.ParameterDict': () => new TorchModule(),
  'builtins.set': (args) => args[0] ?? [],
  '__builtin__.set': (args) => args[0] ?? [],
  // Training leftovers in published checkpoints: step counters and callbacks.
  '_codecs.encode': inert,
  'numpy.dtype': inert,
  'numpy.ndarray': inert,
  'numpy.core.multiarray.scalar': inert,
  'numpy.core.multiarray._reconstruct': inert,
  'numpy._core.multiarray.scalar': inert,
  'numpy._core.multiarray._reconstruct': inert,
  'argparse.Namespace': inert,
  'pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint': inert,
  'pytorch_lightning.utilities.parsing.AttributeDict': () => new Map(),
  'omegaconf.dictconfig.DictConfig': inert,
  'omegaconf.listconfig.ListConfig': inert,
  'omegaconf.base.ContainerMetadata': inert,
  'omegaconf.base.Metadata': inert,
  'omegaconf.nodes.AnyNode': inert,
  'typing.Any': inert,
  'builtins.int': inert,
  'builtins.dict': () => new Map(),
  'builtins.list': () => [],
  '__builtin__.long': inert,
  '__builtin__.int': inert,
  '__builtin__.dict': () => new Map(),
  '__builtin__.list': () => [],
};

const known = (path: string): boolean =>
  Object.hasOwn(calls, path) ||
  Object.hasOwn(storageTypes, path) ||
  Object.hasOwn(numberTypes, path);

/** Names, calls and storages of PyTorch's own files; every storage that is named goes into `storages`. */
export const torchWorld = (storages: Map<string, TorchStorage>): PickleWorld => ({
  named({ path }) {
    if (!known(path)) throw new PickleUnsafe(path);
  },

  call({ path }, args) {
    if (!Object.hasOwn(calls, path)) throw new PickleUnsafe(`a call of ${path}`);
    return calls[path](args);
  },

  build(object, state) {
    // A module keeps its items in its state; the state of a dictionary is bookkeeping.
    if (object instanceof TorchModule) object.state = state;
    return object;
  },

  persistent(id) {
    const [what, type, key, , length, view] = id instanceof PickleTuple ? id.items : [];
    if (what !== 'storage' || typeof key !== 'string' || !isCount(length)) {
      throw new PickleDamaged('a tensor lies in an unknown place');
    }
    const path = type instanceof PickleGlobal ? type.path : '';
    if (!Object.hasOwn(storageTypes, path)) throw new PickleDamaged('a storage has no known type');
    if (view !== undefined && view !== null)
      throw new PickleDamaged('a storage is part of another');
    const known = storages.get(key);
    if (known) return known;
    const dtype = storageTypes[path];
    const storage = new TorchStorage(key, dtype === 'bytes' ? undefined : dtype, length);
    storages.set(key, storage);
    return storage;
  },
});

function tensorIn([tensor]: readonly PickleValue[]): TorchTensor {
  if (!(tensor instanceof TorchTensor)) throw new PickleDamaged('a parameter holds no tensor');
  return tensor;
}

function tensorOf(args: readonly PickleValue[], type?: PickleValue): TorchTensor {
  const [storage, offset, shape, stride] = args;
  if (!(storage instanceof TorchStorage) || !isCount(offset)) {
    throw new PickleDamaged('a tensor has no storage');
  }
  const named = type instanceof PickleGlobal ? numberTypes[type.path] : undefined;
  const dtype = named ?? storage.dtype;
  if (!dtype) throw new PickleDamaged('a tensor has no number type');
  const fields = { storage, dtype, offset, shape: counts(shape), stride: counts(stride) };
  if (fields.shape.length !== fields.stride.length) {
    throw new PickleDamaged('a tensor has not as many strides as axes');
  }
  return new TorchTensor(fields);
}

function counts(value: PickleValue | undefined): readonly number[] {
  const items = value instanceof PickleTuple ? value.items : Array.isArray(value) ? value : [];
  const isList = value instanceof PickleTuple || Array.isArray(value);
  if (!isList || items.length > 16 || !items.every(isCount)) {
    throw new PickleDamaged('the shape of a tensor is not valid');
  }
  return items;
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
