/** Reads reference cases from a folder: `<folder>/<kind>/<name>.json` with tensors and pictures beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import type { Case, CaseTensor, Picture, Tolerance } from './case.ts';

export interface CaseFile {
  readonly kind: string;
  readonly path: string;
}

/** Every case below the folder, sorted by kind and name; `kinds` limits them. */
export function listCases(root: string, kinds: readonly string[] = []): CaseFile[] {
  const found: CaseFile[] = [];
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory() || (kinds.length > 0 && !kinds.includes(entry.name))) continue;
    for (const name of readdirSync(join(root, entry.name)).sort()) {
      if (name.endsWith('.json'))
        found.push({ kind: entry.name, path: join(root, entry.name, name) });
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The case at `path`; undefined when the JSON beside a case is data of its own (no `kind`). */
export function readCase(path: string, root: string): Case | undefined {
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isRecord(json) || typeof json['kind'] !== 'string' || !isRecord(json['expect']))
    return undefined;
  const folder = dirname(path);
  const name = basename(path, '.json');
  let tensors: Map<string, CaseTensor> | undefined;
  const field = (reference: unknown, key: string): string => {
    if (isRecord(reference) && typeof reference[key] === 'string') return reference[key];
    throw new Error(`Expected { "${key}": ... } but received ${JSON.stringify(reference)}`);
  };
  return {
    kind: json['kind'],
    name,
    folder,
    root,
    input: isRecord(json['input']) ? json['input'] : {},
    expect: json['expect'],
    tolerance: (json['tolerance'] ?? {}) as Record<string, Tolerance>,
    tensor(reference) {
      tensors ??= readTensors(join(folder, `${name}.safetensors`));
      const found = tensors.get(field(reference, 'tensor'));
      if (!found) throw new Error(`No tensor ${JSON.stringify(reference)}`);
      return found;
    },
    picture: (reference) => readPicture(join(folder, field(reference, 'png'))),
    file: (reference) => readFileSync(join(folder, field(reference, 'file'))),
  };
}

export async function readPicture(path: string): Promise<Picture> {
  const image = sharp(path, { limitInputPixels: false });
  const meta = await image.metadata();
  const deep = meta.depth === 'ushort';
  const raw = image.raw({ depth: deep ? 'ushort' : 'uchar' });
  // libvips turns grey into three equal channels unless it is told the space.
  const grey = meta.channels !== undefined && meta.channels <= 2;
  const { data, info } = await (grey ? raw.toColourspace(deep ? 'grey16' : 'b-w') : raw).toBuffer({
    resolveWithObject: true,
  });
  const copy = new Uint8Array(data);
  return {
    width: info.width,
    height: info.height,
    channels: info.channels,
    bits: deep ? 16 : 8,
    data: deep ? new Uint16Array(copy.buffer) : copy,
  };
}

interface TensorHeader {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** All tensors of a small .safetensors file, as typed arrays. */
export function readTensors(path: string): Map<string, CaseTensor> {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    TensorHeader
  >;
  const tensors = new Map<string, CaseTensor>();
  for (const [name, h] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const slice = new Uint8Array(
      bytes.subarray(8 + headerLength + h.data_offsets[0], 8 + headerLength + h.data_offsets[1]),
    );
    tensors.set(name, { dtype: h.dtype, shape: h.shape, data: typed(h.dtype, slice.buffer) });
  }
  return tensors;
}

function typed(dtype: string, buffer: ArrayBuffer): CaseTensor['data'] {
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F64':
      return new Float64Array(buffer);
    case 'I64':
      return new BigInt64Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'U16':
    case 'F16':
    case 'BF16':
      return new Uint16Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}
