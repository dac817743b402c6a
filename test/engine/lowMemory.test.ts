/** Jobs where the memory is small: what is loaded when, what the plan says, and the same pictures. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  makeResidents,
  type MemoryLimits,
} from '../../service/engine/networks/residentNetworks.ts';
import { openDiffusionModel, type AdaptableModel } from '../../service/engine/networks.ts';
import { workBytes, type MachineMemory } from '../../service/engine/plan/memoryPlan.ts';
import { chooseDevice } from '../../service/engine/runtime/device.ts';
import { openCheckpoint } from '../../service/engine/weights/openCheckpoint.ts';
import type { OpenedCheckpoint } from '../../service/engine/weights/types.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { image, picture, run, type RunOptions } from './jobs.ts';

const folder = temporaryFolder();
const size = { width: 64, height: 64 };
const request = image(size, { steps: 2, strength: 1, workingSize: size, count: 2 });
const photo = picture(size);

let checkpoint: OpenedCheckpoint;
const opened: AdaptableModel[] = [];
beforeAll(async () => {
  const manifest = manifestPath('tiny/tiny-sd1/single.json');
  const path = await writeModel({ manifest, out: join(folder, 'm'), seed: 1, dtype: 'F32' });
  checkpoint = await openCheckpoint({
    reference: { id: 'm', name: 'm', family: 'sd1' },
    layout: 'single',
    path,
  });
});
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

async function paint(limited: MemoryLimits, tools: RunOptions['tools'] = {}) {
  const stages: string[] = [];
  const onStage = (name: string) => void stages.push(name);
  const model = await openDiffusionModel(checkpoint, {
    device: chooseDevice('cpu'),
    cacheFolder: join(folder, 'cache'),
    oddSizes: 'webui',
    onStage,
    memory: { limits: limited, residents: makeResidents(limited) },
  });
  opened.push(model);
  const told = await run(request, { picture: photo, model, tools });
  const pictures = told.flatMap((p) => (p.type === 'result' ? [p.color.data] : []));
  const plan = told.flatMap((p) => (p.type === 'plan' ? [p.plan] : []))[0];
  return { pictures, plan, model, loads: stages.filter((name) => name.startsWith('loading')) };
}

const limits = (spare: number, lowMemory = false): MemoryLimits => ({
  lowMemory,
  spareBytes: () => spare,
  workBytes,
});

describe('with memory enough', () => {
  it('each network is loaded once', async () => {
    const { loads } = await paint(limits(Infinity));
    expect(loads.toSorted()).toEqual([
      'loading the UNet',
      'loading the VAE',
      'loading the VAE',
      'loading the text encoder',
    ]);
  });
});

describe('in low-memory mode', () => {
  it('networks are loaded one after another, and paint the same', async () => {
    const { pictures } = await paint(limits(Infinity));
    const low = await paint(limits(Infinity, true));
    expect(low.pictures).toEqual(pictures);
    expect(low.loads).toEqual([
      'loading the text encoder',
      // Encodes the picture, then waits until both are painted.
      'loading the VAE',
      'loading the UNet',
      'loading the VAE',
      'loading the UNet',
      'loading the VAE',
    ]);
  });
});

describe('with too little memory', () => {
  it('networks make room by themselves, and the picture comes in bands', async () => {
    const { pictures } = await paint(limits(Infinity));
    const cramped = await paint(limits(0));
    expect(cramped.loads.filter((name) => name === 'loading the UNet')).toHaveLength(2);
    for (const [i, found] of cramped.pictures.entries()) {
      expect(found).toHaveLength(pictures[i].length);
      found.forEach((value, at) => {
        expect(Math.abs(Number(value) - Number(pictures[i][at]))).toBeLessThanOrEqual(1);
      });
    }
  });

  it('the plan says what is needed and what to do', async () => {
    const machine = (availableBytes: number): MachineMemory => ({
      availableBytes,
      lowMemory: false,
    });
    const roomy = await paint(limits(Infinity), { memory: () => machine(64e9) });
    const { weightBytes = 0 } = roomy.model.facts;
    expect(weightBytes).toBeGreaterThan(1e6);
    expect(roomy.plan?.memoryBytes).toBeGreaterThan(weightBytes);
    expect(roomy.plan?.notes.join(' ')).not.toContain('memory');
    const full = await paint(limits(Infinity), { memory: () => machine(1e8) });
    expect(full.plan?.notes.at(-1)).toMatch(/0\.1 GB are free: close other programs/);
  });
});
