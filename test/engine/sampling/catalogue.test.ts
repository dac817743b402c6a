import { describe, expect, it } from 'vitest';
import { SamplingCatalogue } from '../../../shared/api.ts';
import { samplingCatalogue } from '../../../service/engine/sampling/catalogue.ts';
import { samplers } from '../../../service/engine/sampling/samplers/registry.ts';
import { samplerSentences, scheduleSentences } from '../../../service/engine/sampling/sentences.ts';
import { schedules } from '../../../service/engine/sampling/sigmas/registry.ts';
import type { SamplerOptions } from '../../../service/engine/sampling/types.ts';

const catalogue = samplingCatalogue();

describe('the catalogue', () => {
  it('has every registered sampler and schedule once, as agreed', () => {
    expect(SamplingCatalogue.parse(catalogue)).toEqual(catalogue);
    expect(catalogue.samplers.map((s) => s.name).sort()).toEqual(
      samplers.map((s) => s.name).sort(),
    );
    expect(catalogue.schedules.map((s) => s.id).sort()).toEqual(schedules.map((s) => s.id).sort());
  });

  it.each([
    ...samplers.map(({ name }) => [name, samplerSentences[name]?.about] as const),
    ...schedules.map(({ id }) => [id, scheduleSentences[id].about] as const),
  ])('says in one sentence what %s is good for', (_, about) => {
    expect(about).toMatch(/^[A-Z].{15,110}\.$/);
  });

  it('has no sentence for a sampler that there is not', () => {
    expect(Object.keys(samplerSentences).sort()).toEqual(samplers.map((s) => s.name).sort());
  });

  it('offers four to six good ones of each kind first', () => {
    for (const list of [catalogue.samplers, catalogue.schedules]) {
      const suggested = list.filter((one) => one.isSuggested);
      expect(suggested.length).toBeGreaterThanOrEqual(4);
      expect(suggested.length).toBeLessThanOrEqual(6);
      expect(list.slice(0, suggested.length)).toEqual(suggested);
    }
    expect(catalogue.samplers[0]?.name).toBe('DPM++ 2M');
  });

  it('says of samplers over timesteps that they bring their schedule', () => {
    const own = catalogue.samplers.filter((s) => s.ownSchedule !== undefined).map((s) => s.name);
    expect(own).toEqual(expect.arrayContaining(['DDIM']));
    expect(own.sort()).toEqual(
      samplers
        .filter((s) => s.space === 'timestep')
        .map((s) => s.name)
        .sort(),
    );
  });
});

/** The result of a few steps towards 0.3, with noise that is not the same twice. */
async function endOf(name: string, options: SamplerOptions): Promise<number[]> {
  const entry = samplers.find((s) => s.name === name);
  if (!entry) throw new Error(`Expected the sampler ${name}.`);
  const shape = [1, 1, 1, 2] as const;
  const sigmas = [14, 9, 5, 2, 0.8, 0];
  let draws = 0;
  const run = entry.sample(
    async (x) => {
      const data = x.data.map((v) => 0.3 + 0.02 * v);
      return { data, shape: x.shape, unconditional: { data, shape: x.shape } };
    },
    { data: Float32Array.of(10, -6), shape },
    sigmas,
    { next: () => Float32Array.of(Math.sin(++draws), Math.cos(draws)) },
    options,
  );
  let latent = Float32Array.of(0, 0);
  for await (const step of run) latent = step.latent.data;
  return [...latent];
}

describe('the settings that a sampler has', () => {
  // DPM adaptive chooses its steps by the noise; Restart goes back only in longer runs.
  const plain = catalogue.samplers.filter(({ name }) => !/adaptive|Restart/.test(name));

  it.each(plain.map((s) => [s.name, s.options] as const))(
    'change what %s makes, and the others do not',
    async (name, { eta, hasChurn, hasNoise }) => {
      const base: SamplerOptions = eta === undefined ? {} : { eta };
      const usual = await endOf(name, base);
      const churned = await endOf(name, { ...base, sChurn: 3 });
      expect(churned.join() !== usual.join(), 'churn').toBe(hasChurn);
      const otherEta = await endOf(name, { ...base, eta: eta === 0 ? 0.8 : 0.6 });
      expect(otherEta.join() !== usual.join(), 'eta').toBe(eta !== undefined);
      const lively: SamplerOptions = { ...base, sChurn: 3, ...(eta === 0 ? { eta: 0.8 } : {}) };
      const loud = await endOf(name, { ...lively, sNoise: 1.5 });
      expect(loud.join() !== (await endOf(name, lively)).join(), 'noise').toBe(hasNoise);
    },
  );
});
