/** Folders of ONNX graphs against the same model's weights: what they answer, and what they cannot. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { noAdapters } from '../../service/engine/networks/openAdapters.ts';
import { ProtoWriter } from '../../service/engine/graph/onnx/protobuf.ts';
import { openDiffusionModel, type AdaptableModel } from '../../service/engine/networks.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { sizeOfShape, tensor, type Tensor } from '../../service/engine/tensor.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import { openModel } from '../../service/engine/weights/openModel.ts';
import type { OpenedCheckpoint } from '../../service/engine/weights/types.ts';
import { openLibrary } from '../../service/library/library.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { writeOnnxFolder, type WriteOnnxOptions } from '../fixtures/writeOnnxFolder.ts';
import { image, picture, results } from './jobs.ts';
import { relativeError, wave } from './graph/syntheticNetwork.ts';

const folder = temporaryFolder();
const size = { width: 64, height: 64 };
const opened: DiffusionModel[] = [];
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

const reference = { id: 'm', name: 'm', family: 'sd1' };
let whole: string;
let checkpoint: OpenedCheckpoint;
let model: AdaptableModel;
beforeAll(async () => {
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  whole = await writeModel({ manifest, out: join(folder, 'm.safetensors'), seed: 2, dtype: 'F32' });
  checkpoint = await openCheckpoint({ reference, layout: 'single', path: whole });
  model = await open({ layout: 'single', path: whole });
});

async function open(files: {
  readonly layout: 'single' | 'onnx';
  readonly path: string;
  readonly vaePath?: string;
}): Promise<AdaptableModel> {
  const made = await openDiffusionModel(await openModel({ reference, ...files }), {
    device: chooseDevice('cpu'),
    cacheFolder: join(folder, 'cache'),
    oddSizes: 'diffusers',
  });
  opened.push(made);
  return made;
}

let folders = 0;
function written(how: Partial<WriteOnnxOptions> = {}): string {
  const out = join(folder, 'models', `onnx${folders++}`);
  return writeOnnxFolder({ checkpoint, out, size, ...how });
}

const waves = (shape: readonly number[]): Tensor => tensor(wave(sizeOfShape(shape)), shape);
const ids = Int32Array.from({ length: 77 }, (_, i) =>
  i === 0 ? 49_406 : i < 6 ? 320 + i : 49_407,
);
const latents = waves([2, 4, 8, 8]);
const steps = Float32Array.of(501, 20);
const context = waves([2, 77, 64]);
const photo = waves([1, 3, 64, 64]);

/** Largest relative difference of everything that a model answers. */
async function difference(other: DiffusionModel): Promise<number> {
  const errors = [
    relativeError(
      (await other.predict(latents, steps, context)).data,
      (await model.predict(latents, steps, context)).data,
    ),
    relativeError((await other.encode(photo)).mean.data, (await model.encode(photo)).mean.data),
    relativeError(
      (await other.decode(waves([1, 4, 8, 8]))).data,
      (await model.decode(waves([1, 4, 8, 8]))).data,
    ),
    relativeError(
      (await other.encodeText([ids, ids], 1)).data,
      (await model.encodeText([ids, ids], 1)).data,
    ),
  ];
  return Math.max(...errors);
}

