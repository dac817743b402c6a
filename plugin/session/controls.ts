/** ControlNets as the artist sets them: which, and what they look at. Pure. */
import { z } from 'zod';
import type { ModelInfo } from '../../shared/api.ts';
import {
  ControlFit,
  ControlMode,
  mostControls,
  Preprocessor,
  preprocessorNames,
  type ControlUnit,
} from '../../shared/control.ts';
import { limits, type Range } from '../../shared/limits.ts';
import type { SessionState } from './state.ts';

function within(range: Range) {
  return z.number().min(range.min).max(range.max);
}

/** What a ControlNet looks at. */
export const ControlSight = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('picture') }),
  z.strictObject({ kind: z.literal('mask') }),
  z.strictObject({
    kind: z.literal('layer'),
    documentId: z.string().max(200),
    layerId: z.string().max(200),
    name: z.string().max(1000),
  }),
  /** A picture file; its pixels live as long as the session. No name: it has to be chosen (again). */
  z.strictObject({ kind: z.literal('file'), name: z.string().max(1000) }),
]);
export type ControlSight = z.infer<typeof ControlSight>;

export const ControlSetting = z.strictObject({
  /** Of this setting, for what is shown with it. */
  id: z.string().max(100),
  /** Model id; empty: not chosen yet. */
  model: z.string().max(300),
  weight: within(limits.controlWeight),
  start: within(limits.share),
  end: within(limits.share),
  mode: ControlMode,
  fit: ControlFit,
  preprocessor: Preprocessor.optional(),
  sight: ControlSight,
});
export type ControlSetting = z.infer<typeof ControlSetting>;

export const ControlSettings = z.array(ControlSetting).max(mostControls);

export function newControl(id: string): ControlSetting {
  return {
    id,
    model: '',
    weight: limits.controlWeight.default,
    start: 0,
    end: 1,
    mode: 'balanced',
    fit: 'crop',
    sight: { kind: 'picture' },
  };
}

/** The list with one of them changed. */
export function withControl(
  controls: readonly ControlSetting[],
  id: string,
  change: Partial<ControlSetting>,
): ControlSetting[] {
  return controls.map((control) => (control.id === id ? { ...control, ...change } : control));
}

/** As requests have them. */
export function controlUnits(controls: readonly ControlSetting[]): ControlUnit[] {
  return controls.map(({ id: _id, sight, preprocessor, ...unit }) => ({
    ...unit,
    source: sight.kind === 'picture' || sight.kind === 'mask' ? sight.kind : 'plane',
    ...(preprocessor ? { preprocessor } : {}),
  }));
}

/** Ids of those that are chosen, as a plan asks for them; nothing where there are none. */
export function controlIdsOf({ controls }: { readonly controls: readonly ControlSetting[] }): {
  controls?: string[];
} {
  const ids = controls.map(({ model }) => model).filter((model) => model !== '');
  return ids.length === 0 ? {} : { controls: ids };
}

/** As settings have them; a picture of its own is not in a recipe and has to be chosen again. */
export function controlSettingsOf(units: readonly ControlUnit[]): ControlSetting[] {
  return units.map(({ source, preprocessor, ...unit }, i) => ({
    id: `recipe-${i}`,
    ...unit,
    sight: source === 'plane' ? { kind: 'file', name: '' } : { kind: source },
    ...(preprocessor ? { preprocessor } : {}),
  }));
}

/** The ControlNets of the library: those for the model first. */
export function controlNets({ models }: Pick<SessionState, 'models'>): readonly ModelInfo[] {
  return models.filter(({ kind }) => kind === 'controlnet');
}

/** Undefined when it can be used with a model of the family. */
export function controlObstacle(net: ModelInfo, family: string | undefined): string | undefined {
  if (!net.usable) return [net.problem?.title, net.problem?.detail].filter(Boolean).join(' ');
  const isOther = family !== undefined && net.family !== family && net.family !== 'unknown';
  return isOther ? 'Made for another family than the model.' : undefined;
}

/** What a run gives them to look at. */
export interface ControlScene {
  readonly hasPicture: boolean;
  readonly hasSelection: boolean;
  readonly documentId: string | undefined;
  readonly models: readonly ModelInfo[];
  readonly family: string | undefined;
  /** Of the file that was chosen for a setting, whether it is still there. */
  readonly hasFile: (id: string) => boolean;
}

/** Why the run cannot start with these, in a sentence; undefined when it can. */
export function controlsObstacle(
  controls: readonly ControlSetting[],
  scene: ControlScene,
): string | undefined {
  for (const [i, control] of controls.entries()) {
    const why = obstacleOf(control, scene);
    if (why !== undefined) return `ControlNet ${i + 1}: ${why}`;
  }
  return undefined;
}

