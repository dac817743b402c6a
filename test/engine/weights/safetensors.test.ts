import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderJsonError, parseHeaderJson } from '../../../service/engine/weights/headerJson.ts';
import { assertUnchanged } from '../../../service/engine/weights/modelFile.ts';
import { readSafetensors, safetensorsLimits } from '../../../service/engine/weights/safetensors.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { safetensorsBytes } from '../../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../../fixtures/temporaryFolder.ts';

const folder = temporaryFolder();
let files = 0;

function put(bytes: Uint8Array, name = `model-${files++}.safetensors`): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function failure(path: string): Promise<PentimentoError> {
  const error: unknown = await readSafetensors(path).then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof PentimentoError))
    throw new Error(`Expected a PentimentoError but received ${String(error)}`);
  expect(error.message).not.toContain(folder);
  return error;
}

const f32 = (shape: number[], begin: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('a well-formed header is read', () => {
  it('with absolute byte ranges, real path and metadata', async () => {
    const bytes = safetensorsBytes(
      {
        __metadata__: { format: 'pt' },
        b: f32([2], 4, 12),
        a: f32([], 0, 4),
        empty: f32([0, 3], 12, 12, 'F16'),
      },
      { dataBytes: 12 },
    );
    const path = put(bytes);
    const link = join(folder, 'link.safetensors');
    symlinkSync(path, link);
    const read = await readSafetensors(link);
    const dataBegin = bytes.length - 12;
    expect(read.file).toBe(path);
    expect(read.sizeBytes).toBe(bytes.length);
    expect([...read.metadata]).toEqual([['format', 'pt']]);
    expect(read.tensors.get('b')).toEqual({
      file: path,
      dtype: 'F32',
      shape: [2],
      begin: dataBegin + 4,
      end: dataBegin + 12,
    });
    expect(read.tensors.get('empty')?.begin).toBe(read.tensors.get('empty')?.end);
    expect(read.tensors.size).toBe(3);
  });

  it('with names that are dangerous as object keys, integer-like or escaped', async () => {
    const header = `{"__proto__":${JSON.stringify(f32([1], 0, 4))},"constructor":${JSON.stringify(f32([1], 4, 8))},"10":${JSON.stringify(f32([1], 8, 12))},"2":${JSON.stringify(f32([1], 12, 16))},"\\u0061\\n":${JSON.stringify(f32([1], 16, 20))}}`;
    const { tensors } = await readSafetensors(put(safetensorsBytes(header, { dataBytes: 20 })));
    expect([...tensors.keys()]).toEqual(['__proto__', 'constructor', '10', '2', 'a\n']);
    expect(({} as Record<string, unknown>)['dtype']).toBeUndefined();
  });

  it('padded with spaces', async () => {
    const header = `${JSON.stringify({ a: f32([1], 0, 4) })}      `;
    expect(
      (await readSafetensors(put(safetensorsBytes(header, { dataBytes: 4 })))).tensors.size,
    ).toBe(1);
  });
});

describe('a damaged or lying header is refused with one sentence', () => {
  const cases: Array<[string, Uint8Array, RegExp]> = [
    ['an empty file', new Uint8Array(), /it is empty/],
    [
      'a length of 2^64 - 1',
      safetensorsBytes('{}', { length: 2n ** 64n - 1n }),
      /longer than 16 MiB/,
    ],
    ['a length of 2^63', safetensorsBytes('{}', { length: 2n ** 63n }), /longer than 16 MiB/],
    [
      'a length above the cap',
      safetensorsBytes('{}', { length: BigInt(safetensorsLimits.headerBytes) + 1n }),
      /longer than 16 MiB/,
    ],
    ['a length beyond the end', safetensorsBytes('{}', { length: 100n }), /ends inside its header/],
    [
      'bytes that are no UTF-8',
      Buffer.concat([
        safetensorsBytes('{"', { length: 6n }),
        Buffer.from([0xff, 0xfe, 0xfd, 0xfc]),
      ]),
      /not UTF-8/,
    ],
    ['text after the header', safetensorsBytes('{} x'), /followed by other text/],
    ['no JSON', safetensorsBytes('{"a":}'), /not valid JSON/],
    [
      'a duplicate name',
      safetensorsBytes(
        `{"a":${JSON.stringify(f32([1], 0, 4))},"a":${JSON.stringify(f32([1], 0, 4))}}`,
        { dataBytes: 4 },
      ),
      /names "a" twice/,
    ],
    [
      'a duplicate name behind an escape',
      safetensorsBytes(
        `{"a":${JSON.stringify(f32([1], 0, 4))},"\\u0061":${JSON.stringify(f32([1], 0, 4))}}`,
        { dataBytes: 4 },
      ),
      /names "a" twice/,
    ],
    [
      'a duplicate key inside a tensor',
      safetensorsBytes('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', {
        dataBytes: 4,
      }),
      /twice/,
    ],
    [
      'overlapping tensors',
      safetensorsBytes({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, { dataBytes: 8 }),
      /overlap/,
    ],
    [
      'ten tensors on one region',
      safetensorsBytes(
        Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`t${i}`, f32([1], 0, 4)])),
        { dataBytes: 4 },
      ),
      /overlap/,
    ],
    [
      'a gap',
      safetensorsBytes({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, { dataBytes: 12 }),
      /gap/,
    ],
    [
      'data that does not begin at 0',
      safetensorsBytes({ a: f32([1], 4, 8) }, { dataBytes: 8 }),
      /gap/,
    ],
    [
      'bytes after the last tensor',
      safetensorsBytes({ a: f32([1], 0, 4) }, { dataBytes: 9 }),
      /5 bytes after its last tensor/,
    ],
    [
      'a truncated download',
      safetensorsBytes({ a: f32([1_000_000], 0, 4_000_000) }, { dataBytes: 1_000_000 }),
      /3\.0 MB are missing/,
    ],
    [
      'begin after end',
      safetensorsBytes({ a: f32([1], 4, 0) }, { dataBytes: 4 }),
      /place of "a" is not valid/,
    ],
    ['a negative place', safetensorsBytes({ a: f32([1], -4, 0) }), /not valid/],
    ['a fractional place', safetensorsBytes({ a: f32([1], 0, 4.5) }), /not valid/],
    [
      'a place beyond 2^53',
      safetensorsBytes('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9007199254740993]}}'),
      /not valid/,
    ],
    [
      'a place given as text',
      safetensorsBytes({ a: { dtype: 'F32', shape: [1], data_offsets: ['0', '4'] } }),
      /not valid/,
    ],
    [
      'three offsets',
      safetensorsBytes(
        { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } },
        { dataBytes: 4 },
      ),
      /not valid/,
    ],
    [
      'no offsets',
      safetensorsBytes({ a: { dtype: 'F32', shape: [1] } }),
      /place of "a" is missing/,
    ],
    ['a null tensor', safetensorsBytes({ a: null }), /"a" is not described/],
    [
      'a shape that is no list',
      safetensorsBytes({ a: { dtype: 'F32', shape: 1, data_offsets: [0, 4] } }, { dataBytes: 4 }),
      /shape of "a" is missing/,
    ],
    [
      '100,000 axes',
      safetensorsBytes(
        {
          a: f32(
            Array.from({ length: 100_000 }, () => 1),
            0,
            4,
          ),
        },
        { dataBytes: 4 },
      ),
      /too many axes/,
    ],
    [
      'a shape whose product overflows',
      safetensorsBytes({ a: f32([2 ** 32, 2 ** 32], 0, 0) }),
      /another number of bytes/,
    ],
    [
      'an unknown type',
      safetensorsBytes({ a: f32([1], 0, 1, 'F4') }, { dataBytes: 1 }),
      /stored as "F4"/,
    ],
    [
      'a type of another size',
      safetensorsBytes({ a: f32([1], 0, 4, 'F16') }, { dataBytes: 4 }),
      /another number of bytes/,
    ],
    [
      'a name of a megabyte',
      safetensorsBytes({ ['x'.repeat(1_000_000)]: f32([1], 0, 4) }, { dataBytes: 4 }),
      /too long/,
    ],
    ['metadata that is no text', safetensorsBytes({ __metadata__: { a: 1 } }), /more than text/],
    [
      '10 MB of metadata',
      safetensorsBytes({ __metadata__: { a: 'x'.repeat(10_000_000) } }),
      /metadata is too long/,
    ],
    [
      'nesting a million deep',
      safetensorsBytes(`{"a":${'['.repeat(1_000_000)}`),
      /nested too deeply/,
    ],
    [
      'too many tensors',
      safetensorsBytes(
        Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`t${i}`, f32([0], 0, 0)])),
      ),
      /more than 65536 tensors/,
    ],
  ];
  it.each(cases)('%s', async (_, bytes, sentence) => {
    const error = await failure(put(bytes));
    expect(error.code).toBe('E_MODEL_DAMAGED');
    expect(error.detail).toMatch(sentence);
  });

  it('a file cut off anywhere', async () => {
    const bytes = safetensorsBytes({ a: f32([4], 0, 16) }, { dataBytes: 16 });
    for (let keep = 0; keep < bytes.length; keep++) {
      const error = await failure(put(bytes.subarray(0, keep), 'cut.safetensors'));
      expect(['E_MODEL_DAMAGED', 'E_MODEL_NOT_SAFETENSORS']).toContain(error.code);
    }
  });

  it('names in sentences are cleaned and cut short', async () => {
    const name = `a\u202Egnp.\u0007${'x'.repeat(200)}`;
    const error = await failure(put(safetensorsBytes({ [name]: null })));
    expect(error.detail).toContain('"a?gnp.?xxx');
    expect(error.detail?.length).toBeLessThan(200);
  });
});

