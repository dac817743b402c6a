/** --control and what goes with it: ControlNets and the pictures that they look at. */
import {
  ControlFit,
  ControlMode,
  controlPlaneName,
  ControlUnit,
  ControlUnits,
  preprocessorNames,
} from '../../shared/control.ts';
import { PentimentoError } from '../../shared/errors.ts';
import type { Plane } from '../../shared/frame.ts';
import type { Rect, Size } from '../../shared/geometry.ts';
import { cropRaster } from '../engine/picture/crop.ts';
import type { Raster } from '../engine/picture/raster.ts';
import { choiceOption, type Options } from './options.ts';
import { decodeNamed } from './pictures.ts';

/** ControlNets of a run, and their pictures over the whole document. */
export interface ControlsOfRun {
  readonly units: readonly ControlUnit[];
  /** By the places of the units; absent where a unit looks at the picture or the mask. */
  readonly pictures: ReadonlyArray<Raster | undefined>;
}

/** Undefined without --control. Throws E_USAGE, E_PARAM, E_FILE, E_IMAGE_*. */
export async function readControls(
  options: Options,
  document: Size,
): Promise<ControlsOfRun | undefined> {
  const asked = options.control ?? [];
  if (asked.length === 0) {
    if (options['control-image'] ?? options['control-from'] ?? options['control-as'])
      throw new PentimentoError('E_USAGE', '--control MODEL is missing.');
    return undefined;
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
    source: images ? 'plane' : (sources?.[i] ?? 'picture'),
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

/** MODEL[:WEIGHT[:START[:END]]] */
function networkOf(text: string) {
  const [, model = '', weight = '1', start = '0', end = '1'] =
    /^(.*?)(?::([\d.]+))?(?::([\d.]+))?(?::([\d.]+))?$/.exec(text) ?? [];
  return { model, weight: Number(weight), start: Number(start), end: Number(end) };
}

/** NAME[:A[:B]]; "none" is none. */
function preprocessorOf(text: string | undefined): { preprocessor?: unknown } {
  if (text === undefined || text === 'none') return {};
  const [name, a, b] = text.split(':');
  return {
    preprocessor: {
      name: name?.replaceAll('-', '_'),
      ...(a === undefined ? {} : { a: Number(a) }),
      ...(b === undefined ? {} : { b: Number(b) }),
    },
  };
}

function checked(units: readonly unknown[]): ControlUnit[] {
  const parsed = ControlUnits.safeParse(units);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.slice(1).join('.');
  const choices = where?.startsWith('preprocessor')
    ? ` It is one of ${preprocessorNames.join(', ')}.`
    : '';
  throw new PentimentoError('E_PARAM', `--control: ${where}: ${issue?.message}.${choices}`);
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
