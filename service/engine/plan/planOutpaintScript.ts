/** AUTOMATIC1111's outpainting scripts told before they run. Pure. */
import { PentimentoError } from '../../../shared/errors.ts';
import { checkCanvas, sidesOfCanvas } from '../../../shared/expand.ts';
import { containsRect, rectOfSize, type Rect, type Size } from '../../../shared/geometry.ts';
import { limits } from '../../../shared/limits.ts';
import { askedOfScript, expansionOf, onCanvasStep } from '../../../shared/outpaintScript.ts';
import type { Plan, PlannedPass, PlanRequest } from '../../../shared/plan.ts';

/**
 * One pass a side (mk2) or a tile (poor man's), with what each looks at. Throws E_PARAM for sides that the
 * scripts cannot be asked for, E_TOO_EXPENSIVE, and as checkCanvas does.
 */
export function fitOutpaintScript(
  { document, bounds: canvas, fill }: Pick<PlanRequest, 'document' | 'bounds' | 'fill'>,
  nativeSide: number,
): Pick<Plan, 'context' | 'workingSize' | 'scale'> & { readonly passes: PlannedPass[] } {
  checkCanvas(document, canvas);
  const asked = askedOfScript(sidesOfCanvas(document, canvas));
  if (!asked) {
    throw new PentimentoError(
      'E_PARAM',
      "canvas: AUTOMATIC1111's scripts add 8 to 256 pixels, the same on every side that grows.",
    );
  }
  const grown = expansionOf(document, asked.expandPx, asked.directions);
  const found =
    fill === 'mk2'
      ? strips(document, grown, nativeSide)
      : tiles({ document, grown, tile: nativeSide, overlap: asked.expandPx });
  const passes = found.map((area) => {
    const { width, height } = area;
    return { area, context: area, workingSize: { width, height } };
  });
  const sides = passes.flatMap(({ workingSize }) => [workingSize.width, workingSize.height]);
  if (sides.some((side) => side > limits.side.max)) throw new PentimentoError('E_TOO_EXPENSIVE');
  const workingSize = passes.reduce((most, p) => larger(most, p.workingSize), {
    width: 0,
    height: 0,
  });
  return { context: rectOfSize(document), workingSize, scale: 1, passes };
}

type Grown = ReturnType<typeof expansionOf>;

function larger(a: Size, b: Size): Size {
  return b.width * b.height > a.width * a.height ? b : a;
}

/** Mk2: one after the other, each over all that was there by then, rounded up to 64. */
function strips(document: Size, grown: Grown, longest: number): Rect[] {
  const found: Rect[] = [];
  let [x, y, width, height] = [0, 0, document.width, document.height];
  for (const side of ['left', 'right', 'up', 'down'] as const) {
    const px = grown[side];
    if (px === 0) continue;
    const isAcross = side === 'left' || side === 'right';
    if (isAcross) width += px;
    else height += px;
    if (side === 'left') x -= px;
    if (side === 'up') y -= px;
    const whole = { width: onCanvasStep(width), height: onCanvasStep(height) };
    const strip = {
      width: isAcross ? Math.min(longest, width) : whole.width,
      height: isAcross ? whole.height : Math.min(longest, height),
    };
    found.push({
      x: side === 'right' ? x + whole.width - strip.width : x,
      y: side === 'down' ? y + whole.height - strip.height : y,
      ...strip,
    });
  }
  return found;
}

/** Poor man's: tiles of the canvas that do not lie wholly inside the old picture. */
function tiles(of: { document: Size; grown: Grown; tile: number; overlap: number }): Rect[] {
  const { document, grown, tile, overlap } = of;
  const width = onCanvasStep(document.width + grown.left + grown.right);
  const height = onCanvasStep(document.height + grown.up + grown.down);
  const old = {
    x: grown.left,
    y: grown.up,
    width: width - grown.right - grown.left,
    height: height - grown.down - grown.up,
  };
  return starts(height, tile, overlap)
    .flatMap((y) => starts(width, tile, overlap).map((x) => ({ x, y, width: tile, height: tile })))
    .filter((place) => !containsRect(old, place))
    .map((place) => ({ ...place, x: place.x - grown.left, y: place.y - grown.up }));
}

/** Where tiles begin along one side (modules/images.py split_grid). */
function starts(length: number, tile: number, overlap: number): number[] {
  if (overlap >= tile) throw new PentimentoError('E_PARAM', 'canvas: Expand by less than a tile.');
  const count = Math.max(0, Math.ceil((length - overlap) / (tile - overlap)));
  const step = count > 1 ? (length - tile) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => {
    const start = Math.trunc(i * step);
    return start + tile >= length ? length - tile : start;
  });
}
