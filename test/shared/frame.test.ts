import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../shared/errors.ts';
import { decodeFrame, encodeFrame, planeNamed, type Plane } from '../../shared/frame.ts';

const planes: Plane[] = [
  {
    name: 'picture',
    width: 3,
    height: 2,
    channels: 4,
    depth: 8,
    data: Uint8Array.from({ length: 24 }, (_, i) => i),
  },
  { name: 'deep', width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.of(1, 65535) },
  { name: 'float', width: 1, height: 1, channels: 3, depth: 32, data: Float32Array.of(0, 0.5, 1) },
];

describe('frame', () => {
  it('gives back body and planes', () => {
    const frame = decodeFrame(encodeFrame({ body: { prompt: 'été 🌊' }, planes }));
    expect(frame.body).toEqual({ prompt: 'été 🌊' });
    expect(frame.planes).toEqual(planes);
    expect(planeNamed(frame, 'deep')?.data).toEqual(Uint16Array.of(1, 65535));
    expect(planeNamed(frame, 'none')).toBeUndefined();
  });

  it('reads from the middle of another buffer', () => {
    const bytes = encodeFrame({ body: null, planes });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeFrame(shifted.subarray(3)).planes).toEqual(planes);
  });

  it('refuses to write a plane of the wrong length', () => {
    const wrong: Plane = {
      name: 'x',
      width: 2,
      height: 2,
      channels: 1,
      depth: 8,
      data: new Uint8Array(3),
    };
    expect(() => encodeFrame({ body: null, planes: [wrong] })).toThrow(PentimentoError);
  });

  it('answers any damage with an error of ours', () => {
    const good = encodeFrame({ body: { a: 1 }, planes });
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.nat(255),
        fc.nat(good.length),
        (at, value, length) => {
          const bad = good.slice(0, Math.max(at + 1, length));
          bad[at] = value;
          try {
            decodeFrame(bad);
          } catch (error) {
            expect(error).toBeInstanceOf(PentimentoError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('refuses sides and lengths that would not fit', () => {
    const header = (plane: object) => {
      const json = JSON.stringify({ body: null, planes: [plane] });
      const bytes = new Uint8Array(12 + json.length + 64);
      bytes.set([0x50, 0x4e, 0x54, 0x4d, 1, 0, 0, 0]);
      new DataView(bytes.buffer).setUint32(8, json.length, true);
      bytes.set(
        Array.from(json, (c) => c.charCodeAt(0)),
        12,
      );
      return bytes;
    };
    const plane = { name: 'p', width: 4, height: 4, channels: 1, depth: 8, offset: 0 };
    expect(decodeFrame(header(plane)).planes).toHaveLength(1);
    for (const change of [
      { width: 0 },
      { width: 30_000, height: 30_000 },
      { width: 1e9 },
      { offset: 4 },
      { offset: 4096 },
      { depth: 7 },
      { channels: 9 },
    ]) {
      expect(() => decodeFrame(header({ ...plane, ...change }))).toThrow(PentimentoError);
    }
  });
});
