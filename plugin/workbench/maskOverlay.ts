/** The masks of the coming run over the picture, in two colours. */
import { maskColors } from '../picture/thumbnail.ts';
import type { MaskView, ShownMasks } from '../session/previews.ts';

export interface CanvasMasks {
  readonly shown: ShownMasks;
  readonly view: Exclude<MaskView, 'off'>;
}

/** Paints them once for as long as they stay the same. */
export class MaskOverlay {
  readonly #canvas = document.createElement('canvas');
  #painted: CanvasMasks | undefined;

  paint(context: CanvasRenderingContext2D, masks: CanvasMasks): void {
    const { shown, view } = masks;
    if (this.#painted?.shown !== shown || this.#painted.view !== view) this.#refresh(masks);
    const { x, y, width, height } = shown.region;
    context.drawImage(this.#canvas, x, y, width, height);
  }

  #refresh(masks: CanvasMasks): void {
    this.#painted = masks;
    const { width, height } = masks.shown.seen;
    this.#canvas.width = width;
    this.#canvas.height = height;
    const image = new ImageData(maskPixels(masks), width, height);
    this.#canvas.getContext('2d')?.putImageData(image, 0, 0);
  }
}

/** RGBA, straight alpha: what may change below, what will be seen over it. */
export function maskPixels({ shown, view }: CanvasMasks): Uint8ClampedArray<ArrayBuffer> {
  const { seen, change } = shown;
  const out = new Uint8ClampedArray(seen.width * seen.height * 4);
  const top = view === 'change' ? 0 : maskColors.seen.strength / 255;
  const under = view === 'seen' ? 0 : maskColors.change.strength / 255;
  for (let i = 0, at = 0; at < out.length; i++, at += 4) {
    const over = seen.data[i]! * top;
    const below = change.data[i]! * under * (1 - over);
    const alpha = over + below;
    if (alpha === 0) continue;
    for (let c = 0; c < 3; c++) {
      out[at + c] =
        (maskColors.seen.color[c]! * over + maskColors.change.color[c]! * below) / alpha;
    }
    out[at + 3] = alpha * 255;
  }
  return out;
}
