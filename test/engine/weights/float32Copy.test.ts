import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type * as FsPromises from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { float32Copy } from '../../../service/engine/weights/float32Copy.ts';
import { readSafetensors } from '../../../service/engine/weights/safetensors.ts';
import { toFloat32 } from '../../../service/engine/weights/toFloat32.ts';
import type { NetworkWeights, StoredType } from '../../../service/engine/weights/types.ts';
import { manifestPath } from '../../fixtures/manifest.ts';
import { safetensorsBytes } from '../../fixtures/safetensorsBytes.ts';
import { synthTensor } from '../../fixtures/synth.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';
import { bfloat16Bits, writeModel } from '../../fixtures/writeModel.ts';

/** Lets a test fill the disk: no free space, or a write that fails. */
const disk = vi.hoisted(() => ({
  freeBytes: undefined as number | undefined,
  failWritesOf: undefined as string | undefined,
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FsPromises>();
  return {
    ...real,
    statfs: async (path: string) =>
      disk.freeBytes === undefined ? real.statfs(path) : { bavail: disk.freeBytes, bsize: 1 },
    open: async (...args: Parameters<typeof real.open>) => {
      const handle = await real.open(...args);
      if (disk.failWritesOf !== undefined && String(args[0]).endsWith(disk.failWritesOf)) {
        const write = handle.write.bind(handle) as (...a: unknown[]) => unknown;
        let writes = 0;
        Object.assign(handle, {
          write: (...a: unknown[]) => {
            if (++writes > 1)
              throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
            return write(...a);
          },
        });
      }
      return handle;
    },
  };
});
afterEach(() => {
  disk.freeBytes = undefined;
  disk.failWritesOf = undefined;
});

const folder = temporaryFolder();
let caches = 0;
const newCache = (): string => join(folder, `cache-${caches++}`);

function valuesOf(weights: NetworkWeights, name: string): Float32Array {
  const tensor = weights.get(name);
  if (!tensor || tensor.dtype !== 'F32') throw new Error(`No float32 ${name}`);
  return new Float32Array(
    new Uint8Array(readFileSync(tensor.file).subarray(tensor.begin, tensor.end)).buffer,
  );
}

async function vae(dtype: 'F16' | 'BF16' | 'F32', seed = 4): Promise<NetworkWeights> {
  const out = join(folder, `vae-${dtype}-${seed}.safetensors`);
  if (!existsSync(out))
    await writeModel({ manifest: manifestPath('tiny/tiny-sd1/vae.json'), out, seed, dtype });
  return (await readSafetensors(out)).tensors;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('stored numbers become float32', () => {
  const all = (dtype: StoredType, source: Uint8Array, count: number): Float32Array => {
    const out = new Uint32Array(count);
    toFloat32(dtype, source, out);
    return new Float32Array(out.buffer);
  };

  it('every float16', () => {
    const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const found = all('F16', new Uint8Array(bits.buffer), bits.length);
    expect(found.findIndex((value, i) => !Object.is(value, halfToNumber(i)))).toBe(-1);
  });

  it('every float8, as torch reads it', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const path = join(import.meta.dirname, '../../fixtures/float8Codes.json');
    const meanings = JSON.parse(readFileSync(path, 'utf8')) as Record<string, number[]>;
    for (const dtype of ['F8_E4M3', 'F8_E5M2'] as const) {
      const expected = new Float32Array(Int32Array.from(meanings[dtype]).buffer);
      const found = all(dtype, bytes, 256);
      expect(found.findIndex((value, i) => !Object.is(value, expected[i]))).toBe(-1);
      const scaled = new Uint32Array(256);
      toFloat32(dtype, bytes, scaled, 0.3);
      const times = expected.map((value) => Math.fround(value * 0.3));
      expect([...new Float32Array(scaled.buffer)]).toEqual([...times]);
    }
  });

  it('bfloat16 and float64', () => {
    const values = [1, -2.5, 3e38, 1e-40, Infinity];
    const brain = Uint16Array.from(values, bfloat16Bits);
    expect(Array.from(all('BF16', new Uint8Array(brain.buffer), 5), bfloat16Bits)).toEqual(
      Array.from(brain),
    );
    const doubles = Float64Array.from([1 / 3, -7]);
    expect(Array.from(all('F64', new Uint8Array(doubles.buffer), 2))).toEqual([
      Math.fround(1 / 3),
      -7,
    ]);
    expect(() => all('I32', new Uint8Array(8), 2)).toThrow(RangeError);
  });
});

describe('float32Copy', () => {
  it('holds exactly the values of the source and is found again', async () => {
    const cacheFolder = newCache();
    const source = await vae('F16');
    const copy = await float32Copy(source, { cacheFolder });
    expect([...copy.keys()]).toEqual([...source.keys()]);
    for (const [name, { shape }] of source) {
      expect(copy.get(name)?.shape).toEqual(shape);
      expect(
        Buffer.compare(
          new Uint8Array(valuesOf(copy, name).buffer),
          new Uint8Array(synthTensor(`vae.${name}`, shape, 4).buffer),
        ),
        name,
      ).toBe(0);
    }
    const [file] = readdirSync(cacheFolder);
    const path = join(cacheFolder, file);
    const [first] = [...copy.values()];
    expect(Math.min(...[...copy.values()].map(({ begin }) => begin)) % 4096).toBe(0);
    expect(first.file).toBe(path);
    utimesSync(path, 1000, 1000);
    const before = statSync(path).ino;
    const again = await float32Copy(source, { cacheFolder });
    expect([...again]).toEqual([...copy]);
    expect(statSync(path).ino).toBe(before);
    expect(statSync(path).mtimeMs).toBeGreaterThan(1e12);
    expect(readdirSync(cacheFolder)).toHaveLength(1);
  });

  it('converts bfloat16, leaves float32 where it lies, and mixes', async () => {
    const cacheFolder = newCache();
    const brain = await vae('BF16');
    const full = await vae('F32');
    expect(await float32Copy(full, { cacheFolder })).toBe(full);
    expect(existsSync(cacheFolder)).toBe(false);
    const mixed: NetworkWeights = new Map(
      [...full].map(([name, tensor], i) => [name, i % 2 ? tensor : (brain.get(name) ?? tensor)]),
    );
    const copy = await float32Copy(mixed, { cacheFolder });
    let i = 0;
    for (const [name, tensor] of mixed) {
      if (i++ % 2) expect(copy.get(name)).toBe(tensor);
      else
        expect(Array.from(valuesOf(copy, name), bfloat16Bits)).toEqual(
          Array.from(synthTensor(`vae.${name}`, tensor.shape, 4), bfloat16Bits),
        );
      if (i > 20) break;
    }
  });

  it('is made anew when the source or the copy is no longer the same', async () => {
    const cacheFolder = newCache();
    const source = await vae('F16', 11);
    const [{ file }] = [...source.values()];
    await float32Copy(source, { cacheFolder });
    const [name] = readdirSync(cacheFolder);
    truncateSync(join(cacheFolder, name), 5000);
    const repaired = await float32Copy(source, { cacheFolder });
    expect(valuesOf(repaired, 'quant_conv.bias')).toEqual(
      synthTensor('vae.quant_conv.bias', [8], 11),
    );
    utimesSync(file, 5000, 5000);
    await float32Copy(source, { cacheFolder });
    expect(readdirSync(cacheFolder)).toHaveLength(2);
  });

  it('keeps the folder bounded: the copy not used for longest goes first', async () => {
    const cacheFolder = newCache();
    const sources = [await vae('F16', 21), await vae('F16', 22), await vae('F16', 23)];
    const one = await float32Copy(sources[0], { cacheFolder });
    const size = statSync([...one.values()][0].file).size;
    const two = await float32Copy(sources[1], { cacheFolder });
    const pathOf = (weights: NetworkWeights): string => [...weights.values()][0].file;
    utimesSync(pathOf(one), 2000, 2000);
    utimesSync(pathOf(two), 1000, 1000);
    writeFileSync(join(cacheFolder, 'x.tmp'), 'left by a killed process');
    utimesSync(join(cacheFolder, 'x.tmp'), 1000, 1000);
    writeFileSync(join(cacheFolder, 'notes.txt'), 'not ours');
    const three = await float32Copy(sources[2], { cacheFolder, maxBytes: 2.5 * size });
    expect(readdirSync(cacheFolder).sort()).toEqual(
      [basename(pathOf(one)), basename(pathOf(three)), 'notes.txt'].sort(),
    );
    // What was used a moment ago stays, even when the folder grows over its bound.
    await float32Copy(sources[1], { cacheFolder, maxBytes: 1 });
    expect(existsSync(pathOf(three))).toBe(true);
    expect(existsSync(pathOf(one))).toBe(false);
    await float32Copy(sources[0], { cacheFolder, maxBytes: 1, keepMs: -1 });
    expect(readdirSync(cacheFolder).sort()).toEqual([basename(pathOf(one)), 'notes.txt'].sort());
  });

  it('says that the disk is full, before or while writing, and leaves nothing behind', async () => {
    const cacheFolder = newCache();
    const source = await vae('F16', 31);
    disk.freeBytes = 1000;
    await expect(float32Copy(source, { cacheFolder })).rejects.toMatchObject({
      code: 'E_DISK_FULL',
      detail: expect.stringContaining('GB are free'),
    });
    expect(readdirSync(cacheFolder)).toEqual([]);
    disk.freeBytes = undefined;
    disk.failWritesOf = '.tmp';
    await expect(float32Copy(source, { cacheFolder })).rejects.toMatchObject({
      code: 'E_DISK_FULL',
    });
    expect(readdirSync(cacheFolder)).toEqual([]);
    disk.failWritesOf = undefined;
    await float32Copy(source, { cacheFolder });
    expect(readdirSync(cacheFolder)).toHaveLength(1);
  });

  it('says that the folder cannot be written', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    await expect(
      float32Copy(await vae('F16'), { cacheFolder: join(folder, 'a-file', 'cache') }),
    ).rejects.toMatchObject({ code: 'E_STORAGE' });
  });

  it('stops when it is cancelled, and when the source vanishes or shrinks', async () => {
    const cacheFolder = newCache();
    const source = await vae('F16', 41);
    await expect(
      float32Copy(source, { cacheFolder, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'E_CANCELLED' });
    const [{ file }] = [...source.values()];
    truncateSync(file, 100_000);
    await expect(float32Copy(source, { cacheFolder })).rejects.toMatchObject({
      code: 'E_MODEL_CHANGED',
    });
    const gone: NetworkWeights = new Map(
      [...source].map(([name, tensor]) => [name, { ...tensor, file: join(folder, 'gone') }]),
    );
    await expect(float32Copy(gone, { cacheFolder })).rejects.toMatchObject({
      code: 'E_MODEL_CHANGED',
    });
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  it('copes with names that are dangerous as object keys', async () => {
    const path = join(folder, 'proto.safetensors');
    const info = '{"dtype":"F16","shape":[1],"data_offsets":[0,2]}';
    writeFileSync(
      path,
      safetensorsBytes(`{"__proto__":${info}}`, { data: Uint8Array.from([0, 0x3c]) }),
    );
    appendFileSync(path, '');
    const { tensors } = await readSafetensors(path);
    expect(
      Array.from(valuesOf(await float32Copy(tensors, { cacheFolder: newCache() }), '__proto__')),
    ).toEqual([1]);
  });
});
