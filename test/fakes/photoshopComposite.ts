/** The visible picture of a fake document: normal blending of its visible pixel layers. */
import {
  fullOf,
  samples,
  type FakeDocument,
  type FakeLayer,
  type FakeRaster,
} from './photoshopWorld.ts';

/** Over the whole canvas; without alpha when a visible background lies below everything. */
export function compositeOf(document: FakeDocument): FakeRaster {
  const { width, height, depth } = document;
  const full = fullOf(depth);
  const colors = document.mode === 'grayscaleMode' ? 1 : 3;
  const components = colors + 1;
  const data = samples(depth, width * height * components);
  for (const layer of visibleBottomUp(document.layers)) {
    if (!layer.pixels) continue;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * components;
        const value = sampleAt(layer, { x, y, colors, full });
        const cover = value.alpha / full;
        const below = (data[at + colors] ?? 0) / full;
        const out = cover + below * (1 - cover);
        for (let c = 0; c < colors; c++) {
          const old = data[at + c] ?? 0;
          const mixed = ((value.color[c] ?? 0) * cover + old * below * (1 - cover)) / (out || 1);
          data[at + c] = depth === 32 ? mixed : Math.round(mixed);
        }
        data[at + colors] = depth === 32 ? out : Math.round(out * full);
      }
    }
  }
  const raster: FakeRaster = { x: 0, y: 0, width, height, components, data };
  const bottom = document.layers.at(-1);
  return bottom?.isBackground && bottom.visible ? withoutAlpha(raster) : raster;
}

function visibleBottomUp(layers: readonly FakeLayer[]): FakeLayer[] {
  return [...layers]
    .reverse()
    .filter((layer) => layer.visible)
    .flatMap((layer) => (layer.children ? visibleBottomUp(layer.children) : [layer]));
}

function sampleAt(
  layer: FakeLayer,
  { x, y, colors, full }: { x: number; y: number; colors: number; full: number },
): { color: number[]; alpha: number } {
  const pixels = layer.pixels;
  const nothing = { color: [], alpha: 0 };
  if (!pixels || !isInside(pixels, x, y)) return nothing;
  const at = ((y - pixels.y) * pixels.width + x - pixels.x) * pixels.components;
  const color = Array.from({ length: colors }, (_, c) => pixels.data[at + c] ?? 0);
  let alpha = pixels.components > colors ? (pixels.data[at + colors] ?? 0) : full;
  if (layer.mask) {
    const { mask } = layer;
    const covered = isInside(mask, x, y)
      ? (mask.data[(y - mask.y) * mask.width + x - mask.x] ?? 0)
      : 0;
    alpha = (alpha * covered) / full;
  }
  return { color, alpha };
}

function isInside(raster: FakeRaster, x: number, y: number): boolean {
  return (
    x >= raster.x && y >= raster.y && x < raster.x + raster.width && y < raster.y + raster.height
  );
}

function withoutAlpha(raster: FakeRaster): FakeRaster {
  const { components } = raster;
  const data = raster.data.filter((_, i) => i % components !== components - 1);
  return { ...raster, components: components - 1, data };
}
