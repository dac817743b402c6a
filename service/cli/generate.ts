/** inpaint, remove, img2img and variants: from a file to a file through the service. */
import { PentimentoError } from '../../shared/errors.ts';
import type { ResultInfo } from '../../shared/event.ts';
import type { Frame, Plane } from '../../shared/frame.ts';
import type { Size } from '../../shared/geometry.ts';
import { limits } from '../../shared/limits.ts';
import { Area, Dialect, MaskedContent } from '../../shared/request.ts';
import { assertGrows } from '../engine/picture/psd/document/grow/growDocument.ts';
import type { Mask } from '../engine/picture/raster.ts';
import type { BegunFile } from './begunFile.ts';
import type { ServiceClient } from './client.ts';
import { controlPlanes, readControls, type ControlsOfRun } from './controlOptions.ts';
import {
  asksForMask,
  checkMaskOptions,
  maskFiles,
  readMask,
  asksForPicture,
} from './maskOptions.ts';
import { checkExpandOptions, readExpansion, type ExpansionOfRun } from './expandOptions.ts';
import { onGrownCanvas } from './grownCanvas.ts';
import { planRequest } from './planOfRun.ts';
import { followRun, reportResults } from './followRun.ts';
import { choiceOption, numberOption, wholeOption, type Options } from './options.ts';
import {
  assertWritable,
  maskPlane,
  openPicture,
  outputFormat,
  picturePlane,
  writeResults,
  type OpenedPicture,
  type ReadingOptions,
} from './pictures.ts';
import type { UnflaggedSettings } from './recipeOptions.ts';
import { buildRequest, usualSize } from './requestOfRun.ts';
import { withSamplingOptions } from './samplingOptions.ts';
import { blankCanvas, withStageOptions } from './stageOptions.ts';
import { maskNames, saveMasks, type MaskNames } from './saveMasks.ts';
import type { Terminal } from './terminal.ts';

export type GenerateCommand = 'inpaint' | 'remove' | 'img2img' | 'variants' | 'expand' | 'txt2img';

/** A command whose words, numbers and files are in order. */
export interface PreparedRun {
  readonly kind: 'text' | 'image' | 'inpaint' | 'remove' | 'expand' | 'expand-patches';
  /** Of the command `expand`. */
  readonly expansion?: ExpansionOfRun;
  readonly picture: OpenedPicture;
  readonly mask: Mask | undefined;
  readonly controls: ControlsOfRun | undefined;
  readonly settings: Settings;
  readonly options: Options;
  /** What a recipe sets and no option names. */
  readonly unflagged: UnflaggedSettings;
  readonly out: string;
  /** Where both masks are written before the run. */
  readonly masksOut?: MaskNames;
  /** What is being written already; to be discarded where the run fails. */
  readonly begun?: BegunFile | undefined;
}

export interface RunTools {
  readonly terminal: Terminal;
  /** Cancels the job. */
  readonly signal: AbortSignal;
}

/** A command whose words and numbers are in order, with the picture that it works on. */
export interface OpenedRun extends Pick<
  PreparedRun,
  'picture' | 'settings' | 'options' | 'unflagged' | 'out' | 'masksOut'
> {
  readonly command: GenerateCommand;
}

/** Everything that can be told before other files are read. Throws E_USAGE, E_PARAM, E_FILE, E_IMAGE_*, E_OUTPUT_TYPE. */
export async function openRun(
  command: GenerateCommand,
  file: string,
  options: Options,
  unflagged: UnflaggedSettings,
): Promise<OpenedRun> {
  const out = options.out;
  if (out === undefined) throw new PentimentoError('E_USAGE', '--out FILE is missing.');
  outputFormat(out);
  checkCombination(command, options);
  const settings = readSettings(options, command);
  const read = [file, ...maskFiles(options)];
  await assertWritable(out, read);
  const masksPath = options['save-masks'];
  const saved = masksPath === undefined ? {} : { masksOut: await maskNames(masksPath, read) };
  const isText = command === 'txt2img';
  const asked = withStageOptions(withSamplingOptions(unflagged, options), options, isText);
  const picture = isText
    ? blankCanvas(settings.workingSize ?? usualSize, asked.hires)
    : await openPicture(file, out, readingOf(command, options));
  if (command === 'expand' && picture.document) assertGrows(picture.document);
  return { command, picture, settings, options, unflagged: asked, out, ...saved };
}

