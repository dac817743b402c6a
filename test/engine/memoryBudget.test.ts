/** Several models and ControlNets within one memory budget: what is loaded again, what stays, the same pictures. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ModelFiles } from '../../service/messages.ts';
import { makeControlCache } from '../../service/engine/controlCache.ts';
import type { ControlResiduals } from '../../service/engine/diffusion.ts';
import { makeModelCache, type ModelCache } from '../../service/engine/modelCache.ts';
import type { ControlNet } from '../../service/engine/networks/controlNet.ts';
import {
  makeResidents,
  type NetworkMemory,
} from '../../service/engine/networks/residentNetworks.ts';
import { workBytes } from '../../service/engine/plan/memoryPlan.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { tensor, type Tensor } from '../../service/engine/tensor.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { image, picture, results } from './jobs.ts';

const folder = temporaryFolder();
const size = { width: 64, height: 64 };
const request = image(size, { steps: 1, strength: 1, workingSize: size });
const photo = picture(size);
const device = chooseDevice('cpu');

const modelNames = ['a', 'b', 'c'] as const;
type ModelName = (typeof modelNames)[number];
const pathOf = (name: string): string => join(folder, `${name}.safetensors`);
const filesOf = (name: ModelName): ModelFiles => ({
  reference: { id: name, name, family: 'sd1' },
  layout: 'single',
  path: pathOf(name),
});

beforeAll(async () => {
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  for (const [i, name] of modelNames.entries()) {
    await writeModel({ manifest, out: pathOf(name), seed: i + 1, dtype: 'F32' });
  }
  const controlNet = manifestPath('tiny/tiny-controlnet/controlnet.json');
  for (const [i, name] of ['lines', 'depth'].entries()) {
    await writeModel({ manifest: controlNet, out: pathOf(name), seed: i + 1, dtype: 'F32' });
  }
});

/** No work takes anything here: the budget is for weights. */
function memoryOf(budgetBytes: number): NetworkMemory {
  const limits = { lowMemory: false, budgetBytes, spareBytes: () => Infinity, workBytes: () => 0 };
  return { limits, residents: makeResidents(limits) };
}

let models: ModelCache;
afterEach(() => models.close());

/** A job's picture, and what was loaded for it. */
async function paint(name: ModelName) {
  const stages: string[] = [];
  const made = await results(request, {
    picture: photo,
    tools: {
      openModel: (oddSizes, onStage) =>
        models.open(filesOf(name), { oddSizes, loras: [] }, onStage),
      onStage: (stage) => void stages.push(stage),
    },
  });
  const loads = stages.filter((stage) => /^(loading|opening) /.test(stage));
  return { loads, picture: made[0]?.color.data };
}

const everything = [
  'opening the model',
  'loading the text encoder',
  'loading the VAE',
  'loading the UNet',
  'loading the VAE',
];

async function weightBytes(): Promise<number> {
  const one = makeModelCache({ device, cacheFolder: join(folder, 'cache') });
  const model = await one.open(filesOf('a'), { oddSizes: 'webui', loras: [] }, () => undefined);
  await one.close();
  return model.facts.weightBytes ?? 0;
}

