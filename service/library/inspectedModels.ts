/** What was learned from headers, kept by file, size and time so that a file is read once. */
import { z } from 'zod';
import { ModelInfo } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import {
  inspectionVersion,
  inspectModel,
  modelState,
  type InspectedModel,
} from './inspectModel.ts';
import { openKeptRecords } from './keptRecords.ts';
import type { FoundModel } from './scanFolder.ts';

export interface InspectedModels {
  /** From the file only when it is new or has changed. Never throws. */
  inspect(found: FoundModel): Promise<InspectedModel>;
  /** Forgets all other models, and writes down what is new. */
  keep(found: readonly FoundModel[]): Promise<void>;
}

/** Each with the text that tells its files' state. */
const Inspected = z.strictObject({
  key: z.string(),
  model: ModelInfo.omit({ id: true }).extend({
    ownVae: z.string().optional(),
    isUnetAlone: z.boolean().optional(),
    trainedAs: z.string().optional(),
    mtimeMs: z.number(),
  }),
});
type Inspected = { readonly key: string; readonly model: InspectedModel };

/** May be gone the next time although the file is the same. */
const passing: readonly ErrorCode[] = ['E_FILE', 'E_INTERNAL', 'E_MODEL_CHANGED'];

/** `path` is the file to keep it in; `programVersion` makes another program look again. */
export async function openInspectedModels(
  path: string | undefined,
  programVersion: string,
): Promise<InspectedModels> {
  const version = `${programVersion} ${inspectionVersion}`;
  const records = await openKeptRecords<Inspected>(path, { version, schema: Inspected });
  return {
    async inspect(found) {
      const state = await modelState(found);
      const before = records.get(found.realPath);
      if (before?.key === state.key) return before.model;
      const model = await inspectModel(found, state);
      if (model.problem && passing.includes(model.problem.code)) records.delete(found.realPath);
      else records.set(found.realPath, { key: state.key, model });
      return model;
    },
    async keep(found) {
      const paths = new Set(found.map(({ realPath }) => realPath));
      for (const key of records.keys()) if (!paths.has(key)) records.delete(key);
      await records.save();
    },
  };
}