/** Everything that can be told before a service is asked. Throws E_USAGE, E_PARAM, E_FILE, E_IMAGE_*, E_MASK_*. */
export async function prepareRun(...asked: Parameters<typeof openRun>): Promise<PreparedRun> {
  return prepareOpened(await openRun(...asked));
}

/** Throws what is left of what `prepareRun` throws. */
export async function prepareOpened({ command, ...opened }: OpenedRun): Promise<PreparedRun> {
  const { options, picture } = opened;
  const mask = await readMask(options, picture.raster);
  const expansion = command === 'expand' ? readExpansion(options, picture.raster) : undefined;
  const isText = command === 'txt2img';
  const kind = expansion ? expandKind(expansion) : isText ? 'text' : kindOf(command, mask);
  const controls = await readControls(options, picture.raster);
  return { ...opened, kind, mask, controls, ...(expansion ? { expansion } : {}) };
}

/** A document is read whole only for what looks at all of it. */
function readingOf(command: GenerateCommand, options: Options): ReadingOptions {
  const { layer, above, loopback } = options;
  const isWhole = command === 'expand' || loopback !== undefined || asksForPicture(options);
  return { layer, above, isRegionEnough: !isWhole };
}

/** Text to image at the side that its model was trained at, where no size is given. */
export function withCanvasFor(run: PreparedRun, side: number): PreparedRun {
  if (run.settings.workingSize) return run;
  const workingSize = { width: side, height: side };
  const picture = blankCanvas(workingSize, run.unflagged.hires);
  return { ...run, picture, settings: { ...run.settings, workingSize } };
}

/** The same pictures with other settings, checked. Throws E_USAGE, E_PARAM. */
export function withOptions(
  run: PreparedRun,
  command: GenerateCommand,
  changed: Pick<PreparedRun, 'options' | 'unflagged'>,
): PreparedRun {
  checkCombination(command, changed.options);
  const settings = readSettings(changed.options, command);
  const workingSize = settings.workingSize ?? run.settings.workingSize;
  return { ...run, ...changed, settings: { ...settings, workingSize } };
}

/** Runs it and writes its files. Throws PentimentoErrors. */
export async function generate(
  client: ServiceClient,
  run: PreparedRun,
  tools: RunTools,
): Promise<void> {
  await finish(run, await runPrepared(client, run, tools), tools.terminal);
}

export interface MadePictures {
  readonly results: readonly ResultInfo[];
  readonly frames: readonly Frame[];
}

/** Writes the files and says what was written. */
export async function finish(
  { out, picture, expansion, begun }: PreparedRun,
  { results, frames }: MadePictures,
  terminal: Terminal,
): Promise<void> {
  const isLayered = outputFormat(out) === 'psd';
  const shown = expansion ? onGrownCanvas(picture, frames, isLayered) : { picture, frames };
  const names = await writeResults(out, shown.picture, shown.frames, begun);
  reportResults(terminal, results, names);
}

/** Runs it; nothing is written yet. Throws PentimentoErrors. */
export async function runPrepared(
  client: ServiceClient,
  run: PreparedRun,
  tools: RunTools,
): Promise<MadePictures> {
  const { picture, mask } = run;
  const plan = await client.plan(planRequest(run));
  if (mask && run.masksOut) {
    const names = await saveMasks(client, { ...run, mask }, plan, run.masksOut);
    for (const name of names) tools.terminal.line(`wrote ${name}`);
  }
  const request = buildRequest(run, plan.context);
  const planes: Plane[] = run.kind === 'text' ? [] : [await picturePlane(picture, plan.context)];
  if (mask) planes.push(maskPlane(mask, plan.context));
  if (run.controls) planes.push(...controlPlanes(run.controls, plan.context));
  return runToEnd(client, { body: request, planes }, tools);
}