describe('switching between two models', () => {
  const cache = (budgetBytes: number, kept = 4) => {
    models = makeModelCache({
      device,
      cacheFolder: join(folder, 'cache'),
      memory: memoryOf(budgetBytes),
      kept,
    });
  };

  it('loads nothing again while both fit', async () => {
    cache(2 * (await weightBytes()));
    const first = await paint('a');
    expect(first.loads).toEqual(everything);
    const other = await paint('b');
    expect(other.loads).toEqual(everything);
    const again = await paint('a');
    expect(again.loads).toEqual([]);
    expect(again.picture).toEqual(first.picture);
    expect(other.picture).not.toEqual(first.picture);
    expect((await paint('b')).loads).toEqual([]);
  });

  it('loads them again where only one fits, and paints the same', async () => {
    cache(1.2 * (await weightBytes()));
    const first = await paint('a');
    await paint('b');
    const again = await paint('a');
    expect(again.loads).toContain('loading the UNet');
    expect(again.loads).not.toContain('opening the model');
    expect(again.picture).toEqual(first.picture);
    expect((await paint('a')).loads).toEqual([]);
  });

  it('gives up the one used longest ago', async () => {
    cache(2.1 * (await weightBytes()));
    for (const name of ['a', 'b', 'a', 'c'] as const) await paint(name);
    expect((await paint('a')).loads).toEqual([]);
    expect((await paint('b')).loads).toContain('loading the UNet');
  });

  it('closes the one used longest ago where fewer are kept', async () => {
    cache(Infinity, 2);
    for (const name of modelNames) await paint(name);
    expect((await paint('c')).loads).toEqual([]);
    expect((await paint('b')).loads).toEqual([]);
    expect((await paint('a')).loads).toEqual(everything);
    expect((await paint('c')).loads).toEqual(everything);
  });
});

describe('two models of one job', () => {
  it('are open at once, even where a single one is kept', async () => {
    models = makeModelCache({ device, cacheFolder: join(folder, 'cache') });
    const open = (name: ModelName, beside: boolean) =>
      models.open(filesOf(name), { oddSizes: 'webui', loras: [], beside }, () => undefined);
    const ids = [Int32Array.from({ length: 77 }, (_, i) => i)];
    const first = await open('a', false);
    const before = await first.encodeText(ids, 1);
    const second = await open('b', true);
    const theirs = await second.encodeText(ids, 1);
    expect(await first.encodeText([ids[0].map((id) => id)], 1)).toEqual(before);
    expect(theirs.data).not.toEqual(before.data);
    expect(await open('a', true)).toBe(first);
    expect(await open('b', true)).toBe(second);
    expect(await open('b', false)).toBe(second);
    expect(await open('a', false)).not.toBe(first);
  });
});

describe('ControlNets', () => {
  const latents = tensor(new Float32Array(4 * 64).fill(0.3), [1, 4, 8, 8]);
  const hint = tensor(new Float32Array(3 * 64 * 64).fill(0.5), [1, 3, 64, 64]);

  function ask(net: ControlNet, context: Tensor): Promise<ControlResiduals> {
    return net.residuals({ hint, latents, timesteps: Float32Array.of(500), text: context });
  }

  it('are counted with the model, and make room for each other', async () => {
    const limits = { lowMemory: false, spareBytes: () => Infinity, workBytes };
    const stages: string[] = [];
    const tell = (stage: string) => void stages.push(stage);
    const one = makeControlCache({ device, cacheFolder: join(folder, 'cache') });
    const [probe] = await one.open([{ name: 'lines', path: pathOf('lines') }], 'sd1', tell);
    const controlBytes = probe.weightBytes ?? 0;
    expect(controlBytes).toBeGreaterThan(1e5);
    await one.close();

    const budgetBytes = 1.5 * controlBytes + workBytes('control', 64 * 64);
    const within = { ...limits, budgetBytes };
    const controls = makeControlCache({
      device,
      cacheFolder: join(folder, 'cache'),
      memory: { limits: within, residents: makeResidents(within) },
      kept: 2,
    });
    models = makeModelCache({ device, cacheFolder: join(folder, 'cache') });
    const model = await models.open(filesOf('a'), { oddSizes: 'webui', loras: [] }, tell);
    const context = await model.encodeText([new Int32Array(77)], 1);
    stages.length = 0;
    const open = async (name: string): Promise<ControlNet> => {
      const [net] = await controls.open([{ name, path: pathOf(name) }], 'sd1', tell);
      return net;
    };
    const lines = await open('lines');
    const before = await ask(lines, context);
    await ask(lines, context);
    expect(stages).toEqual(['loading the ControlNet']);
    await ask(await open('depth'), context);
    expect(await open('lines')).toBe(lines);
    expect(await ask(lines, context)).toEqual(before);
    expect(stages).toHaveLength(3);
    await controls.close();
  });
});
