/** What the artist has set: kept over restarts, and never lost by an error. */
import { z } from 'zod';
import { AdvancedSettings } from '../../shared/advanced.ts';
import { Anchor, expandLimits, noSides, overlapPx } from '../../shared/expand.ts';
import { limits, maxSeed, maxSidePx, type Range } from '../../shared/limits.ts';
import { Area, Dialect, Emphasis, MaskedContent, NoiseSource } from '../../shared/request.ts';
import { HiresFix } from '../../shared/stages.ts';
import { ControlSettings } from './controls.ts';

export const Mode = z.enum(['fill', 'remove', 'restyle', 'refine', 'expand']);
export type Mode = z.infer<typeof Mode>;

/** What is read: as fits the situation, the active layer, or everything that is visible. */
export const Source = z.enum(['automatic', 'layer', 'composite']);
export type Source = z.infer<typeof Source>;

function within(range: Range) {
  return z.number().min(range.min).max(range.max);
}

const newPx = z.number().int().min(0).max(maxSidePx);

/** How the picture is to go on past its edges, document pixels. */
export const ExpandSettings = z.strictObject({
  sides: z.strictObject({ left: newPx, top: newPx, right: newPx, bottom: newPx }),
  /** Where the picture stays when a shape is chosen. */
  anchor: Anchor,
  overlapPx,
  /** Painted by the model, or continued by the picture's own patches. */
  by: z.enum(['model', 'patches']),
});
export type ExpandSettings = Readonly<z.infer<typeof ExpandSettings>>;

export const Settings = z.strictObject({
  mode: Mode,
  /** Of any length, so that nothing that was pasted is lost; what is too long does not run. */
  prompt: z.string(),
  negativePrompt: z.string(),
  strength: within(limits.strength),
  featherPx: within(limits.featherPx),
  growPx: within(limits.growPx).int(),
  count: within(limits.count).int(),
  /** Model id; empty: the first one found. */
  model: z.string().max(300),
  /** Id of a VAE file; empty: the model's own. */
  vae: z.string().max(300),
  /** Id of the model whose text encoder and VAE go with a UNet alone; empty: the first that can lend them. */
  partsFrom: z.string().max(300),
  sampler: z.string().max(60),
  schedule: z.string().max(60),
  steps: within(limits.steps).int(),
  cfgScale: within(limits.cfgScale),
  seed: z.number().int().min(0).max(maxSeed),
  isSeedFixed: z.boolean(),
  /** -1: a random one. Without a strength it is not used. */
  variationSeed: z.number().int().min(-1).max(maxSeed),
  variationStrength: within(limits.variationStrength),
  /** Absent: the sampler's own. */
  eta: within(limits.eta).optional(),
  sChurn: within(limits.sChurn),
  sTmin: within(limits.sTmin),
  sTmax: within(limits.sTmax),
  sNoise: within(limits.sNoise),
  etaNoiseSeedDelta: z.number().int().min(-maxSeed).max(maxSeed),
  clipSkip: within(limits.clipSkip).int(),
  guidanceRescale: within(limits.guidanceRescale),
  emphasis: Emphasis,
  noiseSource: NoiseSource,
  dialect: Dialect,
  /** Id of a model for the last steps; empty: none. */
  refinerModel: z.string().max(300),
  refinerSwitch: within(limits.refinerSwitch),
  /** Text to image's second, larger pass; absent: none. */
  hires: HiresFix.optional(),
  /** What only recipes set, and whether all steps are run. */
  advanced: AdvancedSettings,
  /** ControlNets, in order. */
  controls: ControlSettings,
  maskedContent: MaskedContent,
  area: Area,
  paddingPx: within(limits.paddingPx).int(),
  colorMatch: within(limits.colorMatch),
  grainMatch: within(limits.grainMatch),
  source: Source,
  expand: ExpandSettings,
});
export type Settings = Readonly<z.infer<typeof Settings>>;

const Stored = z.object({ version: z.literal(1), settings: z.record(z.string(), z.unknown()) });

/** What a mode sets when it is chosen; everything else stays as it is. */
export const modePresets: Readonly<Record<Mode, Partial<Settings>>> = {
  fill: { strength: 0.85, colorMatch: 1 },
  remove: { colorMatch: 1 },
  restyle: { strength: 0.65, colorMatch: 0 },
  refine: { strength: 0.35, colorMatch: 1 },
  expand: { strength: 1, colorMatch: 1 },
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
  vae: '',
  partsFrom: '',
  sampler: 'DPM++ 2M',
  schedule: 'karras',
  steps: limits.steps.default,
  cfgScale: limits.cfgScale.default,
  seed: 0,
  isSeedFixed: false,
  variationSeed: -1,
  variationStrength: limits.variationStrength.default,
  sChurn: limits.sChurn.default,
  sTmin: limits.sTmin.default,
  sTmax: limits.sTmax.default,
  sNoise: limits.sNoise.default,
  etaNoiseSeedDelta: 0,
  clipSkip: limits.clipSkip.default,
  guidanceRescale: limits.guidanceRescale.default,
  emphasis: 'original',
  noiseSource: 'cpu',
  dialect: 'pentimento',
  refinerModel: '',
  refinerSwitch: limits.refinerSwitch.default,
  advanced: {},
  controls: [],
  maskedContent: 'original',
  area: 'context',
  paddingPx: limits.paddingPx.default,
  colorMatch: limits.colorMatch.default,
  grainMatch: limits.grainMatch.default,
  source: 'automatic',
  expand: {
    sides: noSides,
    anchor: 'center',
    overlapPx: expandLimits.overlapPx.default,
    by: 'model',
  },
};

/** What localStorage offers, in the browser and in UXP. */
export interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const storageKey = 'pentimento.settings';

/** The stored settings; the default stands in for each that is missing or does not parse any more. */
export function loadSettings(storage: TextStorage): Settings {
  try {
    const text = storage.getItem(storageKey);
    const parsed = Stored.safeParse(text === null ? undefined : JSON.parse(text));
    return parsed.success ? settingsFrom(parsed.data.settings) : defaultSettings;
  } catch {
    return defaultSettings;
  }
}

function settingsFrom(stored: Readonly<Record<string, unknown>>): Settings {
  const known = Object.entries(Settings.shape).filter(
    ([name, schema]) => name in stored && schema.safeParse(stored[name]).success,
  );
  const kept = Object.fromEntries(known.map(([name]) => [name, stored[name]]));
  return Settings.parse({ ...defaultSettings, ...kept });
}

/** Keeps the settings; a full or forbidden storage is no reason to stop the artist. */
export function saveSettings(storage: TextStorage, settings: Settings): void {
  try {
    storage.setItem(storageKey, JSON.stringify({ version: 1, settings }));
  } catch {
    // Private windows refuse to store; the settings then live as long as the page.
  }
}
