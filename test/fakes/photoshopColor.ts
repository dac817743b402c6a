/**
 * Colour inside the fake: another profile turns every value v into full - v, so that a conversion
 * that was forgotten, or made twice, shows in the pixels.
 */
import {
  depthOfSamples,
  fullOf,
  samples,
  type FakeDocument,
  type FakeImage,
  type FakeRaster,
  type Samples,
} from './photoshopWorld.ts';

interface ReadOptions {
  readonly colorSpace?: 'RGB';
  readonly colorProfile?: string;
}

/** What untagged numbers mean where nothing else is said: not sRGB, so that a conversion shows. */
const workingSpace = 'Adobe RGB (1998)';

function plainName(profile: string | undefined): string {
  return (profile ?? workingSpace).replace(/ \(Linear .*\)$/, '');
}

/** The pixels as getPixels hands them out. */
export function readConverted(
  document: FakeDocument,
  raster: FakeRaster,
  options: ReadOptions,
): FakeImage {
  const isRgb = document.mode === 'RGBColorMode';
  const wantsRgb = isRgb || options.colorSpace === 'RGB';
  if (document.mode === 'CMYKColorMode' && !wantsRgb) {
    throw new Error('CMYK pixels have no color space here.');
  }
  const asked = options.colorProfile ?? (isRgb ? document.profile : workingSpace);
  const turn = plainName(asked) !== plainName(document.profile);
  // Gray and Lab documents hand their pixels out without alpha (AdobeDocs/uxp-photoshop #501).
  const losesAlpha = document.mode === 'grayscaleMode' || document.mode === 'labColorMode';
  const layout = wantsRgb ? 'RGB' : 'native';
  const { data, components } = relaid(raster, { layout, losesAlpha, turn });
  return {
    width: raster.width,
    height: raster.height,
    components,
    colorSpace: wantsRgb ? 'RGB' : 'Grayscale',
    colorProfile: asked ?? '',
    data,
    disposed: false,
  };
}

function relaid(
  { data, components, width, height }: FakeRaster,
  how: { readonly layout: 'RGB' | 'native'; readonly losesAlpha: boolean; readonly turn: boolean },
): { data: Samples; components: number } {
  const depth = depthOfSamples(data);
  const full = fullOf(depth);
  const hasAlpha = components % 2 === 0;
  const colors = hasAlpha ? components - 1 : components;
  const outColors = how.layout === 'RGB' ? 3 : colors;
  const keepsAlpha = hasAlpha && !how.losesAlpha;
  const out = outColors + (keepsAlpha ? 1 : 0);
  const result = samples(depth, width * height * out);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < outColors; c++) {
      const v = data[i * components + Math.min(c, colors - 1)] ?? 0;
      result[i * out + c] = how.turn ? full - v : v;
    }
    if (keepsAlpha) result[i * out + outColors] = data[i * components + colors] ?? 0;
  }
  return { data: result, components: out };
}

/** Pixels that were put, as the document keeps them: gray + alpha or RGBA. */
export function storeColor(
  document: FakeDocument,
  image: FakeImage,
  at: { readonly left: number; readonly top: number },
): FakeRaster {
  requireDepth(document, image);
  if (image.colorSpace !== 'RGB') throw new Error('The fake only takes RGB pixels.');
  if (image.components !== 3 && image.components !== 4)
    throw new Error('RGB has 3 or 4 components.');
  const full = fullOf(document.depth);
  const turn =
    image.colorProfile !== '' && plainName(image.colorProfile) !== plainName(document.profile);
  const colors = document.mode === 'grayscaleMode' ? 1 : 3;
  const count = image.width * image.height;
  const data = samples(document.depth, count * (colors + 1));
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < colors; c++) {
      const v = image.data[i * image.components + c] ?? 0;
      data[i * (colors + 1) + c] = turn ? full - v : v;
    }
    const alpha = image.components === 4 ? image.data[i * 4 + 3] : full;
    data[i * (colors + 1) + colors] = alpha ?? full;
  }
  const { width, height } = image;
  return { x: at.left, y: at.top, width, height, components: colors + 1, data };
}

/** Coverage that was put as a mask or selection: one gray component in the document's depth. */
export function storeCoverage(
  document: FakeDocument,
  image: FakeImage,
  at: { readonly left: number; readonly top: number },
): FakeRaster {
  requireDepth(document, image);
  if (image.components !== 1 || image.colorSpace !== 'Grayscale') {
    throw new Error('Masks and selections have one grayscale component.');
  }
  const { width, height, data } = image;
  return { x: at.left, y: at.top, width, height, components: 1, data };
}

function requireDepth(document: FakeDocument, image: FakeImage): void {
  if (depthOfSamples(image.data) !== document.depth) {
    throw new Error('The component size is not that of the document.');
  }
}
