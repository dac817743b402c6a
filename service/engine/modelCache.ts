/** The model that is open. One at a time: its weights are most of the engine's memory. */
import type { ModelFiles } from '../messages.ts';
import type { DiffusionModel, OddSizes } from './diffusion.ts';
import { openDiffusionModel } from './networks.ts';
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
    oddSizes: OddSizes,
    onStage: (name: string) => void,
  ): Promise<DiffusionModel>;
  close(): Promise<void>;
}

interface OpenModel {
  readonly key: string;
  readonly model: DiffusionModel;
  readonly files: readonly FileStamp[];
}

export function makeModelCache(options: { device: Device; cacheFolder: string }): ModelCache {
  let current: OpenModel | undefined;
  let tellStage: (name: string) => void = () => undefined;
  const close = async () => {
    const closing = current;
    current = undefined;
    await closing?.model.dispose();
  };
  return {
    close,
    async open(files, oddSizes, onStage) {
      tellStage = onStage;
      const key = JSON.stringify([files.path, files.vaePath, files.taesdPath, oddSizes]);
      if (current?.key === key && (await areUnchanged(current.files))) return current.model;
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
