/** variants: several runs from one command: grids, prompt matrices, prompt files, loopback. */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { flatten } from '../engine/picture/composite.ts';
import { maskOfPlane, rasterOfPlane } from '../engine/picture/planes.ts';
import type { Style } from '../../shared/styles.ts';
import { axisLabel, axisValues, findAxis, type Axis, type AxisValue } from '../variants/axes.ts';
import { loopbackCurves, loopbackPasses } from '../variants/loopback.ts';
import { promptLine } from '../variants/promptLines.ts';
import { promptMatrix } from '../variants/promptMatrix.ts';
import type { ServiceClient } from './client.ts';
import {
  finish,
  runPrepared,
  withOptions,
  type MadePictures,
  type PreparedRun,
  type RunTools,
} from './generate.ts';
import { choiceOption, numberOption, wholeOption } from './options.ts';
import { resultOf } from './pictures.ts';
import { withStyles } from './styleOptions.ts';
import { assertSearchable, withAxisValue, withLine, type Varied } from './varyOptions.ts';

/** One of several runs. */
export interface VariantRun {
  readonly run: PreparedRun;
  /** What makes it different, for people. */
  readonly label: string;
}

interface Cell extends Varied {
  readonly label: string;
}

const mostCells = 144;
const mostAxes = 3;
const seedRange = 2 ** 32;
const passes = { min: 1, max: 32, default: 1 };
const share = { min: 0, max: 1, default: 0.5 };

/**
 * The runs that the options ask for, at least one and at most 144, with one seed for all of them.
 * Throws E_USAGE (options that exclude each other), E_PARAM, E_FILE.
 */
export async function expandRun(run: PreparedRun, styles: readonly Style[]): Promise<VariantRun[]> {
  const { vary, matrix, prompts, loopback, seed } = run.options;
  if ([vary, matrix, prompts, loopback].filter((option) => option !== undefined).length > 1) {
    throw new PentimentoError('E_USAGE', 'Use one of --vary, --matrix, --prompts and --loopback.');
  }
  const isChance = seed === undefined || seed === '-1';
  const options = {
    ...run.options,
    count: run.options.count ?? '1',
    seed: isChance ? String(randomInt(seedRange)) : seed,
  };
  const cells = await cellsOf({ options, unflagged: run.unflagged });
  if (cells.length === 0 || cells.length > mostCells) throw tooMany(cells.length);
  return cells.map(({ options: own, unflagged, label }) => ({
    run: withOptions(run, 'variants', { options: withStyles(own, styles), unflagged }),
    label,
  }));
}

function tooMany(count: number): PentimentoError {
  return new PentimentoError(
    'E_PARAM',
    `These are ${count} runs; 1 to ${mostCells} can be asked for at once.`,
  );
}

async function cellsOf(varied: Varied): Promise<Cell[]> {
  const { vary, matrix, prompts } = varied.options;
  if (vary !== undefined) return gridCells(varied, vary);
  if (matrix === true) return matrixCells(varied);
  if (prompts !== undefined) return fileCells(varied, prompts);
  return loopCells(varied);
}

function matrixCells({ options, unflagged }: Varied): Cell[] {
  const form = { variableFirst: false, delimiter: ', ' } as const;
  return promptMatrix(options.prompt ?? '', form).map((prompt) => ({
    options: { ...options, prompt },
    unflagged,
    label: prompt,
  }));
}

/** "Steps: 10, 20" for each axis; the dearest axis changes least often. */
function gridCells(varied: Varied, specifications: readonly string[]): Cell[] {
  if (specifications.length > mostAxes) {
    throw new PentimentoError('E_USAGE', `--vary can be given ${mostAxes} times.`);
  }
  const axes = specifications.map((text) => {
    const colon = text.indexOf(':');
    if (colon < 0) throw new PentimentoError('E_USAGE', '--vary is written as "Steps: 10, 20".');
    const axis = findAxis(text.slice(0, colon));
    const values = axisValues(axis, text.slice(colon + 1));
    assertSearchable(axis, values, varied.options);
    return { axis, values };
  });
  let cells: Cell[] = [{ ...varied, label: '' }];
  for (const { axis, values } of axes.toSorted((a, b) => b.axis.cost - a.axis.cost)) {
    const count = cells.length * values.length;
    if (count > mostCells) throw tooMany(count);
    cells = cells.flatMap((cell) => values.map((value) => axisCell(cell, axis, value, values)));
  }
  return cells;
}

function axisCell(cell: Cell, axis: Axis, value: AxisValue, all: readonly AxisValue[]): Cell {
  const label = [cell.label, axisLabel(axis, value)].filter(Boolean).join(', ');
  return { ...withAxisValue(cell, axis, value, all), label };
}

async function fileCells(varied: Varied, path: string): Promise<Cell[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PentimentoError('E_FILE', `"${basename(path)}" cannot be read.`, { cause });
  });
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const used = lines.map((line) => line.trim()).filter(Boolean);
  if (used.length > mostCells) throw tooMany(used.length);
  return used.map((line) => ({ ...withLine(varied, promptLine(line)), label: line }));
}

function loopCells({ options, unflagged }: Varied): Cell[] {
  const list = loopbackPasses({
    strength: numberOption(options, 'strength', { ...share, default: 0.75 }),
    finalStrength: numberOption(options, 'final-strength', share),
    loops: wholeOption(options, 'loopback', passes),
    curve: choiceOption(options, 'curve', loopbackCurves, 'Linear'),
    seed: Number(options.seed),
    maskedContent: 'original',
  });
  return list.map((pass, i) => ({
    options: {
      ...options,
      strength: String(pass.strength),
      seed: String(pass.seed),
      ...(i === 0 ? {} : { content: pass.maskedContent }),
    },
    unflagged,
    label: `strength ${pass.strength.toFixed(2)}`,
  }));
}

/** Runs them one after another and writes all results together. Throws PentimentoErrors. */
export async function generateVariants(
  client: ServiceClient,
  variants: readonly VariantRun[],
  tools: RunTools,
): Promise<void> {
  const first = variants[0].run;
  const made: MadePictures[] = [];
  let { picture } = first;
  for (const [i, { run, label }] of variants.entries()) {
    tools.terminal.note(`run ${i + 1} of ${variants.length}: ${label}`);
    const pictures = await runPrepared(client, { ...run, picture }, tools);
    made.push(pictures);
    if (run.options.loopback !== undefined) picture = nextPicture(picture, pictures);
  }
  const results = made.flatMap((m) => m.results);
  return finish(first, { results, frames: made.flatMap((m) => m.frames) }, tools.terminal);
}

/** The first result laid over the picture that it was made from. */
function nextPicture(
  before: PreparedRun['picture'],
  { frames }: MadePictures,
): PreparedRun['picture'] {
  if (frames.length === 0) return before;
  const { body, color, alpha } = resultOf(frames[0]);
  const raster = flatten(before.raster, rasterOfPlane(color), maskOfPlane(alpha), body.bounds);
  return { ...before, raster, readRegion: undefined, path: undefined };
}
