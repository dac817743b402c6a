/** The models that are open. How many of their networks are loaded, the memory decides (residentNetworks.ts). */
import type { ModelFiles } from '../messages.ts';
import type { DiffusionModel, OddSizes } from './diffusion.ts';
import { openDiffusionModel, type AdaptableModel } from './networks.ts';
import { openAdapters, type AdapterFile } from './networks/openAdapters.ts';
import type { NetworkMemory } from './networks/residentNetworks.ts';
import type { Device } from './runtime/device.ts';
import { assertUnchanged } from './weights/modelFile.ts';
import { openModel } from './weights/openModel.ts';
import { openTaesd } from './weights/openTaesd.ts';
import type { FileStamp } from './weights/types.ts';

export interface ModelCache {
  /**
   * The model of these files, opened unless it already is and they have not changed; with more of them
   * than are kept, the one used longest ago is closed. `onStage` is told of loading until the next
   * call, also when the model was open.
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
  /** A further model of one job: no other one is closed for it (false). */
  readonly beside?: boolean;
}

interface OpenModel {
  readonly model: AdaptableModel;
  readonly files: readonly FileStamp[];
}

export interface ModelCacheOptions {
  readonly device: Device;
  readonly cacheFolder: string;
  /** What models may take of the memory (all that the device gives). */
  readonly memory?: NetworkMemory;
  /** Models that stay open beside each other (one). */
  readonly kept?: number;
}

export function makeModelCache(options: ModelCacheOptions): ModelCache {
  const { kept = 1 } = options;
  /** In the order of their last use. */
  const current = new Map<string, OpenModel>();
  let tellStage: (name: string) => void = () => undefined;

  async function closeOne(key: string): Promise<void> {
    const closing = current.get(key);
    current.delete(key);
    await closing?.model.dispose();
  }

  /** To so many, the one of `spared` not counted. */
  async function shrinkTo(count: number, spared?: string): Promise<void> {
    const others = [...current.keys()].filter((key) => key !== spared);
    for (const key of others.slice(0, Math.max(0, others.length - count))) await closeOne(key);
  }

  async function openOne(files: ModelFiles, oddSizes: OddSizes): Promise<OpenModel> {
    tellStage('opening the model');
    const checkpoint = await openModel(files);
    const taesd = files.taesdPath === undefined ? undefined : await openTaesd(files.taesdPath);
    const model = await openDiffusionModel(checkpoint, {
      ...options,
      oddSizes,
      // Networks are loaded when they are first used, which may be in a later job.
      onStage: (name) => tellStage(name),
      ...(taesd === undefined ? {} : { taesd }),
    });
    return { model, files: checkpoint.files ?? [] };
  }

  return {
    close: () => shrinkTo(0),
    async open(files, { oddSizes, loras, beside = false }, onStage) {
      tellStage = onStage;
      const key = JSON.stringify([
        files.path,
        files.rest?.path,
        files.vaePath,
        files.taesdPath,
        oddSizes,
      ]);
      const adapters = await openAdapters(loras, options.cacheFolder);
      const before = current.get(key);
      const isUsable = before !== undefined && (await areUnchanged(before.files));
      if (!isUsable) await closeOne(key);
      if (!beside) await shrinkTo(kept - 1, key);
      const found = isUsable ? before : await openOne(files, oddSizes);
      // As the newest.
      current.delete(key);
      current.set(key, found);
      found.model.useAdapters(adapters);
      return found.model;
    },
  };
}

async function areUnchanged(files: readonly FileStamp[]): Promise<boolean> {
  return assertUnchanged(files).then(
    () => true,
    () => false,
  );
}
