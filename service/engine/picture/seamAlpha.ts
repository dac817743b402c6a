/**
 * Where a painted band takes over from the picture: not faded, which shows both at once and blurs what has texture, but cut
 * where the two differ least (Kwatra et al., Graphcut Textures, 2003), with a soft rim of few pixels.
 */
import type { Rect } from '../../../shared/geometry.ts';
import { toFloatImage } from './convert.ts';
import { gaussianBlur } from './gaussian.ts';
import { cutGrid } from './patch/gridCut.ts';
import type { Mask, Raster } from './raster.ts';
import { inParts, type Sliced } from './sliced.ts';

export interface Seam {
  readonly painted: Raster;
  /** What the picture shows there; clear where nothing is known. */
  readonly known: Raster;
  /** The new pixels, in the planes' own. */
  readonly area: Rect;
  /** Around them so many pixels were painted again. */
  readonly reachPx: number;
}

/** Of the blur that softens the cut, pixels. */
const softness = 1.5;
/** The cut keeps off the painted rim's outer end, so that its softness fits in; narrower rims are faded. */
const marginPx = 4;
const leastReachPx = 2 * marginPx + 4;
const unit = 1000;
/** Of each pixel that a cut is long, beside what it parts. */
const perPixel = 10;
const certain = 1_000_000;

/** The alpha of what was painted, over the same pixels; `soft` is returned where the rim is too narrow for a cut. */
export function* seamAlpha(soft: Mask, seam: Seam): Sliced<Mask> {
  const { area, reachPx } = seam;
  const { width, height } = soft;
  if (reachPx < leastReachPx) return soft;
  const away = (i: number) => awayFrom(area, i % width, Math.floor(i / width));
  const differs = yield* differences(seam);
  const pull = new Int32Array(width * height);
  const links = new Int32Array(width * height * 4);
  const isRim = (i: number) => {
    const d = away(i);
    return d > 0 && d <= reachPx && soft.data[i] > 0;
  };
  const link = (p: number, q: number, d: number) => {
    if (!isRim(q)) return;
    const cost = perPixel + Math.round(unit * Math.max(0, differs[p] + differs[q]));
    links[p * 4 + d] = cost;
    links[q * 4 + (d ^ 1)] = cost;
  };
  yield* inParts(height, width * 20, (from, to) => {
    for (let i = from * width; i < to * width; i++) {
      if (!isRim(i)) continue;
      const d = away(i);
      pull[i] = differs[i] < 0 || d === 1 ? -certain : d > reachPx - marginPx ? certain : 0;
      if (i % width < width - 1) link(i, i + 1, 0);
      if (i + width < width * height) link(i, i + width, 2);
    }
  });
  const isNew = yield* cutGrid({ width, height, links, pull });
  const taken = new Float32Array(isNew.length);
  for (let i = 0; i < taken.length; i++) {
    if (away(i) === 0 || (isNew[i] === 1 && isRim(i))) taken[i] = 1;
  }
  const blurred = gaussianBlur({ width, height, data: taken }, softness).data;
  yield width * height * 10;
  return {
    ...soft,
    data: soft.data.map((v, i) =>
      away(i) === 0 ? v : isRim(i) ? Math.round(255 * Math.min(1, blurred[i])) : 0,
    ),
  };
}

/** The larger of the ways across and down, pixels; 0 inside. */
function awayFrom({ x, y, width, height }: Rect, px: number, py: number): number {
  return Math.max(0, x - px, px - (x + width - 1), y - py, py - (y + height - 1));
}

/** By how much the two differ, summed over the colours, 0..3; -1 where nothing is known. */
function* differences({ painted, known }: Seam): Sliced<Float32Array> {
  const { image } = toFloatImage(painted);
  yield image.data.length;
  const { image: wanted, alpha } = toFloatImage(known);
  yield image.data.length;
  const out = new Float32Array(painted.width * painted.height);
  yield* inParts(painted.height, painted.width * 4, (from, to) => {
    for (let i = from * painted.width; i < to * painted.width; i++) {
      let sum = 0;
      for (let k = i * 3; k < i * 3 + 3; k++) sum += Math.abs(image.data[k] - wanted.data[k]);
      out[i] = alpha && alpha.data[i] < 1 ? -1 : sum;
    }
  });
  return out;
}
