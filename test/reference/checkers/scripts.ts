/** AUTOMATIC1111's scripts: grids, prompt lists, loopback, seeds and file names. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PentimentoError, type ErrorCode } from '../../../shared/errors.ts';
import { MaskedContent } from '../../../shared/request.ts';
import { parseStyles } from '../../../service/recipes/styles.ts';
import { axisLabel, axisValues, findAxis } from '../../../service/variants/axes.ts';
import { loopbackPasses, type LoopbackCurve } from '../../../service/variants/loopback.ts';
import { pictureName } from '../../../service/variants/pictureName.ts';
import { pictureSeeds } from '../../../service/variants/pictureSeeds.ts';
import { lineOptions } from '../../../service/variants/promptLines.ts';
import { promptMatrix } from '../../../service/variants/promptMatrix.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';

type Operation = (row: never, c: Case) => unknown;

/** What the original raises where we name a code. */
const raised: Partial<Record<ErrorCode, string>> = {
  E_PARAM: 'ValueError',
  E_USAGE: 'AssertionError',
  E_SAMPLER_UNKNOWN: 'RuntimeError',
};

const typeNames = {
  whole: 'int',
  number: 'float',
  text: 'str',
  order: 'str_permutations',
} as const;

const operations: Readonly<Record<string, Operation>> = {
  'xyz-axes': (name: string) => {
    const axis = findAxis(name);
    return [typeNames[axis.type], axis.cost, axis.hasChoices];
  },
  'xyz-values': orRaised(([name, text]: [string, string]) => {
    const axis = findAxis(name);
    const values = axisValues(axis, text);
    return { values, labels: values.map((value) => axisLabel(axis, value)) };
  }),
  // The case's own words: seed 100 and batch size 2.
  'prompt-matrix': ([prompt, variableFirst, delimiter, different]: [
    string,
    boolean,
    string,
    boolean,
  ]) => {
    const prompts = promptMatrix(prompt, {
      variableFirst,
      delimiter: delimiter === 'comma' ? ', ' : ' ',
    });
    const seeds = prompts.map((_, i) => 100 + (different ? i : 0));
    return { prompts, seeds, n_iter: Math.ceil(prompts.length / 2) };
  },
  'prompts-from-file': orRaised((line: string) => lineOptions(line)),
  // The case's own words: seed 50, masked content 2.
  loopback: ([strength, finalStrength, loops, curve]: [number, number, number, LoopbackCurve]) =>
    loopbackPasses({
      strength,
      finalStrength,
      loops,
      curve,
      seed: 50,
      maskedContent: 'latent-noise',
    }).map((pass) => [pass.strength, pass.seed, contents.indexOf(pass.maskedContent)]),
  seeds: ([seed, variationSeed, variationStrength, iterations, size]: [
    number | number[],
    number | number[],
    number,
    number,
    number,
  ]) => {
    const question = { seed, variationSeed, variationStrength };
    const { seeds, variationSeeds } = pictureSeeds(question, iterations * size);
    return { seeds, subseeds: variationSeeds };
  },
  filenames: nameOf,
};

/** In the original's numbering. */
const contents = [
  'fill',
  'original',
  'latent-noise',
  'latent-nothing',
] as const satisfies readonly MaskedContent[];

function orRaised(operation: Operation): Operation {
  return (row, c) => {
    try {
      return operation(row, c);
    } catch (error) {
      if (error instanceof PentimentoError) return { error: raised[error.code] ?? error.code };
      throw error;
    }
  };
}

interface Job {
  readonly seed: number;
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly steps: number;
  readonly cfg_scale: number;
  readonly sampler_name: string;
  readonly scheduler: string | null;
  readonly batch_size: number;
  readonly n_iter: number;
  readonly width: number;
  readonly height: number;
  readonly denoising_strength: number | null;
  readonly styles: string[];
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

/** The case's own words: RGB 1,2,3, last picture of the last batch, styles of styles/csv row 1, and so on. */
function nameOf([index, pattern]: [number, string], c: Case): string {
  const job = (c.input['jobs'] as Job[])[index];
  const styles = parseStyles(
    (
      JSON.parse(readFileSync(join(c.root, 'styles', 'csv.json'), 'utf8')) as {
        input: { rows: string[] };
      }
    ).input.rows[0],
  );
  const { seeds } = pictureSeeds(
    { seed: job.seed, variationSeed: 0, variationStrength: 0 },
    job.n_iter * job.batch_size,
  );
  const picture = {
    prompt: job.prompt,
    negativePrompt: job.negative_prompt,
    seed: job.seed,
    allSeeds: seeds,
    steps: job.steps,
    cfgScale: literal(c, index, 'cfg_scale'),
    strength: job.denoising_strength === null ? undefined : literal(c, index, 'denoising_strength'),
    sampler: job.sampler_name,
    schedule: job.scheduler ?? undefined,
    clipSkip: 1,
    width: job.width,
    height: job.height,
    modelName: 'tiny-sd1',
    modelHash: '0123456789',
    vaeName: undefined,
    batchSize: job.batch_size,
    batchCount: job.n_iter,
    batchIndex: job.batch_size - 1,
    iteration: job.n_iter - 1,
    user: 'someone',
    styles: job.styles,
    styleTexts: job.styles.map((name) => styles.find((s) => s.name === name)?.prompt ?? ''),
  };
  const pixels = new Uint8Array(job.width * job.height * 3).map((_, i) => (i % 3) + 1);
  return pictureName(pattern, picture, {
    sha256,
    pixelsSha256: () => sha256(pixels),
    now: new Date(0),
  });
}

/** A number of a job as it stands in the case: 1.0 is not 1 where it is printed. */
function literal(c: Case, index: number, name: string): string {
  const text = readFileSync(join(c.folder, `${c.name}.json`), 'utf8');
  const found = [...text.matchAll(new RegExp(`"${name}":\\s*([^,}\\s]+)`, 'g'))];
  return found[index]?.[1] ?? '';
}

export const check: Checker = (c) => {
  const operation = operations[String(c.input['op'])];
  if (!operation) throw new Unsupported(`scripts ${String(c.input['op'])}`);
  return Promise.resolve({ rows: (c.input['rows'] as never[]).map((row) => operation(row, c)) });
};
