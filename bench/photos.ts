/**
 * The correction of colours by a known truth: photographs with a drift to undo (reference cases of the kind
 * `photos`; PENTIMENTO_CASES names another folder of cases), beside what other ways reach on the same.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './measure/photograph.ts';
import { atMost, printTable, told, type Figure } from './measure/table.ts';
import type { Case } from '../test/reference/case.ts';
import { readCase } from '../test/reference/reader.ts';
import type { ColorScore } from '../test/reference/checkers/colorScore.ts';
import {
  colorScene,
  correctedScene,
  oracleScene,
  scoreScene,
} from '../test/reference/checkers/photos.ts';

const cases = process.env['PENTIMENTO_CASES'] ?? join(packageRoot, 'test', 'reference', 'cases');

interface Scored {
  readonly name: string;
  readonly none: ColorScore;
  readonly ours: ColorScore;
  /** Knows the truth under the mask, and corrects by the same kind of model. */
  readonly oracle: ColorScore;
  /** Scores of other ways, as they stand in the case. */
  readonly others: ReadonlyMap<string, number>;
}

async function scored(c: Case): Promise<Scored> {
  const scene = await colorScene(c);
  return {
    name: c.name,
    none: scoreScene(scene, scene.drifted.data),
    ours: scoreScene(scene, correctedScene(scene)),
    oracle: scoreScene(scene, oracleScene(scene)),
    others: baselinesOf(c),
  };
}

function baselinesOf(c: Case): Map<string, number> {
  const { baselines } = c.expect as { baselines?: Record<string, { score: number }> };
  return new Map(Object.entries(baselines ?? {}).map(([name, { score }]) => [name, score]));
}

function mean(all: readonly Scored[], figure: (s: Scored) => number): number {
  return all.reduce((sum, s) => sum + figure(s), 0) / all.length;
}

function figuresOf(all: readonly Scored[]): Figure[] {
  const worse = all.filter(({ ours, none }) => ours.score > none.score);
  const names = [...new Set(all.flatMap(({ others }) => [...others.keys()]))];
  const limit = (most: number) => ({ most, unit: '', digits: 2 });
  return [
    atMost(
      'score, mean',
      mean(all, (s) => s.ours.score),
      limit(3),
    ),
    atMost(
      'CIEDE2000 inside',
      mean(all, (s) => s.ours.inside.mean),
      limit(0.7),
    ),
    atMost(
      'step at the seam',
      mean(all, (s) => s.ours.seamStep),
      limit(0.6),
    ),
    atMost('cases worse than uncorrected', worse.length, { most: 0, unit: '' }),
    told(
      'oracle: the same model fitted to the truth under the mask',
      mean(all, (s) => s.oracle.score),
      '',
      2,
    ),
    told(
      '  of ours, not to be known from outside the mask',
      mean(all, (s) => Math.max(0, s.ours.score - s.oracle.score)),
      '',
      2,
    ),
    ...names.map((name) =>
      told(
        `other: ${name}`,
        mean(all, (s) => s.others.get(name) ?? NaN),
        '',
        2,
      ),
    ),
    ...all.map((s) =>
      told(`  case ${s.name} (uncorrected ${s.none.score.toFixed(2)})`, s.ours.score, '', 2),
    ),
  ];
}

async function main(): Promise<void> {
  const folder = join(cases, 'photos');
  const names = existsSync(folder) ? readdirSync(folder).filter((n) => n.endsWith('.json')) : [];
  const all: Scored[] = [];
  for (const name of names) {
    const c = readCase(join(folder, name), cases);
    if (c?.input['function'] === 'color_harmony') all.push(await scored(c));
  }
  if (all.length === 0) throw new Error(`No cases of the kind photos in ${folder}`);
  printTable(
    `Undoing a known drift of colours, ${all.length} photographs, lower is better`,
    figuresOf(all),
  );
}

await main();
