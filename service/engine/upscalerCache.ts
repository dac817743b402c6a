/** The networks that enlarge and are open: those of the newest job. */
import { makeUpscaler, type Upscaler } from './networks/upscaler.ts';
import { abilitiesOf } from './networks/deviceAbilities.ts';
import type { NetworkMemory } from './networks/residentNetworks.ts';
import type { Device } from './runtime/device.ts';
import { assertUnchanged } from './weights/modelFile.ts';
import { openUpscaler, type OpenedUpscaler } from './weights/openUpscaler.ts';

export interface UpscalerCache {
  /**
   * The network of that file, opened unless it already is and the file has not changed. `onStage` is
   * told of loading until the next call. Throws what openUpscaler throws.
   */
  open(path: string, onStage: (name: string) => void): Promise<Upscaler>;
  /** Closes all but those of these files. */
  keepOnly(paths: readonly string[]): Promise<void>;
}

interface UpscalerCacheOptions {
  readonly device: Device;
  readonly cacheFolder: string;
  /** What they may take of the memory (all that the device gives). */
  readonly memory?: NetworkMemory;
}

interface Open {
  readonly opened: OpenedUpscaler;
  readonly network: Upscaler;
}

export function makeUpscalerCache(options: UpscalerCacheOptions): UpscalerCache {
  const current = new Map<string, Open>();
  let tellStage: (name: string) => void = () => undefined;
  const close = async (path: string) => {
    const closing = current.get(path);
    current.delete(path);
    await closing?.network.dispose();
  };
  return {
    async keepOnly(paths) {
      const unused = [...current.keys()].filter((path) => !paths.includes(path));
      for (const path of unused) await close(path);
    },
    async open(path, onStage) {
      tellStage = onStage;
      const before = current.get(path);
      if (before && (await isUnchanged(before.opened))) return before.network;
      await close(path);
      const opened = await openUpscaler(path);
      const abilities = await abilitiesOf(options.device);
      // It is loaded when it is first used.
      const told = (name: string) => tellStage(name);
      const network = makeUpscaler({ ...options, abilities, onStage: told }, opened);
      current.set(path, { opened, network });
      return network;
    },
  };
}

async function isUnchanged({ files }: OpenedUpscaler): Promise<boolean> {
  return assertUnchanged(files).then(
    () => true,
    () => false,
  );
}
