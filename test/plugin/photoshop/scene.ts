/** Documents, pixels and recipes that the tests of the Photoshop host share. */
import type { PlacedPicture, Placement } from '../../../plugin/host/host.ts';
import type { PixelDepth, Plane } from '../../../shared/frame.ts';
import type { Rect } from '../../../shared/geometry.ts';
import type { Recipe } from '../../../shared/recipe.ts';
import { fullOf, samples, type FakeRaster } from '../../fakes/photoshopWorld.ts';

/** Pixels with another value in every sample; alpha opaque unless `alpha` says otherwise. */
export function raster(
  rect: Rect,
  depth: PixelDepth,
  components: number,
  alpha: (x: number, y: number) => number = () => 1,
): FakeRaster {
  const full = fullOf(depth);
  const data = samples(depth, rect.width * rect.height * components);
  for (let i = 0; i < rect.width * rect.height; i++) {
    const x = i % rect.width;
    const y = Math.floor(i / rect.width);
    for (let c = 0; c < components; c++) {
      const isAlpha = components % 2 === 0 && c === components - 1;
      const share = isAlpha ? alpha(x, y) : ((i * 31 + c * 17) % 101) / 101;
      data[i * components + c] = depth === 32 ? share : Math.round(share * full);
    }
  }
  return { ...rect, components, data };
}

/** Coverage of a selection: 0..255. */
export function coverage(rect: Rect, value: (x: number, y: number) => number): FakeRaster {
  const data = new Uint8Array(rect.width * rect.height);
  for (let i = 0; i < data.length; i++) {
    data[i] = value(i % rect.width, Math.floor(i / rect.width));
  }
  return { ...rect, components: 1, data };
}

/** The samples of one pixel of a raster, by its place in the document. */
export function pixelAt(source: FakeRaster | undefined, x: number, y: number): number[] {
  if (!source) return [];
  const at = ((y - source.y) * source.width + x - source.x) * source.components;
  return Array.from(source.data.slice(at, at + source.components));
}

/** The samples of one pixel of a plane that covers `region`. */
export function planeAt(plane: Plane, region: Rect, x: number, y: number): number[] {
  const at = ((y - region.y) * plane.width + x - region.x) * plane.channels;
  return Array.from(plane.data.slice(at, at + plane.channels));
}

export function recipe(seed = 7): Recipe {
  return {
    version: 1,
    made: 'pentimento 0.1.0',
    request: {
      kind: 'remove',
      document: { id: '1', name: 'a <b> & "c"', width: 8, height: 6, depth: 8, mode: 'rgb' },
      region: { x: 0, y: 0, width: 8, height: 6 },
      seed,
      count: 1,
      featherPx: 2,
      growPx: 0,
      colorMatch: 1,
    },
    index: 0,
    seed,
    context: { x: 0, y: 0, width: 8, height: 6 },
    workingSize: { width: 64, height: 64 },
  };
}

export function picture(
  bounds: Rect,
  {
    depth = 8,
    channels = 3,
    seed = 7,
  }: { depth?: PixelDepth; channels?: 1 | 3; seed?: number } = {},
): PlacedPicture {
  const { width, height } = bounds;
  const full = { 8: 255, 16: 65535, 32: 1 }[depth];
  const count = width * height * channels;
  const color = depth === 8 ? new Uint8Array(count) : samples(depth, count);
  for (let i = 0; i < count; i++) {
    const share = ((i * 13 + seed * 29) % 97) / 96;
    color[i] = depth === 32 ? share : Math.round(share * full);
  }
  const alpha = Uint8Array.from({ length: width * height }, (_, i) => (i * 37 + seed) % 256);
  return {
    name: `Result ${seed}`,
    bounds,
    color: { name: 'color', width, height, channels, depth, data: color },
    alpha: { name: 'alpha', width, height, channels: 1, depth: 8, data: alpha },
    recipe: recipe(seed),
  };
}

export function placement(
  document: { readonly id: number; readonly width: number; readonly height: number },
  pictures: readonly PlacedPicture[],
  aboveLayerId?: number,
): Placement {
  return {
    documentId: String(document.id),
    aboveLayerId: aboveLayerId === undefined ? undefined : String(aboveLayerId),
    documentSize: { width: document.width, height: document.height },
    pictures,
    groupName: 'Variants',
    historyName: 'Fill selection',
  };
}
