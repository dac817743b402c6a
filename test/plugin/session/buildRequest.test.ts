import { describe, expect, it } from 'vitest';
import { buildRequest, settingsOfRequest } from '../../../plugin/session/buildRequest.ts';
import {
  defaultSettings,
  loadSettings,
  saveSettings,
  Settings,
} from '../../../plugin/session/settings.ts';
import { GenerateRequest } from '../../../shared/request.ts';
import { photo } from '../../fakes/session.ts';

const region = { x: 4, y: 6, width: 30, height: 20 };
const kinds = ['text', 'image', 'inpaint', 'remove'] as const;

describe('buildRequest', () => {
  it.each(kinds)('makes a valid %s request of the default settings', (kind) => {
    const request = buildRequest({
      kind,
      settings: defaultSettings,
      document: photo,
      region,
      model: 'm',
    });
    expect(GenerateRequest.parse(request)).toEqual(request);
    expect(request).toMatchObject({ kind, region, document: photo, seed: -1, count: 1 });
  });

  it('fixes the seed only when the artist has fixed it', () => {
    const settings = { ...defaultSettings, seed: 42 };
    const common = { kind: 'inpaint', document: photo, region, model: 'm' } as const;
    expect(buildRequest({ ...common, settings }).seed).toBe(-1);
    expect(buildRequest({ ...common, settings: { ...settings, isSeedFixed: true } }).seed).toBe(42);
  });

  it.each(kinds)('comes back from a %s recipe as the same settings', (kind) => {
    const settings = {
      ...defaultSettings,
      seed: 9,
      isSeedFixed: true,
      prompt: 'p',
      strength: 0.4,
      featherPx: 3,
      growPx: -2,
    };
    const first = buildRequest({ kind, settings, document: photo, region, model: 'm' });
    const again = { ...defaultSettings, ...settingsOfRequest(first, 9) };
    expect(Settings.parse(again)).toEqual(again);
    expect(buildRequest({ kind, settings: again, document: photo, region, model: 'm' })).toEqual(
      first,
    );
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