function obstacleOf(control: ControlSetting, scene: ControlScene): string | undefined {
  const { model, sight, preprocessor, start, end } = control;
  if (model === '') return 'choose a model, or remove it.';
  const net = scene.models.find(({ id, kind }) => id === model && kind === 'controlnet');
  if (!net) return 'its model is not in your library.';
  const why = controlObstacle(net, scene.family);
  if (why !== undefined) return why;
  if (start > end) return 'it would end before it begins.';
  const needsMask = sight.kind === 'mask' || preprocessor?.name === 'inpaint';
  if (needsMask && !scene.hasSelection) return 'it looks at the selection, and there is none.';
  switch (sight.kind) {
    case 'picture':
      return scene.hasPicture ? undefined : 'it looks at the picture, and there is none.';
    case 'layer':
      return sight.documentId === scene.documentId
        ? undefined
        : 'its layer is in another document.';
    case 'file':
      return sight.name !== '' && scene.hasFile(control.id)
        ? undefined
        : 'choose the picture it looks at.';
    case 'mask':
      return undefined;
  }
}

/** How preprocessors are called here, and the settings that they have. */
export interface PreprocessorWords {
  readonly label: string;
  readonly about: string;
  readonly a?: PreprocessorNumber;
  readonly b?: PreprocessorNumber;
}

interface PreprocessorNumber {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly digits: number;
}

const level = { min: 0, max: 255, digits: 0 } as const;
const gamma = { label: 'Gamma', min: 0.1, max: 2, default: 1, digits: 2 } as const;

/** Defaults as the engine has them (AUTOMATIC1111's extension). */
const preprocessors: Readonly<Partial<Record<Preprocessor['name'], PreprocessorWords>>> = {
  canny: {
    label: 'Edges (canny)',
    about: 'Hard edges, for canny models.',
    a: { label: 'Weak edges', default: 100, ...level },
    b: { label: 'Strong edges', default: 200, ...level },
  },
  lineart_standard: { label: 'Line art', about: 'Drawn lines, for line art models.' },
  scribble_xdog: {
    label: 'Scribble',
    about: 'Rough strokes, for scribble models.',
    a: { label: 'Threshold', min: 1, max: 64, default: 32, digits: 0 },
  },
  invert: { label: 'Drawing, inverted', about: 'Dark lines on white become light on black.' },
  threshold: {
    label: 'Black and white',
    about: 'White above a level.',
    a: { label: 'Level', default: 127, ...level },
  },
  binary: {
    label: 'Black and white, automatic',
    about: 'The level is found; 0 leaves it so.',
    a: { label: 'Level', default: 0, ...level },
  },
  tile_resample: {
    label: 'Coarse copy (tile)',
    about: 'The picture made smaller, for tile models.',
    a: { label: 'Divide by', min: 1, max: 8, default: 1, digits: 2 },
  },
  blur_gaussian: {
    label: 'Blurred (tile)',
    about: 'A blurred copy, for tile and blur models.',
    a: { label: 'Radius', min: 1, max: 64, default: 9, digits: 0 },
  },
  recolor_luminance: {
    label: 'Brightness',
    about: 'For recolouring: perceived brightness.',
    a: gamma,
  },
  recolor_intensity: { label: 'Intensity', about: 'For recolouring: plain intensity.', a: gamma },
  color: { label: 'Colour grid', about: 'Large squares of colour.' },
  inpaint: { label: 'Selection left out', about: 'For inpainting ControlNets.' },
};

/** Every preprocessor there is, those with words of ours first. */
export function preprocessorList(): ReadonlyArray<
  readonly [name: Preprocessor['name'], words: PreprocessorWords]
> {
  const named = Object.keys(preprocessors);
  const rank = (name: string) => (named.includes(name) ? named.indexOf(name) : named.length);
  return [...preprocessorNames]
    .sort((one, other) => rank(one) - rank(other))
    .map((name) => [name, wordsOfPreprocessor(name)]);
}

/** One without words of ours goes by its name. */
export function wordsOfPreprocessor(name: Preprocessor['name']): PreprocessorWords {
  return preprocessors[name] ?? { label: name.replaceAll('_', ' '), about: '' };
}

/** The preprocessor that a model's name speaks of; undefined when it speaks of none. */
export function preprocessorFor(modelName: string): Preprocessor | undefined {
  const name = modelName.toLowerCase();
  const found = hints.find(([word]) => name.includes(word))?.[1];
  return found && { name: found };
}

const hints: ReadonlyArray<readonly [word: string, name: Preprocessor['name']]> = [
  ['canny', 'canny'],
  ['lineart', 'lineart_standard'],
  ['line_art', 'lineart_standard'],
  ['scribble', 'scribble_xdog'],
  ['inpaint', 'inpaint'],
  ['tile', 'tile_resample'],
  ['recolor', 'recolor_luminance'],
  ['blur', 'blur_gaussian'],
];

/** The settings under More, in a few words. */
export function controlsLine(
  controls: readonly ControlSetting[],
  models: readonly ModelInfo[],
): string {
  if (controls.length === 0) return 'none';
  return controls
    .map(({ model, weight }) => {
      const name = models.find(({ id }) => id === model)?.name ?? 'no model';
      return weight === 1 ? name : `${name} ${weight}`;
    })
    .join(' · ');
}
