/** The ControlNets that are open. How many of them are loaded, the memory decides (residentNetworks.ts). */
import { makeControlNet, type ControlNet } from './networks/controlNet.ts';
import { abilitiesOf } from './networks/deviceAbilities.ts';
import type { NetworkMemory } from './networks/residentNetworks.ts';
import type { Device } from './runtime/device.ts';
import { assertUnchanged } from './weights/modelFile.ts';
import { openControlNet, type OpenedControlNet } from './weights/openControlNet.ts';
import { controlOfOtherFamily } from './weights/refuseModel.ts';

export interface ControlFile {
  readonly name: string;
  readonly path: string;
}

export interface ControlCache {
  /**
   * In the order of the files, one network for each file however often it is named. With more than are
   * kept, those that were named longest ago are closed. `onStage` is told of loading until the next call. Throws
   * E_MODEL_FAMILY for one of another family than `family`, and what openControlNet throws.
   */
  open(
    files: readonly ControlFile[],
    family: string,
    onStage: (name: string) => void,
  ): Promise<readonly ControlNet[]>;
  close(): Promise<void>;
}

interface OpenControl {
  readonly opened: OpenedControlNet;
  readonly net: ControlNet;
}

export interface ControlCacheOptions {
  readonly device: Device;
  readonly cacheFolder: string;
  /** What they may take of the memory (all that the device gives). */
  readonly memory?: NetworkMemory;
  /** ControlNets that stay open, those of the newest job counted (its own only). */
  readonly kept?: number;
}

export function makeControlCache(options: ControlCacheOptions): ControlCache {
  const { kept = 0 } = options;
  /** In the order of their last use. */
  const current = new Map<string, OpenControl>();
  let tellStage: (name: string) => void = () => undefined;

  async function shrinkTo(count: number, named: ReadonlySet<string>): Promise<void> {
    for (const [path, { net }] of current) {
      if (current.size <= count) return;
      if (named.has(path)) continue;
      current.delete(path);
      await net.dispose();
    }
  }

  async function openOne({ path }: ControlFile): Promise<OpenControl> {
    const before = current.get(path);
    const isUsable = before !== undefined && (await isUnchanged(before.opened));
    current.delete(path);
    if (isUsable) {
      current.set(path, before);
      return before;
    }
    await before?.net.dispose();
    const opened = await openControlNet(path);
    const abilities = await abilitiesOf(options.device);
    // Networks are loaded when they are first used, which may be in a later job.
    const onStage = (name: string) => tellStage(name);
    const one = { opened, net: makeControlNet({ ...options, abilities, onStage }, opened) };
    current.set(path, one);
    return one;
  }

  return {
    close: () => shrinkTo(0, new Set()),
    async open(files, family, onStage) {
      tellStage = onStage;
      const named = new Set(files.map(({ path }) => path));
      const coming = [...named].filter((path) => !current.has(path)).length;
      await shrinkTo(Math.max(0, kept - coming), named);
      const nets: ControlNet[] = [];
      for (const file of files) {
        const { opened, net } = await openOne(file);
        if (opened.family !== family) throw controlOfOtherFamily(file.name, opened.family, family);
        nets.push(net);
      }
      return nets;
    },
  };
}

async function isUnchanged({ files }: OpenedControlNet): Promise<boolean> {
  return assertUnchanged(files).then(
    () => true,
    () => false,
  );
}
