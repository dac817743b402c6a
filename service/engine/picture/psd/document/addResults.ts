/** A run's results as layers of the Photoshop document that they were made from. */
import { recipeXmp } from '../../xmp.ts';
import { resultTitle, type DocumentResult } from '../writeDocument.ts';
import { codedOffThread, type AddedLayer } from './addedRecords.ts';
import { addition, type AddOptions, type NewDocument } from './addLayers.ts';
import { documentChannels } from './documentColor.ts';
import type { PsdFile } from './readDocument.ts';

/**
 * The new file: everything that was in it byte for byte, and the results on top (or above the
 * record that the options name) as layers with their masks, each with its recipe in its own XMP; of several, in a group, the first is visible. Throws
 * E_IMAGE_CORRUPT, E_IMAGE_PIXELS and E_IMAGE_CHANNELS.
 */
export async function addResults(
  file: PsdFile,
  results: readonly DocumentResult[],
  options: AddOptions = {},
): Promise<NewDocument> {
  const layers: AddedLayer[] = [];
  for (const [i, { body, color, alpha }] of results.entries()) {
    const { data } = alpha;
    layers.push({
      name: resultTitle(body.recipe, i),
      bounds: body.bounds,
      channels: await documentChannels(file, color),
      alpha: data instanceof Uint8Array ? data : Uint8Array.from(data),
      visible: i === 0,
      xmp: recipeXmp([body.recipe]),
    });
  }
  // While channels are deflated by other threads, this one lays the results over the composite.
  const coding = Promise.all(layers.map((layer) => codedOffThread(file, layer)));
  const { document } = addition(file, layers, options);
  return document(await coding);
}
