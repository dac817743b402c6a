/** Action descriptors for the few things that Photoshop's DOM does not offer. */
import type { ActionDescriptor, PhotoshopApi } from './photoshopApi.ts';

/**
 * Plays the descriptors without dialogs. Photoshop often resolves with `{ _obj: 'error' }` where it
 * failed (batchplay.md); that is thrown here. Answers the result descriptors.
 */
export async function batchPlayChecked(
  photoshop: PhotoshopApi,
  commands: readonly ActionDescriptor[],
): Promise<ReadonlyArray<Record<string, unknown>>> {
  const silent = commands.map((command) => ({
    ...command,
    _options: { dialogOptions: 'silent' },
  }));
  const results = await photoshop.action.batchPlay(silent, {});
  return results.map((result, i) => {
    const descriptor = isRecord(result) ? result : {};
    if (descriptor['_obj'] === 'error') {
      const message = descriptor['message'];
      throw new Error(
        `Photoshop answered "${commands[i]?._obj}" with: ${typeof message === 'string' ? message : 'an error'}`,
      );
    }
    return descriptor;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
