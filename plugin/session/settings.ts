/** What the artist has set: kept over restarts, and never lost by an error. */
import { z } from 'zod';
import { limits, maxPromptCharacters, maxSeed, type Range } from '../../shared/limits.ts';
import { Area, MaskedContent } from '../../shared/request.ts';

export const Mode = z.enum(['fill', 'remove', 'restyle', 'refine']);
export type Mode = z.infer<typeof Mode>;

/** What is read: as fits the situation, the active layer, or everything that is visible. */
export const Source = z.enum(['automatic', 'layer', 'composite']);
export type Source = z.infer<typeof Source>;

function within(range: Range) {
  return z.number().min(range.min).max(range.max);
}

export const Settings = z.strictObject({
  mode: Mode,
  prompt: z.string().max(maxPromptCharacters),
  negativePrompt: z.string().max(maxPromptCharacters),
  strength: within(limits.strength),
  featherPx: within(limits.featherPx),
  growPx: within(limits.growPx).int(),
  count: within(limits.count).int(),
  /** Model id; empty: the first one found. */
  model: z.string().max(300),
  sampler: z.string().max(60),
  schedule: z.string().max(60),
  steps: within(limits.steps).int(),
  cfgScale: within(limits.cfgScale),
  seed: z.number().int().min(0).max(maxSeed),
  isSeedFixed: z.boolean(),
  maskedContent: MaskedContent,
  area: Area,
  paddingPx: within(limits.paddingPx).int(),
  colorMatch: within(limits.colorMatch),
  source: Source,
});
export type Settings = Readonly<z.infer<typeof Settings>>;

const Stored = z.strictObject({ version: z.literal(1), settings: Settings });

/** What a mode sets when it is chosen; everything else stays as it is. */
export const modePresets: Readonly<Record<Mode, Partial<Settings>>> = {
  fill: { strength: 0.85, colorMatch: 1 },
  remove: { colorMatch: 1 },
  restyle: { strength: 0.65, colorMatch: 0 },
  refine: { strength: 0.35, colorMatch: 1 },
};

export const defaultSettings: Settings = {
  mode: 'fill',
  prompt: '',
  negativePrompt: '',
  strength: 0.85,
  featherPx: limits.featherPx.default,
  growPx: limits.growPx.default,
  count: limits.count.default,
  model: '',
  sampler: 'DPM++ 2M',
  schedule: 'karras',
  steps: limits.steps.default,
  cfgScale: limits.cfgScale.default,
  seed: 0,
  isSeedFixed: false,
  maskedContent: 'original',
  area: 'context',
  paddingPx: limits.paddingPx.default,
  colorMatch: limits.colorMatch.default,
  source: 'automatic',
};

/** What localStorage offers, in the browser and in UXP. */
export interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const storageKey = 'pentimento.settings';

/** The stored settings, or the defaults when there are none or they do not parse any more. */
export function loadSettings(storage: TextStorage): Settings {
  try {
    const text = storage.getItem(storageKey);
    const parsed = Stored.safeParse(text === null ? undefined : JSON.parse(text));
    return parsed.success ? parsed.data.settings : defaultSettings;
  } catch {
    return defaultSettings;
  }
}

/** Keeps the settings; a full or forbidden storage is no reason to stop the artist. */
export function saveSettings(storage: TextStorage, settings: Settings): void {
  try {
    storage.setItem(storageKey, JSON.stringify({ version: 1, settings }));
  } catch {
    // Private windows refuse to store; the settings then live as long as the page.
  }
}
