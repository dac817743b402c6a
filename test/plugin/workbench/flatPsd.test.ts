/** PSD files without layers, as Photoshop saves them at 16 bits: the merged picture alone, not compressed. */
import { describe, expect, it } from 'vitest';
import { readPsdDocument } from '../../../plugin/host/workbench/readPsdDocument.ts';

const size = { width: 5, height: 3 };
const channels = 3;

/** Each sample another number, its two bytes different. */
function sampleAt(channel: number, i: number): number {
  return 0x1234 + channel * 0x3001 + i * 0x0107;
}

function flatFile(depth: 8 | 16): ArrayBuffer {
  const headBytes = 26 + 3 * 4 + 2;
  const pixels = size.width * size.height;
  const file = new ArrayBuffer(headBytes + (channels * pixels * depth) / 8);
  const view = new DataView(file);
  view.setUint32(0, 0x38425053);
  view.setUint16(4, 1);
  view.setUint16(12, channels);
  view.setUint32(14, size.height);
  view.setUint32(18, size.width);
  view.setUint16(22, depth);
  view.setUint16(24, 3);
  for (let n = 0; n < channels * pixels; n++) {
    const sample = sampleAt(Math.floor(n / pixels), n % pixels);
    if (depth === 16) view.setUint16(headBytes + 2 * n, sample);
    else view.setUint8(headBytes + n, sample >> 8);
  }
  return file;
}

describe('a flat PSD, not compressed', () => {
  it.each([8, 16] as const)('of %i bits opens with its samples', (depth) => {
    const { document } = readPsdDocument(flatFile(depth), 'flat.psd', 'doc');
    const [layer] = document.layers;
    if (layer?.kind !== 'pixels') return expect.fail('Expected one layer of pixels');
    for (let i = 0; i < size.width * size.height; i++) {
      for (let c = 0; c < channels; c++) {
        const value = depth === 16 ? layer.deep?.[i * 4 + c] : layer.rgba[i * 4 + c];
        expect(value).toBe(depth === 16 ? sampleAt(c, i) : sampleAt(c, i) >> 8);
      }
    }
    expect(document.origin.depth).toBe(depth);
  });

  it('is left as it is: the service may have to read it next', () => {
    const file = flatFile(16);
    readPsdDocument(file, 'flat.psd', 'doc');
    expect(Buffer.from(file).equals(Buffer.from(flatFile(16)))).toBe(true);
  });
});
