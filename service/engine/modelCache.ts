/** The model that is open. One at a time: its weights are most of the engine's memory. */
import type { ModelFiles } from '../messages.ts';
import type { DiffusionModel, OddSizes } from './diffusion.ts';
import { openDiffusionModel } from './networks.ts';
import type { Device } from './runtime/device.ts';
import { openCheckpoint } from './weights/openCheckpoint.ts';
import { openTaesd } from './weights/openTaesd.ts';

export interface ModelCache {
  /** The model of these files, opened unless it already is; another one is closed before. */
  open(
    files: ModelFiles,
    oddSizes: OddSizes,
    onStage: (name: string) => void,
  ): Promise<DiffusionModel>;
  close(): Promise<void>;
}

export function makeModelCache(options: { device: Device; cacheFolder: string }): ModelCache {
  let current: { key: string; model: DiffusionModel } | undefined;
  const close = async () => {
    const closing = current;
    current = undefined;
    await closing?.model.dispose();
  };
  return {
    close,
    async open(files, oddSizes, onStage) {
      const key = JSON.stringify([files.path, files.vaePath, files.taesdPath, oddSizes]);
      if (current?.key === key) return current.model;
      await close();
      onStage('opening the model');
      const checkpoint = await openCheckpoint(files);
      const taesd = files.taesdPath === undefined ? undefined : await openTaesd(files.taesdPath);
      const model = await openDiffusionModel(checkpoint, {
        ...options,
        oddSizes,
        onStage,
        ...(taesd === undefined ? {} : { taesd }),
      });
      current = { key, model };
      return model;
    },
  };
}
