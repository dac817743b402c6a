/** Documents that other programs have written: opened in the workbench, saved by it and opened again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEditor } from '../../../plugin/host/workbench/editor.ts';
import { deepPixels } from '../../../plugin/host/workbench/layerPixels.ts';
import { allLayers } from '../../../plugin/host/workbench/layers.ts';
import type { PictureDocument } from '../../../plugin/host/workbench/pictureDocument.ts';
import { readPsdDocument } from '../../../plugin/host/workbench/readPsdDocument.ts';
import { writePsdDocument } from '../../../plugin/host/workbench/writePsdDocument.ts';
import { openFile } from '../../../plugin/workbench/openFile.ts';

const folder = join(import.meta.dirname, '../../reference/cases/psd');
const names = readdirSync(folder).filter((name) => /\.ps[db]$/.test(name));
/** Modes that it does not show with layers, and a layer that ag-psd takes for damage. */
const isFlattened = /multichannel|duotone|index_color|_lab|vector-mask2/;

function bytesOf(name: string): ArrayBuffer {
  return Uint8Array.from(readFileSync(join(folder, name))).buffer;
}

function contentOf(document: PictureDocument) {
  return allLayers(document.layers).map((layer) => {
    const base = [layer.kind, layer.name, layer.isVisible, layer.opacity];
    if (layer.kind === 'group') return [...base, layer.isOpen];
    const { mask } = layer;
    return [...base, layer.bounds, [...deepPixels(layer)], mask && { ...mask, deep: undefined }];
  });
}

describe('documents of other programs', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(names.filter((name) => isFlattened.test(name))).toHaveLength(5);
  });

  it.each(names.filter((name) => !isFlattened.test(name)))('%s comes back as it was', (name) => {
    const { document } = readPsdDocument(bytesOf(name), name, 'doc');
    const again = readPsdDocument(writePsdDocument(document), name, 'doc').document;
    expect(contentOf(again)).toEqual(contentOf(document));
    expect(again.origin.depth).toBe(Math.min(16, document.origin.depth));
  });

  it.each(names.filter((name) => isFlattened.test(name)))(
    '%s is opened as the service sees it',
    async (name) => {
      const editor = createEditor();
      const info = { width: 1, height: 1, depth: 8, channels: 3, format: 'psd' } as const;
      const data = Uint8Array.of(1, 2, 3);
      const picture = {
        name: 'picture',
        width: 1,
        height: 1,
        channels: 3,
        depth: 8,
        data,
      } as const;
      const client = { openPicture: async () => ({ info, picture }) };
      await openFile({ editor, client, newId: () => 'doc' }, bytesOf(name), name);
      expect(editor.getState().message?.text).toMatch(/Opened flattened/);
      expect(editor.document()?.layers).toHaveLength(1);
    },
  );
});
