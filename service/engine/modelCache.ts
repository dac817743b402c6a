/** The model that is open. One at a time: its weights are most of the engine's memory. */
import type { ModelFiles } from '../messages.ts';
import type { DiffusionModel, OddSizes } from './diffusion.ts';
import { openDiffusionModel, type AdaptableModel } from './networks.ts';
import { openAdapters, type AdapterFile } from './networks/openAdapters.ts';
import type { MemoryLimits } from './networks/residentNetworks.ts';
import type { Device } from './runtime/device.ts';
import { assertUnchanged } from './weights/modelFile.ts';
import { openCheckpoint } from './weights/openCheckpoint.ts';
import { openTaesd } from './weights/openTaesd.ts';
import type { FileStamp } from './weights/types.ts';

export interface ModelCache {
  /**
   * The model of these files, opened unless it already is and they have not changed; another one is
   * closed before. `onStage` is told of loading until the next call, also when the model was open.
   */
  open(
    files: ModelFiles,
    how: OpeningChoices,
    onStage: (name: string) => void,
  ): Promise<DiffusionModel>;
  close(): Promise<void>;
}

/** What a job decides about the model besides which it is. */
export interface OpeningChoices {
  readonly oddSizes: OddSizes;
  /** LoRA files that change it, in their order. */
  readonly loras: readonly AdapterFile[];
}

interface OpenModel {
  readonly key: string;
  readonly model: AdaptableModel;
  readonly files: readonly FileStamp[];
}

export interface ModelCacheOptions {
  readonly device: Device;
  readonly cacheFolder: string;
  /** What models may take of the memory (all that the device gives). */
  readonly memory?: MemoryLimits;
}

export function makeModelCache(options: ModelCacheOptions): ModelCache {
  let current: OpenModel | undefined;
  let tellStage: (name: string) => void = () => undefined;
  const close = async () => {
    const closing = current;
    current = undefined;
    await closing?.model.dispose();
  };
  return {
    close,
    async open(files, { oddSizes, loras }, onStage) {
      tellStage = onStage;
      const key = JSON.stringify([files.path, files.vaePath, files.taesdPath, oddSizes]);
      const adapters = await openAdapters(loras, options.cacheFolder);
      if (current?.key === key && (await areUnchanged(current.files))) {
        current.model.useAdapters(adapters);
        return current.model;
      }
      await close();
      onStage('opening the model');
      const checkpoint = await openCheckpoint(files);
      const taesd = files.taesdPath === undefined ? undefined : await openTaesd(files.taesdPath);
      const model = await openDiffusionModel(checkpoint, {
        ...options,
        oddSizes,
        // Networks are loaded when they are first used, which may be in a later job.
        onStage: (name) => tellStage(name),
        ...(taesd === undefined ? {} : { taesd }),
      });
      current = { key, model, files: checkpoint.files ?? [] };
      model.useAdapters(adapters);
      return model;
    },
  };
}

async function areUnchanged(files: readonly FileStamp[]): Promise<boolean> {
  return assertUnchanged(files).then(
    () => true,
    () => false,
  );
}