/** A request with its planes, as pictures; the terminal is told of every step. */
export async function runToEnd(
  client: ServiceClient,
  frame: Frame,
  tools: RunTools,
): Promise<MadePictures> {
  const jobId = await client.submit(frame);
  const results = await followRun(client, jobId, tools);
  const frames: Frame[] = [];
  for (const result of results) frames.push(await client.result(result.id));
  return { results, frames };
}

/** Throws E_USAGE. */
function checkCombination(command: GenerateCommand, options: Options): void {
  const { width, height } = options;
  checkMaskOptions(options);
  const isMasked = asksForMask(options);
  const needsMask = command === 'inpaint' || command === 'remove';
  if (needsMask && !isMasked) {
    throw new PentimentoError('E_USAGE', '--mask FILE is missing (or --mask-from-color COLOR).');
  }
  if ((command === 'img2img' || command === 'txt2img') && isMasked) {
    throw new PentimentoError('E_USAGE', `${command} takes no --mask; inpaint does.`);
  }
  if (command === 'txt2img' && options.control !== undefined && width === undefined) {
    throw new PentimentoError('E_USAGE', '--control with txt2img needs --width and --height.');
  }
  if (command === 'remove' && options.refiner !== undefined) {
    throw new PentimentoError('E_USAGE', 'remove runs no model and takes no --refiner.');
  }
  if (options['save-masks'] !== undefined && !isMasked) {
    throw new PentimentoError('E_USAGE', '--save-masks: There is no mask to save.');
  }
  checkExpandOptions(command, options);
  if (command === 'remove' && options.control !== undefined) {
    throw new PentimentoError('E_USAGE', 'remove runs no model and takes no --control.');
  }
  if ((width === undefined) !== (height === undefined)) {
    throw new PentimentoError('E_USAGE', '--width and --height are given together.');
  }
}

function expandKind({ isModelFree }: ExpansionOfRun): 'expand' | 'expand-patches' {
  return isModelFree ? 'expand-patches' : 'expand';
}

function kindOf(command: GenerateCommand, mask: Mask | undefined): 'image' | 'inpaint' | 'remove' {
  if (command === 'inpaint' || command === 'remove') return command;
  return mask && command === 'variants' ? 'inpaint' : 'image';
}

type Settings = ReturnType<typeof readSettings>;

function readSettings(options: Options, command: GenerateCommand) {
  const masked = command === 'inpaint' || command === 'remove' || asksForMask(options);
  const featherPx = numberOption(options, 'feather', limits.featherPx);
  return {
    strength: numberOption(options, 'strength', {
      ...limits.strength,
      default: command === 'inpaint' || command === 'expand' ? 1 : limits.strength.default,
    }),
    steps: wholeOption(options, 'steps', limits.steps),
    cfgScale: numberOption(options, 'cfg', limits.cfgScale),
    clipSkip: wholeOption(options, 'clip-skip', limits.clipSkip),
    featherPx: masked ? featherPx : 0,
    growPx: wholeOption(options, 'grow', limits.growPx),
    paddingPx: wholeOption(options, 'padding', limits.paddingPx),
    colorMatch: numberOption(options, 'color-match', {
      ...limits.colorMatch,
      default: masked || command === 'expand' ? 1 : 0,
    }),
    grainMatch: numberOption(options, 'grain-match', limits.grainMatch),
    seed: wholeOption(options, 'seed', { min: -1, max: Number.MAX_SAFE_INTEGER, default: -1 }),
    count: wholeOption(options, 'count', {
      ...limits.count,
      default: command === 'variants' ? 3 : 1,
    }),
    area: choiceOption(options, 'area', Area.options, 'context'),
    maskedContent: choiceOption(options, 'content', MaskedContent.options, 'original'),
    dialect: choiceOption(options, 'dialect', Dialect.options, 'pentimento'),
    workingSize: workingSize(options),
  };
}

function workingSize(options: Options): Size | undefined {
  if (options.width === undefined) return undefined;
  return {
    width: wholeOption(options, 'width', limits.side),
    height: wholeOption(options, 'height', limits.side),
  };
}
