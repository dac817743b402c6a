/** models: what the library found, and what is wrong with the rest. */
import type { ModelInfo } from '../../shared/api.ts';
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

function row(model: ModelInfo): string {
  const size = `${(model.sizeBytes / 1e9).toFixed(2)} GB`;
  const variant = model.variant === 'base' ? '' : ` ${model.variant}`;
  const state = model.usable ? '' : `  (${model.problem?.title ?? 'not usable yet'})`;
  return `${model.name.padEnd(columns.name)} ${`${model.family}${variant}`.padEnd(columns.family)} ${model.kind.padEnd(columns.kind)} ${size.padStart(9)}  ${model.id}${state}`;
}
