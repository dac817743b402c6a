/** models: what the library found, and what is wrong with the rest. */
import type { ModelInfo } from '../../shared/api.ts';
import type { Config } from '../config.ts';
import { findFaults, type Duplicates } from '../library/checkModels.ts';
import { openLibrary } from '../library/library.ts';
import type { ServiceClient } from './client.ts';
import type { Terminal } from './terminal.ts';

const columns = { name: 36, family: 16, kind: 12 };

export async function listModels(client: ServiceClient, terminal: Terminal): Promise<void> {
  const { models, folders } = await client.models();
  terminal.json({ models, folders });
  if (models.length === 0) {
    terminal.line(
      'No models found. Remove works without one; for everything else add --models FOLDER.',
    );
  }
  for (const model of models) terminal.line(row(model));
  for (const folder of folders) terminal.line(`looked in ${folder}`);
}

/** models --check: every broken file with its reason and the next step, and what is there twice. */
export async function checkModels(
  client: Pick<ServiceClient, 'models'>,
  { cacheDir, version, environment }: Config,
  terminal: Terminal,
): Promise<void> {
  const { folders } = await client.models();
  const library = openLibrary({
    folders,
    environment,
    kept: { folder: cacheDir, programVersion: version },
    // Nothing is hashed here: what the service knows already is enough to be certain of.
    hashing: { isBusy: () => true, share: 1 },
  });
  try {
    const entries = await library.entries();
    const { broken, duplicates } = await findFaults(entries);
    terminal.json({
      checked: entries.length,
      broken: broken.map(({ path, info }) => ({ path, kind: info.kind, problem: info.problem })),
      duplicates,
    });
    for (const { path, info } of broken) {
      terminal.line(path);
      terminal.line(`  ${info.problem?.title ?? ''} ${info.problem?.detail ?? ''}`.trimEnd());
      terminal.line(`  ${info.problem?.next ?? ''}`);
    }
    for (const same of duplicates) tellDuplicates(same, terminal);
    const found = `${broken.length} with a problem, ${duplicates.length} more than once`;
    terminal.line(`${entries.length} models: ${found}.`);
  } finally {
    await library.close();
  }
}

function tellDuplicates({ paths, sizeBytes, isCertain }: Duplicates, terminal: Terminal): void {
  const wasted = ((paths.length - 1) * sizeBytes) / 1e9;
  const sure = isCertain ? 'The same file' : 'Very probably the same file (size and samples)';
  terminal.line(`${sure} ${paths.length} times; all but one can go (${wasted.toFixed(2)} GB):`);
  for (const path of paths) terminal.line(`  ${path}`);
}

/** For files of other kinds and families it is what they are that tells something. */
function reasonOf({ problem }: ModelInfo): string {
  if (!problem) return 'not usable yet';
  const isOther = problem.code === 'E_MODEL_KIND' || problem.code === 'E_MODEL_FAMILY';
  return (isOther ? problem.detail : undefined) ?? problem.title;
}

function row(model: ModelInfo): string {
  const size = `${(model.sizeBytes / 1e9).toFixed(2)} GB`;
  const variant = model.variant === 'base' ? '' : ` ${model.variant}`;
  const lent = model.partsFrom === undefined ? '' : `  (with the rest of ${model.partsFrom})`;
  const state = model.usable ? lent : `  (${reasonOf(model)})`;
  return `${model.name.padEnd(columns.name)} ${`${model.family}${variant}`.padEnd(columns.family)} ${model.kind.padEnd(columns.kind)} ${size.padStart(9)}  ${model.id}${state}`;
}
