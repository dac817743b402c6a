/** --control and what goes with it: ControlNets and the pictures that they look at. */
import {
  ControlFit,
  ControlMode,
  controlPlaneName,
  ControlUnit,
  ControlUnits,
  mostControls,
  preprocessorNames,
  type Preprocessor,
} from '../../shared/control.ts';
import { PentimentoError } from '../../shared/errors.ts';
import type { Plane } from '../../shared/frame.ts';
import type { Rect, Size } from '../../shared/geometry.ts';
import { limits, type Range } from '../../shared/limits.ts';
import { nearestNames } from '../../shared/nearest.ts';
import { cropRaster } from '../engine/picture/crop.ts';
import type { Raster } from '../engine/picture/raster.ts';
import { choiceOption, numberIn, type Options } from './options.ts';
import { decodeNamed } from './pictures.ts';

/** ControlNets of a run, and their pictures over the whole document. */
export interface ControlsOfRun {
  readonly units: readonly ControlUnit[];
  /** By the places of the units; absent where a unit looks at the picture or the mask. */
  readonly pictures: ReadonlyArray<Raster | undefined>;
}

/** Nothing without it. */
const companions = [
  'control-image',
  'control-from',
  'control-as',
  'control-mode',
  'control-fit',
] as const;

/** Undefined without --control. Throws E_USAGE, E_PARAM, E_FILE, E_IMAGE_*. */
export async function readControls(
  options: Options,
  document: Size,
): Promise<ControlsOfRun | undefined> {
  const asked = options.control ?? [];
  if (asked.length === 0) {
    if (companions.some((name) => options[name] !== undefined))
      throw new PentimentoError('E_USAGE', '--control MODEL is missing.');
    return undefined;
  }
  if (asked.length > mostControls) {
    const detail = `--control is given ${asked.length} times; up to ${mostControls} ControlNets work at once.`;
    throw new PentimentoError('E_PARAM', detail);
  }
  const images = forEach(options, 'control-image', asked.length);
  const sources = forEach(options, 'control-from', asked.length);
  if (images && sources)
    throw new PentimentoError('E_USAGE', '--control-image and --control-from exclude each other.');
  const makers = forEach(options, 'control-as', asked.length);
  const mode = choiceOption(options, 'control-mode', ControlMode.options, 'balanced');
  const fit = choiceOption(options, 'control-fit', ControlFit.options, 'crop');
  const units = asked.map((text, i) => ({
    ...networkOf(text),
    mode,
    fit,
    source: images ? 'plane' : sourceOf(sources?.[i]),
    ...preprocessorOf(makers?.[i]),
  }));
  const pictures: Array<Raster | undefined> = [];
  for (const i of asked.keys()) {
    const path = images?.[i];
    pictures.push(path === undefined ? undefined : await overDocument(path, document, fit));
  }
  return { units: checked(units), pictures };
}

type ListName = 'control-image' | 'control-from' | 'control-as';

/** One value for each ControlNet; a single one is for all. */
function forEach(options: Options, name: ListName, count: number): string[] | undefined {
  const values = options[name];
  if (values === undefined || values.length === count) return values;
  const [only] = values;
  if (values.length === 1 && only !== undefined) return Array.from({ length: count }, () => only);
  throw new PentimentoError('E_USAGE', `--${name} is given once, or once for each --control.`);
}

/** MODEL[:WEIGHT[:START[:END]]]; a name may hold colons, so that only numbers at its end are taken off. */
function networkOf(text: string) {
  const number = String.raw`(?::(-?[\d.]+))?`;
  const [, model = '', weight, start, end] =
    new RegExp(`^(.*?)${number}${number}${number}$`).exec(text) ?? [];
  if (model === '') throw new PentimentoError('E_PARAM', '--control names no ControlNet.');
  const value = (name: string, asked: string | undefined, range: Range) =>
    numberIn(`The ${name} in --control`, asked, range);
  return {
    model,
    weight: value('weight', weight, limits.controlWeight),
    start: value('start', start, limits.share),
    end: value('end', end, { ...limits.share, default: 1 }),
  };
}

const sources = ['picture', 'mask'] as const;

function sourceOf(text: string | undefined): ControlUnit['source'] {
  const found = sources.find((source) => source === (text ?? 'picture'));
  if (found) return found;
  const choices = sources.join(', ');
  throw new PentimentoError('E_PARAM', `--control-from is one of ${choices}; received "${text}".`);
}

/** In the units of the preprocessors. */
const setting: Range = { min: 0, max: 255, default: 0 };

/** NAME[:A[:B]]; "none" is none. */
function preprocessorOf(text: string | undefined): { preprocessor?: Preprocessor } {
  if (text === undefined || text === 'none') return {};
  const [asked = '', ...rest] = text.split(':');
  const name = asked.replaceAll('-', '_');
  const found = preprocessorNames.find((known) => known === name);
  if (!found) throw unknownPreprocessor(asked, name);
  const most = found === 'inpaint' ? 0 : 2;
  if (rest.length > most) {
    const detail = `--control-as ${found} has ${most === 0 ? 'no settings' : `${most} settings at most`}; received "${text}".`;
    throw new PentimentoError('E_PARAM', detail);
  }
  if (found === 'inpaint') return { preprocessor: { name: found } };
  const [a, b] = rest.map((number) =>
    numberIn(`A setting in --control-as ${found}`, number, setting),
  );
  return {
    preprocessor: {
      name: found,
      ...(a === undefined ? {} : { a }),
      ...(b === undefined ? {} : { b }),
    },
  };
}

function unknownPreprocessor(asked: string, name: string): PentimentoError {
  const [near] = nearestNames(name, preprocessorNames, 1);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  const choices = ['none', ...preprocessorNames].join(', ');
  return new PentimentoError(
    'E_PARAM',
    `--control-as is one of ${choices}; received "${asked}".${hint}`,
  );
}

function checked(units: readonly unknown[]): ControlUnit[] {
  const parsed = ControlUnits.safeParse(units);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.slice(1).join('.');
  throw new PentimentoError('E_PARAM', `--control: ${where}: ${issue?.message}.`);
}

async function overDocument(path: string, document: Size, fit: ControlFit): Promise<Raster> {
  const { raster } = await decodeNamed(path);
  if (raster.width === document.width && raster.height === document.height) return raster;
  // Loaded where it is needed, for every command waits for what is loaded.
  const { fitControlPicture } = await import('../engine/picture/control/controlCrop.ts');
  const { toImage8 } = await import('../engine/picture/pillow/image8.ts');
  return fitControlPicture(toImage8(raster), document, fit);
}

/** The pictures over a region of the document, as planes of the request. */
export function controlPlanes({ pictures }: ControlsOfRun, region: Rect): Plane[] {
  return pictures.flatMap((picture, i) =>
    picture ? [{ name: controlPlaneName(i), ...cropRaster(picture, region) }] : [],
  );
}