describe('a folder of ONNX graphs', () => {
  it('answers what its weights answer, and tells the same facts', async () => {
    const onnx = await open({ layout: 'onnx', path: written({ hiddenStates: true }) });
    expect(await difference(onnx)).toBeLessThan(1e-5);
    const { logVariance } = await onnx.encode(photo);
    expect(
      relativeError(logVariance.data, (await model.encode(photo)).logVariance.data),
    ).toBeLessThan(1e-5);
    const two = [await onnx.encodeText([ids], 2), await model.encodeText([ids], 2)];
    expect(relativeError(two[0].data, two[1].data)).toBeLessThan(1e-5);
    const { weightBytes: _, scheduler, ...facts } = onnx.facts;
    const { weightBytes: __, ...expected } = model.facts;
    expect(facts).toEqual({ ...expected, nativeSide: 64 });
    expect(scheduler).toEqual({ beta_schedule: 'scaled_linear' });
  });

  it('paints the same picture', async () => {
    const onnx = await open({ layout: 'onnx', path: written({ timestep: 'float32' }) });
    const request = image(size, { steps: 3, workingSize: size });
    const [mine, theirs] = await Promise.all(
      [onnx, model].map((own) => results(request, { picture: picture(size), model: own })),
    );
    const apart = mine[0].color.data.map((value, i) => Math.abs(value - theirs[0].color.data[i]));
    // A value on the edge between two of 256 steps may fall to either side.
    expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    expect(apart.filter((step) => step > 0).length).toBeLessThan(20);
  });

  it.each([
    [
      'float16 reals and int32 numbers',
      { reals: 'float16', timestep: 'int32', ids: 'int32' },
      4e-3,
    ],
    ['real timesteps', { timestep: 'float32' }, 1e-5],
  ] as const)('takes %s', async (_, how, tolerance) => {
    const onnx = await open({ layout: 'onnx', path: written(how) });
    expect(await difference(onnx)).toBeLessThan(tolerance);
  });

  it('takes an encoder that answers random samples for its mean, every time the same', async () => {
    const onnx = await open({ layout: 'onnx', path: written({ samples: true, bare: true }) });
    const first = await onnx.encode(photo);
    expect(relativeError(first.mean.data, (await model.encode(photo)).mean.data)).toBeLessThan(
      1e-5,
    );
    expect((await onnx.encode(photo)).mean.data).toEqual(first.mean.data);
    expect(new Set(first.logVariance.data)).toEqual(new Set([-30]));
  });

  it('of SDXL takes two text encoders, pooled text and sizes', async () => {
    const manifest = manifestPath('tiny/tiny-sdxl/single.json');
    const path = await writeModel({
      manifest,
      out: join(folder, 'xl.safetensors'),
      seed: 2,
      dtype: 'F32',
    });
    const xl = await openCheckpoint({ reference, layout: 'single', path });
    const theirs = await open({ layout: 'single', path });
    const out = written({ checkpoint: xl, hiddenStates: true });
    const onnx = await open({ layout: 'onnx', path: out });
    const { weightBytes: _, scheduler: __, ...facts } = onnx.facts;
    const { weightBytes: ___, ...expected } = theirs.facts;
    expect(facts).toEqual({ ...expected, nativeSide: 64 });
    for (const clipSkip of [1, 2]) {
      const [mine, text] = [
        await onnx.encodeText([ids], clipSkip),
        await theirs.encodeText([ids], clipSkip),
      ];
      expect(relativeError(mine.data, text.data)).toBeLessThan(1e-5);
      expect(relativeError(mine.pooled?.data ?? [], text.pooled?.data ?? [1])).toBeLessThan(1e-5);
      const sizes = tensor(Float32Array.of(512, 512, 0, 0, 512, 512), [1, 6]);
      const asked = [waves([1, 4, 8, 8]), Float32Array.of(501), { ...text, sizes }] as const;
      const [first, second] = [await onnx.predict(...asked), await theirs.predict(...asked)];
      expect(relativeError(first.data, second.data)).toBeLessThan(1e-5);
    }
    await expect(open({ layout: 'onnx', path: written({ checkpoint: xl }) })).rejects.toMatchObject(
      { code: 'E_MODEL_FAMILY', detail: expect.stringMatching(/states of its layers/) as string },
    );
  });

  it('works with another VAE in place of its own', async () => {
    const onnx = await open({ layout: 'onnx', path: written(), vaePath: whole });
    const size96 = waves([1, 4, 12, 12]);
    const [mine, theirs] = [await onnx.decode(size96), await model.decode(size96)];
    expect(relativeError(mine.data, theirs.data)).toBe(0);
  });

  it('says what it cannot do', async () => {
    const onnx = await open({ layout: 'onnx', path: written() });
    const ability = (detail: RegExp) => ({
      code: 'E_MODEL_ABILITY',
      detail: expect.stringMatching(detail) as string,
    });
    await expect(onnx.encodeText([ids], 2)).rejects.toMatchObject(ability(/clip skip must be 1/));
    const vectors = { chunk: 0, position: 2, parts: [waves([1, 64])] };
    await expect(onnx.encodeText([ids], 1, [vectors])).rejects.toMatchObject(ability(/embeddings/));
    await expect(
      onnx.predict(waves([1, 4, 16, 8]), steps.subarray(0, 1), waves([1, 77, 64])),
    ).rejects.toMatchObject(ability(/\[1, 4, 8, 8\] only/));
    const control = { down: [], mid: latents };
    await expect(onnx.predict(latents, steps, context, control)).rejects.toMatchObject(
      ability(/ControlNets/),
    );
    const lora = { name: 'l', tensors: new Map(), text: 1, unet: 1 };
    expect(() => onnx.useAdapters({ ...noAdapters, key: 'l', adapters: [lora] })).toThrow(
      /no LoRA/,
    );
  });
});

