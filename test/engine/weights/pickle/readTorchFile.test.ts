/** PyTorch files, as PyTorch itself wrote them (tools/reference/torch_files.py), and hostile ones. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTorchFile } from '../../../../service/engine/weights/pickle/readTorchFile.ts';
import { isConvertible, toFloat32 } from '../../../../service/engine/weights/toFloat32.ts';
import type { StoredTensor } from '../../../../service/engine/weights/types.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/torch/', import.meta.url));

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const types: Record<string, string> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float8_e4m3fn: 'F8_E4M3',
  int64: 'I64',
};

async function valuesOf(tensor: StoredTensor): Promise<readonly number[]> {
  const handle = await open(tensor.file);
  const bytes = new Uint8Array(tensor.end - tensor.begin);
  await handle.read(bytes, 0, bytes.length, tensor.begin);
  await handle.close();
  if (tensor.dtype === 'I64') return Array.from(new BigInt64Array(bytes.buffer), Number);
  if (!isConvertible(tensor.dtype)) return [...new Float32Array(bytes.buffer)];
  const count = tensor.shape.reduce((product, side) => product * side, 1);
  const out = new Uint32Array(count);
  toFloat32(tensor.dtype, bytes, out);
  return [...new Float32Array(out.buffer)];
}

const described = readdirSync(fixtures)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length));

describe('a file that PyTorch wrote', () => {
  it.each(described)('gives its tensors where they lie: %s', async (name) => {
    const expected = JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8')) as Record<
      string,
      Described
    >;
    const file = await readTorchFile(join(fixtures, name));
    expect([...file.tensors.keys(), ...file.strided.keys()].toSorted()).toEqual(
      Object.keys(expected).toSorted(),
    );
    for (const [key, tensor] of file.tensors) {
      expect(tensor.dtype).toBe(types[expected[key].dtype]);
      expect(tensor.shape).toEqual(expected[key].shape);
      expect(await valuesOf(tensor)).toEqual(expected[key].values);
    }
  });

  it.each(['views.bin', 'views-legacy.bin'])('tells views out of order apart: %s', async (name) => {
    const { tensors, strided } = await readTorchFile(join(fixtures, name));
    expect([...tensors.keys()]).toEqual(['whole', 'rows']);
    expect([...strided.keys()]).toEqual(['turned', 'channel']);
    expect(strided.get('turned')).toMatchObject({ shape: [4, 6], stride: [1, 4] });
  });

  it('keeps the texts and numbers beside the tensors', async () => {
    const { metadata } = await readTorchFile(join(fixtures, 'embedding.pt'));
    expect(Object.fromEntries(metadata)).toEqual({
      name: 'little',
      step: '100',
      sd_checkpoint_name: 'some',
    });
  });
});

describe('a file that wants to run something', () => {
  it.each([
    ['unsafe-zip.ckpt', 'posix.system'],
    ['unsafe-legacy.ckpt', '__builtin__.eval'],
    ['unsafe-plain.pkl', 'posix.system'],
    ['program.pt', 'a whole program (TorchScript)'],
  ])('is refused by name: %s', async (name, what) => {
    await expect(readTorchFile(join(fixtures, name))).rejects.toMatchObject({
      code: 'E_MODEL_UNSAFE',
      detail: `"${name}": it asks to run ${what}.`,
    });
  });
});

describe('a mutated file', () => {
  let folder = '';
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'pentimento-torch-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** xorshift32: the same mutations each time. */
  function* randoms(seed: number): Generator<number, never> {
    let state = seed;
    for (;;) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      yield state >>> 0;
    }
  }

  it('is read or refused in a moment, never worse', async () => {
    const next = randoms(20_261_121);
    const random = (below: number): number => next.next().value % below;
    const codes = new Set<string>();
    let slowest = 0;
    const names = [...described, 'unsafe-zip.ckpt', 'unsafe-plain.pkl'];
    for (let run = 0; run < 1500; run++) {
      const whole = readFileSync(join(fixtures, names[random(names.length)]));
      const bytes = random(8) === 0 ? whole.subarray(0, random(whole.length)) : Buffer.from(whole);
      for (let count = random(6); count >= 0 && bytes.length > 0; count--) {
        bytes[random(bytes.length)] = random(3) === 0 ? random(256) : random(2) * 255;
      }
      const path = join(folder, 'mutated.ckpt');
      writeFileSync(path, bytes);
      const before = process.cpuUsage();
      try {
        const { tensors } = await readTorchFile(path);
        for (const { begin, end } of tensors.values()) {
          expect(begin).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(bytes.length);
        }
        codes.add('read');
      } catch (error) {
        codes.add((error as { code?: string }).code ?? `not ours: ${String(error)}`);
      }
      // The processor's time: other programs do not count.
      const { user, system } = process.cpuUsage(before);
      slowest = Math.max(slowest, (user + system) / 1000);
    }
    expect([...codes].toSorted()).toEqual(
      expect.arrayContaining(['E_MODEL_DAMAGED', 'read'].toSorted()),
    );
    const allowed = new Set(['read', 'E_MODEL_DAMAGED', 'E_MODEL_UNSAFE', 'E_MODEL_CHANGED']);
    expect([...codes].filter((code) => !allowed.has(code))).toEqual([]);
    expect(slowest).toBeLessThan(1000);
  });
});
