/** Writing a PNG band by band: progress, stopping, and what is drawn when. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { compositeDeep } from '../../../plugin/host/workbench/compositeLayers.ts';
import { exportPng } from '../../../plugin/host/workbench/exportPng.ts';
import { fullLayer, type PixelLayer } from '../../../plugin/host/workbench/layers.ts';
import type { PictureDocument } from '../../../plugin/host/workbench/pictureDocument.ts';
import { createPngWriter, type PngSamples } from '../../../plugin/picture/pngWriter.ts';
import { rectOfSize } from '../../../shared/geometry.ts';
import { pngOf } from './pngOf.ts';

/** Several bands of a million pixels. */
const size = { width: 2000, height: 1300 };

function pattern(length: number, step: number): Uint8ClampedArray {
  const data = new Uint8ClampedArray(length);
  for (let i = 0; i < length; i++) data[i] = i % 4 === 3 ? 255 : (i * step) >>> 7;
  return data;
}

function documentOf(...layers: readonly PixelLayer[]): PictureDocument {
  const origin = { depth: 8, profile: undefined } as const;
  const rest = { activeId: 1, selection: undefined, origin, extra: undefined };
  return { id: 'doc', name: 'beach.jpg', ...size, layers, ...rest };
}

function photo(): PixelLayer {
  const rgba = pattern(size.width * size.height * 4, 11);
  return fullLayer(1, 'Background', size, { rgba });
}

/** 16 bits of its own over a part of the picture that reaches over two bands. */
function deepPatch(): PixelLayer {
  const bounds = { x: 300, y: 400, width: 500, height: 400 };
  const rgba = pattern(bounds.width * bounds.height * 4, 5);
  const deep = new Uint16Array(rgba.length);
  for (let i = 0; i < rgba.length; i++) deep[i] = i % 4 === 3 ? 65_535 : rgba[i]! * 257 - (i % 3);
  return { ...fullLayer(2, 'patch', bounds, { rgba, deep }), bounds };
}

describe('an exported PNG of several bands', () => {
  it('has 8-bit layers widened under 16-bit ones, exactly as they are drawn at once', async () => {
    const document = documentOf(photo(), deepPatch());
    const wanted = compositeDeep(document.layers, rectOfSize(size));
    const { data } = await sharp(await pngOf(document))
      .toColourspace('rgb16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true });
    const read = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
    let different = 0;
    for (let i = 0; i < size.width * size.height; i++)
      for (let c = 0; c < 3; c++) if (read[i * 3 + c] !== wanted[i * 4 + c]) different++;
    expect(different).toBe(0);
  });

  it('is RGBA as soon as one pixel of the last rows shows through', async () => {
    const layer = photo();
    layer.rgba[layer.rgba.length - 1] = 254;
    const { channels } = await sharp(await pngOf(documentOf(layer))).metadata();
    expect(channels).toBe(4);
    const under = documentOf(photo(), layer);
    expect((await sharp(await pngOf(under)).metadata()).channels).toBe(3);
  });

  it('tells how far it is and ends where it is stopped, before the file is there', async () => {
    const shares: number[] = [];
    const stopping = new AbortController();
    let isEnded = false;
    const begin: typeof createPngWriter = (head) => {
      const writer = createPngWriter(head);
      const end = () => {
        isEnded = true;
        return writer.end();
      };
      return { write: (rows: PngSamples) => writer.write(rows), end };
    };
    const onProgress = (done: number) => {
      shares.push(done);
      if (shares.length === 2) stopping.abort();
    };
    const { signal } = stopping;
    const running = exportPng(documentOf(photo()), { begin, onProgress, signal });
    await expect(running).rejects.toMatchObject({ code: 'E_CANCELLED' });
    expect(shares).toEqual([524 / 1300, 1048 / 1300]);
    expect(isEnded).toBe(false);
  });
});
