/** The ControlNets that are open: those of the newest job. */
import { makeControlNet, type ControlNet } from './networks/controlNet.ts';
import { abilitiesOf } from './networks/deviceAbilities.ts';
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
   * In the order of the files, one network for each file however often it is named. Those of earlier jobs
   * that are not named are closed. `onStage` is told of loading until the next call. Throws
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

export function makeControlCache(options: { device: Device; cacheFolder: string }): ControlCache {
  const current = new Map<string, OpenControl>();
  let tellStage: (name: string) => void = () => undefined;

  async function closeAllBut(kept: ReadonlySet<string>): Promise<void> {
    for (const [path, { net }] of current) {
      if (kept.has(path)) continue;
      current.delete(path);
      await net.dispose();
    }
  }

  async function openOne({ path }: ControlFile): Promise<OpenControl> {
    const before = current.get(path);
    if (before && (await isUnchanged(before.opened))) return before;
    current.delete(path);
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
    close: () => closeAllBut(new Set()),
    async open(files, family, onStage) {
      tellStage = onStage;
      await closeAllBut(new Set(files.map(({ path }) => path)));
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
