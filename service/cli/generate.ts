/** inpaint, remove, img2img and variants: from a file to a file through the service. */
import { PentimentoError, errorOfProblem } from '../../shared/errors.ts';
import type { JobEvent, ResultInfo } from '../../shared/event.ts';
import type { Frame, Plane } from '../../shared/frame.ts';
import { boundsOfMask, rectOfSize, type Rect, type Size } from '../../shared/geometry.ts';
import { limits } from '../../shared/limits.ts';
import type { PlanRequest } from '../../shared/plan.ts';
import { Area, Dialect, MaskedContent, type GenerateRequest } from '../../shared/request.ts';
import type { Mask } from '../engine/picture/raster.ts';
import type { ServiceClient } from './client.ts';
import { controlPlanes, readControls, type ControlsOfRun } from './controlOptions.ts';
import { choiceOption, numberOption, wholeOption, type Options } from './options.ts';
import {
  assertWritable,
  maskPlane,
  openMask,
  openPicture,
  outputFormat,
  picturePlane,
  writeResults,
  type OpenedPicture,
} from './pictures.ts';
import type { UnflaggedSettings } from './recipeOptions.ts';
import { withSamplingOptions } from './samplingOptions.ts';
import type { Terminal } from './terminal.ts';

export type GenerateCommand = 'inpaint' | 'remove' | 'img2img' | 'variants';

/** A command whose words, numbers and files are in order. */
export interface PreparedRun {
  readonly kind: 'image' | 'inpaint' | 'remove';
  readonly picture: OpenedPicture;
  readonly mask: Mask | undefined;
  readonly controls: ControlsOfRun | undefined;
  readonly settings: Settings;
  readonly options: Options;
  /** What a recipe sets and no option names. */
  readonly unflagged: UnflaggedSettings;
  readonly out: string;
}

export interface RunTools {
  readonly terminal: Terminal;
  /** Cancels the job. */
  readonly signal: AbortSignal;
}

/** Everything that can be told before a service is asked. Throws E_USAGE, E_PARAM, E_FILE, E_IMAGE_*, E_MASK_*. */
export async function prepareRun(
  command: GenerateCommand,
  file: string,
  options: Options,
  unflagged: UnflaggedSettings,
): Promise<PreparedRun> {
  const out = options.out;
  if (out === undefined) throw new PentimentoError('E_USAGE', '--out FILE is missing.');
  outputFormat(out);
  checkCombination(command, options);
  const settings = readSettings(options, command);
  await assertWritable(out, [file, ...(options.mask === undefined ? [] : [options.mask])]);
  const picture = await openPicture(file, out);
  const mask =
    options.mask === undefined ? undefined : await openMask(options.mask, picture.raster);
  const kind = kindOf(command, mask);
  const controls = await readControls(options, picture.raster);
  const asked = withSamplingOptions(unflagged, options);
  return { kind, picture, mask, controls, settings, options, unflagged: asked, out };
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
  { out, picture }: PreparedRun,
  { results, frames }: MadePictures,
  terminal: Terminal,
): Promise<void> {
  report(terminal, results, await writeResults(out, picture, frames));
}

/** Runs it; nothing is written yet. Throws PentimentoErrors. */
export async function runPrepared(
  client: ServiceClient,
  run: PreparedRun,
  tools: RunTools,
): Promise<MadePictures> {
  const { picture, mask } = run;
  const plan = await client.plan(planRequest(run));
  const request = buildRequest(run, plan.context);
  const planes: Plane[] = [picturePlane(picture.raster, plan.context)];
  if (mask) planes.push(maskPlane(mask, plan.context));
  if (run.controls) planes.push(...controlPlanes(run.controls, plan.context));
  const jobId = await client.submit({ body: request, planes });
  const results = await follow(client, jobId, tools);
  const frames: Frame[] = [];
  for (const result of results) frames.push(await client.result(result.id));
  return { results, frames };
}

/** Throws E_USAGE. */
function checkCombination(command: GenerateCommand, options: Options): void {
  const { mask, width, height } = options;
  const needsMask = command === 'inpaint' || command === 'remove';
  if (needsMask && mask === undefined) {
    throw new PentimentoError('E_USAGE', '--mask FILE is missing.');
  }
  if (command === 'img2img' && mask !== undefined) {
    throw new PentimentoError('E_USAGE', 'img2img takes no --mask; inpaint does.');
  }
  if (command === 'remove' && options.control !== undefined) {
    throw new PentimentoError('E_USAGE', 'remove runs no model and takes no --control.');
  }
  if ((width === undefined) !== (height === undefined)) {
    throw new PentimentoError('E_USAGE', '--width and --height are given together.');
  }
}

function kindOf(command: GenerateCommand, mask: Mask | undefined): 'image' | 'inpaint' | 'remove' {
  if (command === 'inpaint' || command === 'remove') return command;
  return mask && command === 'variants' ? 'inpaint' : 'image';
}

type Settings = ReturnType<typeof readSettings>;