describe('a file of another kind is named', () => {
  const cases: Array<[string, string | Uint8Array, RegExp]> = [
    [
      'a zipped PyTorch checkpoint',
      Buffer.from('PK\u0003\u0004'.padEnd(100, '\0')),
      /PyTorch checkpoint/,
    ],
    [
      'a Python pickle',
      Buffer.from([0x80, 2, 0x8a, 10, ...Array.from({ length: 20 }, () => 65)]),
      /Python pickle/,
    ],
    ['a web page', '  \n<!DOCTYPE html><html><body>403</body></html>', /web page/],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4265380512\n',
      /Git LFS pointer/,
    ],
    ['a GGUF file', `GGUF${'\0'.repeat(60)}`, /GGUF/],
    [
      'a gzip archive',
      Buffer.from([0x1f, 0x8b, 8, ...Array.from({ length: 60 }, () => 0)]),
      /archive/,
    ],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]), /picture/],
    ['a JSON document', '{"weight_map": {}, "more": 1}', /JSON document/],
    ['a few stray bytes', 'hello', /no safetensors header/],
    ['zeros', new Uint8Array(1000), /no safetensors header/],
  ];
  it.each(cases)('%s', async (_, bytes, sentence) => {
    const error = await failure(put(typeof bytes === 'string' ? Buffer.from(bytes) : bytes));
    expect(error.code).toBe('E_MODEL_NOT_SAFETENSORS');
    expect(error.detail).toMatch(sentence);
  });
});

