import { describe, expect, it } from 'vitest';
import { buildRequest } from '../../../plugin/session/buildRequest.ts';
import { settingsOfRequest } from '../../../plugin/session/settingsOfRequest.ts';
import {
  defaultSettings,
  loadSettings,
  saveSettings,
  Settings,
} from '../../../plugin/session/settings.ts';
import { GenerateRequest } from '../../../shared/request.ts';
import { catalogue, photo } from '../../fakes/session.ts';

const region = { x: 4, y: 6, width: 30, height: 20 };
const kinds = ['text', 'image', 'inpaint', 'remove'] as const;

/** Everything of the advanced section, unlike its default. */
const refined = {
  vae: 'vae-1',
  variationSeed: 77,
  variationStrength: 0.25,
  eta: 0.5,
  sChurn: 5,
  sTmin: 0.1,
  sTmax: 10,
  sNoise: 1.01,
  etaNoiseSeedDelta: 31337,
  clipSkip: 2,
  guidanceRescale: 0.7,
  emphasis: 'no-norm',
  noiseSource: 'nv',
  dialect: 'a1111',
} as const satisfies Partial<Settings>;

const common = { document: photo, region, model: 'm', sampler: undefined } as const;

describe('buildRequest', () => {
  it.each(kinds)('makes a valid %s request of the default settings', (kind) => {
    const request = buildRequest({ ...common, kind, settings: defaultSettings });
    expect(GenerateRequest.parse(request)).toEqual(request);
    expect(request).toMatchObject({ kind, region, document: photo, seed: -1, count: 1 });
  });

  it('fixes the seed only when the artist has fixed it', () => {
    const settings = { ...defaultSettings, seed: 42 };
    const parts = { ...common, kind: 'inpaint' } as const;
    expect(buildRequest({ ...parts, settings }).seed).toBe(-1);
    expect(buildRequest({ ...parts, settings: { ...settings, isSeedFixed: true } }).seed).toBe(42);
  });

  it.each(kinds)('comes back from a %s recipe as the same settings', (kind) => {
    const settings: Settings = {
      ...defaultSettings,
      seed: 9,
      isSeedFixed: true,
      prompt: 'p',
      strength: 0.4,
      featherPx: 3,
      growPx: -2,
      grainMatch: 0.5,
      ...refined,
    };
    const first = buildRequest({ ...common, kind, settings });
    expect(GenerateRequest.parse(first)).toEqual(first);
    const again = { ...defaultSettings, ...settingsOfRequest(first, { seed: 9, index: 0 }) };
    expect(Settings.parse(again)).toEqual(again);
    expect(buildRequest({ ...common, kind, settings: again })).toEqual(first);
  });

  it('says only what differs from the usual', () => {
    const plain = buildRequest({ ...common, kind: 'image', settings: defaultSettings });
    for (const name of ['vae', 'guidanceRescale', 'emphasis', 'noiseSource', 'etaNoiseSeedDelta']) {
      expect(plain).not.toHaveProperty(name);
    }
    expect(plain).not.toHaveProperty('samplerOptions');
    expect(plain).not.toHaveProperty('grainMatch');
    expect(plain).not.toHaveProperty('variation');
  });

  it('leaves out what the sampler has no use for', () => {
    const settings = { ...defaultSettings, ...refined };
    const of = (name: string) =>
      buildRequest({
        ...common,
        kind: 'image',
        settings,
        sampler: catalogue.samplers.find((s) => s.name === name),
      });
    expect(of('DPM++ 2M')).not.toHaveProperty('samplerOptions');
    expect(of('DPM++ 2M')).not.toHaveProperty('etaNoiseSeedDelta');
    expect(of('Euler')).toMatchObject({ samplerOptions: { sChurn: 5, sTmax: 10, sNoise: 1.01 } });
    expect(of('Euler')).not.toHaveProperty('samplerOptions.eta');
    expect(of('Euler a')).toMatchObject({
      samplerOptions: { eta: 0.5, sNoise: 1.01 },
      etaNoiseSeedDelta: 31337,
    });
    expect(of('Euler a')).not.toHaveProperty('samplerOptions.sChurn');
  });

  it('gives each variant of a variation its own seed back', () => {
    const settings = { ...defaultSettings, ...refined };
    const request = buildRequest({ ...common, kind: 'image', settings });
    expect(settingsOfRequest(request, { seed: 9, index: 2 })).toMatchObject({
      seed: 9,
      variationSeed: refined.variationSeed + 2,
    });
  });
});

describe('stored settings', () => {
  function storage(text: string | null) {
    let kept = text;
    return { getItem: () => kept, setItem: (_: string, value: string) => void (kept = value) };
  }

  it('come back as they were', () => {
    const box = storage(null);
    const settings = { ...defaultSettings, prompt: 'a boat', steps: 30 };
    saveSettings(box, settings);
    expect(loadSettings(box)).toEqual(settings);
  });

  it.each([null, 'not json', '{}', '{"version":2}', '{"version":1,"settings":{"steps":-1}}'])(
    'are the defaults when they are %s',
    (text) => {
      expect(loadSettings(storage(text))).toEqual(defaultSettings);
    },
  );

  it('keep what an earlier version stored, and what is still valid', () => {
    const { eta: _eta, dialect: _dialect, ...earlier } = { ...defaultSettings, prompt: 'kept' };
    const text = JSON.stringify({ version: 1, settings: { ...earlier, steps: -1, gone: true } });
    expect(loadSettings(storage(text))).toEqual({ ...defaultSettings, prompt: 'kept' });
  });

  it('keep a prompt of any length', () => {
    const box = storage(null);
    const settings = { ...defaultSettings, prompt: 'x'.repeat(50_000) };
    saveSettings(box, settings);
    expect(loadSettings(box).prompt).toHaveLength(50_000);
  });

  it('are not lost when the storage refuses', () => {
    const refusing = {
      getItem: (): string => {
        throw new Error('denied');
      },
      setItem: () => {
        throw new Error('full');
      },
    };
    expect(() => saveSettings(refusing, defaultSettings)).not.toThrow();
    expect(loadSettings(refusing)).toEqual(defaultSettings);
  });
});