describe('the library', () => {
  it('finds the folder, hands it out by name, and prefers weights where a folder has both', async () => {
    const models = join(folder, 'library');
    const out = join(models, 'sub', 'exported');
    mkdirSync(out, { recursive: true });
    writeOnnxFolder({ checkpoint, out, size });
    const library = openLibrary({ folders: [models] });
    expect(await library.list()).toMatchObject([
      {
        id: 'sub-exported',
        name: 'exported',
        kind: 'checkpoint',
        family: 'sd1',
        usable: true,
        nativeSide: 64,
      },
    ]);
    const files = await library.files('exported');
    expect(files).toMatchObject({ layout: 'onnx', path: out });
    await openModel(files);
    writeFileSync(join(out, 'unet', 'diffusion_pytorch_model.safetensors'), 'x');
    expect(await library.rescan()).toMatchObject([{ usable: false }]);
  });

  it('opens the links of a hub snapshot', async () => {
    const own = written();
    const snapshot = join(folder, 'hub', 'models--org--linked', 'snapshots', 'abc');
    for (const part of ['unet', 'vae_encoder', 'vae_decoder', 'text_encoder']) {
      mkdirSync(join(snapshot, part), { recursive: true });
      for (const name of ['model.onnx', 'model.onnx_data', 'config.json'])
        symlinkSync(join(own, part, name), join(snapshot, part, name));
    }
    const library = openLibrary({ folders: [join(folder, 'hub')] });
    expect(await library.list()).toMatchObject([{ name: 'linked', usable: true }]);
    const { path } = await library.files('linked');
    expect(await difference(await open({ layout: 'onnx', path }))).toBeLessThan(1e-5);
  });
});

describe('damaged and hostile folders', () => {
  const graph = (path: string) => join(path, 'unet', 'model.onnx');
  const refused = async (path: string, code: string, detail: RegExp) => {
    const wanted = { code, detail: expect.stringMatching(detail) as string };
    await expect(openModel({ reference, layout: 'onnx', path })).rejects.toMatchObject(wanted);
  };

  it.each([0, 1, 7, 100, 5000, -1])('refuses a graph cut to %i bytes', async (length) => {
    const path = written();
    const bytes = readFileSync(graph(path));
    writeFileSync(graph(path), bytes.subarray(0, length < 0 ? bytes.length - 40 : length));
    await refused(path, 'E_MODEL_DAMAGED', /model\.onnx/);
  });

  it.each([
    ['../text_encod/e'],
    ['/etc/hostname.x'],
    ['a/../../../../x'],
    ['..\\..\\nothing.x'],
    ['*/_ORT_MEM_ADDR'],
  ])('refuses weights in %s', async (location) => {
    const path = written();
    const bytes = readFileSync(graph(path)).toString('latin1');
    expect(location).toHaveLength('model.onnx_data'.length);
    const changed = bytes.replaceAll('model.onnx_data', location);
    writeFileSync(graph(path), Buffer.from(changed, 'latin1'));
    await refused(path, 'E_MODEL_DAMAGED', /outside its folder/);
  });

  it('refuses weights that are not there or end too early', async () => {
    const path = written();
    const data = join(path, 'unet', 'model.onnx_data');
    const bytes = readFileSync(data);
    writeFileSync(data, bytes.subarray(0, bytes.length - 4));
    await refused(path, 'E_MODEL_DAMAGED', /beyond the end/);
    const missing = written();
    const bare = readFileSync(graph(missing)).toString('latin1');
    writeFileSync(
      graph(missing),
      Buffer.from(bare.replaceAll('model.onnx_data', 'model.onnx_dat2'), 'latin1'),
    );
    await refused(missing, 'E_MODEL_MISSING_PART', /model\.onnx_dat2/);
  });

  it('refuses bytes changed anywhere in a header, or opens it: it never crashes', async () => {
    const path = written();
    const bytes = readFileSync(graph(path));
    const codes = new Set<string>();
    for (let at = 0; at < bytes.length; at += 9973) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1 << (at % 8);
      writeFileSync(graph(path), changed);
      const error: unknown = await openModel({ reference, layout: 'onnx', path }).then(
        () => ({ code: 'opened' }),
        (reason: unknown) => reason,
      );
      codes.add((error as { code?: string }).code ?? String(error));
    }
    const known = ['opened', 'E_MODEL_DAMAGED', 'E_MODEL_FAMILY', 'E_MODEL_MISSING_PART'];
    expect([...codes].filter((code) => !known.includes(code))).toEqual([]);
  });

  it('refuses a graph with other inputs', async () => {
    const path = written();
    const text = readFileSync(graph(path)).toString('latin1');
    writeFileSync(graph(path), Buffer.from(text.replaceAll('timestep', 'timestop'), 'latin1'));
    await refused(path, 'E_MODEL_FAMILY', /no input "timestep"/);
  });

  it('refuses graphs inside graphs without end', async () => {
    let inside = new Uint8Array(0);
    for (let depth = 0; depth < 500; depth++) {
      const outer = new ProtoWriter();
      outer.message(1, (node) => node.message(5, (attribute) => attribute.bytes(6, inside)));
      inside = Uint8Array.from(outer.finish());
    }
    const model = new ProtoWriter();
    model.bytes(7, inside);
    const path = written();
    writeFileSync(graph(path), model.finish());
    await refused(path, 'E_MODEL_DAMAGED', /nested too deeply/);
  });

  it('names the part that is missing', async () => {
    const path = written();
    expect(existsSync(join(path, 'vae_encoder'))).toBe(true);
    writeFileSync(join(path, 'vae_encoder', 'model.onnx'), 'not a graph at all, only text');
    await refused(path, 'E_MODEL_DAMAGED', /not a valid ONNX file|cut off/);
  });
});
