/** The beginning of a .safetensors file that we write. */
import type { FileHandle } from 'node:fs/promises';
import type { StoredType } from './types.ts';

/** One tensor of the file, in the order in which the data follows. */
export interface HeaderTensor {
  readonly name: string;
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  /** Length of its data. */
  readonly bytes: number;
}

export interface SafetensorsHeader {
  readonly bytes: Uint8Array;
  /** Length of everything that must follow. */
  readonly dataBytes: number;
}

/** Where the data begins: whole pages map best. */
const pageBytes = 4096;

export function safetensorsHeader(
  tensors: readonly HeaderTensor[],
  metadata?: Readonly<Record<string, string>>,
): SafetensorsHeader {
  const header = new Map<string, unknown>(metadata ? [['__metadata__', metadata]] : []);
  let at = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    header.set(name, { dtype, shape, data_offsets: [at, at + bytes] });
    at += bytes;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)), 'utf8');
  const length = Math.ceil((8 + json.length) / pageBytes) * pageBytes - 8;
  const bytes = Buffer.alloc(8 + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length));
  json.copy(bytes, 8);
  return { bytes, dataBytes: at };
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
