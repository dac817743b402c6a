/** A picture file that the artist chooses; the manifest's `localFileSystem: "request"` allows just this. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { UxpStorage } from './uxpApi.ts';

/** Endings of what the service reads recipes from. */
const types = ['png', 'jpg', 'jpeg', 'webp', 'tif', 'tiff', 'avif', 'heic', 'psd', 'txt', 'json'];

/** Undefined when the artist changes their mind. Throws E_FILE. */
export async function pickPicture(
  storage: Pick<UxpStorage, 'localFileSystem' | 'formats'>,
): Promise<{ readonly name: string; readonly bytes: ArrayBuffer } | undefined> {
  try {
    const file = await storage.localFileSystem.getFileForOpening({ types });
    if (!file) return undefined;
    return { name: file.name, bytes: await file.read({ format: storage.formats.binary }) };
  } catch (cause) {
    throw new PentimentoError('E_FILE', undefined, { cause });
  }
}