describe('what is not a regular file is refused without waiting for it', () => {
  it('a folder', async () => {
    mkdirSync(join(folder, 'folder.safetensors'));
    expect((await failure(join(folder, 'folder.safetensors'))).detail).toMatch(
      /not a regular file/,
    );
  });

  it.skipIf(process.platform === 'win32')('a pipe, a device, a socket', async () => {
    const pipe = join(folder, 'pipe.safetensors');
    execFileSync('mkfifo', [pipe]);
    expect((await failure(pipe)).detail).toMatch(/not a regular file/);
    expect((await failure('/dev/zero')).detail).toMatch(/not a regular file/);
    const socket = join(folder, 's.safetensors');
    const server = createServer();
    await new Promise<void>((done) => server.listen(socket, done));
    expect((await failure(socket)).detail).toMatch(/not a regular file/);
    await new Promise((done) => server.close(done));
  });

  it('a link to itself, a link to nothing, a missing file', async () => {
    const loop = join(folder, 'loop.safetensors');
    symlinkSync(loop, loop);
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.safetensors'));
    expect((await failure(loop)).detail).toMatch(/leads to itself/);
    expect((await failure(join(folder, 'dangling.safetensors'))).detail).toMatch(/does not exist/);
    expect((await failure(join(folder, 'missing.safetensors'))).code).toBe('E_FILE');
  });
});

it('a file that changes after it was read is noticed', async () => {
  const path = put(safetensorsBytes({ a: f32([1000], 0, 4000) }, { dataBytes: 4000 }));
  const read = await readSafetensors(path);
  await assertUnchanged([read]);
  truncateSync(path, 2000);
  await expect(assertUnchanged([read])).rejects.toMatchObject({ code: 'E_MODEL_CHANGED' });
});

describe('any bytes', () => {
  const valid = safetensorsBytes(
    { __metadata__: { a: 'b' }, x: f32([2, 3], 0, 24), y: f32([4], 24, 32, 'F16') },
    { dataBytes: 32 },
  );
  const mutation = fc.record({
    at: fc.nat(valid.length - 1),
    value: fc.integer({ min: 0, max: 255 }),
  });

  it('never do more than throw a PentimentoError, and what is accepted is sound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        fc.nat(40),
        async (mutations, cut) => {
          const bytes = Uint8Array.from(valid);
          for (const { at, value } of mutations) bytes[at] = value;
          const path = put(
            cut < 8 ? bytes.subarray(0, bytes.length - cut) : bytes,
            'fuzz.safetensors',
          );
          const read = await readSafetensors(path).catch((error: unknown) => error);
          if (read instanceof PentimentoError) return;
          if (read instanceof Error) throw read;
          const { tensors, sizeBytes } = read as Awaited<ReturnType<typeof readSafetensors>>;
          for (const { begin, end } of tensors.values()) {
            expect(begin).toBeGreaterThanOrEqual(8);
            expect(end).toBeGreaterThanOrEqual(begin);
            expect(end).toBeLessThanOrEqual(sizeBytes);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('random files are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        await failure(put(bytes, 'random.safetensors'));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the header reader agrees with JSON', () => {
  const plain = (value: unknown): unknown =>
    value instanceof Map
      ? Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]))
      : Array.isArray(value)
        ? value.map(plain)
        : value;

  it('on every document that JSON can write', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const wanted: unknown = JSON.parse(text);
        if (text.includes('__proto__')) return;
        expect(plain(parseHeaderJson(text))).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses whatever JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'{}[]",:\\u0a1-.e \ttruefalsn'.split('')), { maxLength: 20 }),
        (parts) => {
          const text = parts.join('');
          let valid = true;
          try {
            JSON.parse(text);
          } catch {
            valid = false;
          }
          if (valid) return;
          expect(() => parseHeaderJson(text)).toThrow(HeaderJsonError);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