function readSettings(options: Options, command: GenerateCommand) {
  const masked = command === 'inpaint' || command === 'remove' || options.mask !== undefined;
  const featherPx = numberOption(options, 'feather', limits.featherPx);
  return {
    strength: numberOption(options, 'strength', {
      ...limits.strength,
      default: command === 'inpaint' ? 1 : limits.strength.default,
    }),
    steps: wholeOption(options, 'steps', limits.steps),
    cfgScale: numberOption(options, 'cfg', limits.cfgScale),
    clipSkip: wholeOption(options, 'clip-skip', limits.clipSkip),
    featherPx: masked ? featherPx : 0,
    growPx: wholeOption(options, 'grow', limits.growPx),
    paddingPx: wholeOption(options, 'padding', limits.paddingPx),
    colorMatch: numberOption(options, 'color-match', {
      ...limits.colorMatch,
      default: masked ? 1 : 0,
    }),
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

function planRequest(run: PreparedRun): PlanRequest {
  const { kind, picture, mask, settings, options } = run;
  const { width, height } = picture.raster;
  const bounds: Rect = (mask && boundsOfMask(mask.data, mask)) ?? rectOfSize({ width, height });
  const { strength, steps, featherPx, growPx, area, paddingPx, count, dialect } = settings;
  return {
    kind,
    document: { width, height },
    bounds,
    model: options.model ?? '',
    strength,
    steps,
    ...samplingNames(options),
    featherPx,
    growPx,
    area,
    paddingPx,
    count,
    dialect,
  };
}

function samplingNames({ sampler = 'DPM++ 2M', schedule = 'automatic' }: Options) {
  return { sampler, schedule };
}

function workingSize(options: Options): Size | undefined {
  if (options.width === undefined) return undefined;
  return {
    width: wholeOption(options, 'width', limits.side),
    height: wholeOption(options, 'height', limits.side),
  };
}

function buildRequest(run: PreparedRun, region: Rect): GenerateRequest {
  const { picture, settings, options, kind } = run;
  const { raster } = picture;
  const place = {
    document: {
      id: 'file',
      name: picture.name,
      width: raster.width,
      height: raster.height,
      depth: raster.depth,
      mode: raster.channels < 3 ? ('gray' as const) : ('rgb' as const),
      ...(picture.profile === undefined ? {} : { profile: picture.profile }),
    },
    region,
  };
  const { seed, count, featherPx, growPx, colorMatch } = settings;
  if (kind === 'remove') return { kind, ...place, seed, count, featherPx, growPx, colorMatch };
  const sampling = {
    ...run.unflagged,
    ...(run.controls ? { controls: [...run.controls.units] } : {}),
    model: options.model ?? '',
    ...(options.vae === undefined ? {} : { vae: options.vae }),
    prompt: options.prompt ?? '',
    negativePrompt: options.avoid ?? '',
    ...samplingNames(options),
    steps: settings.steps,
    cfgScale: settings.cfgScale,
    clipSkip: settings.clipSkip,
    dialect: settings.dialect,
    ...(settings.workingSize ? { workingSize: settings.workingSize } : {}),
  };
  const common = { ...place, ...sampling, seed, count, strength: settings.strength, colorMatch };
  if (kind === 'image') return { kind, ...common };
  const { maskedContent, area, paddingPx } = settings;
  return { kind, ...common, featherPx, growPx, maskedContent, area, paddingPx };
}

async function follow(
  client: ServiceClient,
  jobId: string,
  { terminal, signal }: RunTools,
): Promise<ResultInfo[]> {
  const results: ResultInfo[] = [];
  for await (const event of client.events(jobId, signal)) {
    if (event.type === 'result') results.push(event.result);
    if (event.type === 'failed') throw errorOfProblem(event.problem);
    if (event.type === 'cancelled') throw new PentimentoError('E_CANCELLED');
    show(terminal, event);
  }
  return results;
}

function show(terminal: Terminal, event: JobEvent): void {
  if (event.type === 'started') {
    for (const note of event.plan?.notes ?? []) terminal.note(note);
  }
  if (event.type === 'queued' && event.ahead > 0)
    terminal.progress(0, `waiting, ${event.ahead} before it`);
  if (event.type === 'stage') terminal.progress(0, event.name);
  if (event.type === 'step') {
    const share = (event.index + event.step / Math.max(1, event.steps)) / event.count;
    const which = event.count > 1 ? ` of picture ${event.index + 1}/${event.count}` : '';
    terminal.progress(
      share,
      `${Math.round(share * 100)} %, step ${event.step} of ${event.steps}${which}`,
    );
  }
}

function report(
  terminal: Terminal,
  results: readonly ResultInfo[],
  written: readonly string[],
): void {
  for (const name of written) terminal.line(`wrote ${name}`);
  for (const { recipe } of results) {
    // Filling without a model has no drift to speak of.
    const color =
      recipe.color && recipe.request.kind !== 'remove'
        ? `, colour at the seam dE00 ${recipe.color.before.toFixed(1)} -> ${recipe.color.after.toFixed(1)}`
        : '';
    terminal.line(`seed ${recipe.seed}${color}`);
  }
  terminal.json({ files: written, results });
}
