/** The denoise mask as the sampler needs it: one value per latent cell of 8 x 8 working pixels. */
import type { Size } from '../../../shared/geometry.ts';
import type { SoftMask } from './raster.ts';

/** Working pixels along one side of a latent cell (the VAE's reduction). */
const latentCellPx = 8;
/** Values from here on are 1: a value a hair below would miss the first step. */
const fullFrom = 0.99;

/**
 * Largest denoise value under each latent cell. `denoise` covers the context in document pixels,
 * `workingSize` is what the networks run at (multiples of 8); a cell's footprint is mapped back to
 * document pixels and every pixel that it touches counts, so that no visible pixel lies in a cell that
 * is freer for its neighbours than for itself, and a selection of one pixel still repaints a cell.
 * Returns [workingSize.height / 8 * workingSize.width / 8] values 0..1. Throws a RangeError for other sizes.
 */
export function denoiseToLatent(denoise: SoftMask, workingSize: Size): Float32Array {
  const columns = workingSize.width / latentCellPx;
  const rows = workingSize.height / latentCellPx;
  if (!Number.isInteger(columns) || !Number.isInteger(rows) || columns < 1 || rows < 1) {
    throw new RangeError(
      `Expected multiples of 8 but received ${workingSize.width}x${workingSize.height}`,
    );
  }
  const across = footprints(denoise.width, columns);
  const down = footprints(denoise.height, rows);
  const out = new Float32Array(columns * rows);
  const strip = new Float32Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let y = down[r * 2]; y < down[r * 2 + 1]; y++) {
      stripMaxima(denoise, y, { across, strip });
      for (let c = 0; c < columns; c++) {
        if (strip[c] > out[r * columns + c]) out[r * columns + c] = strip[c];
      }
    }
  }
  for (let i = 0; i < out.length; i++) if (out[i] >= fullFrom) out[i] = 1;
  return out;
}

function stripMaxima(
  mask: SoftMask,
  y: number,
  cells: { readonly across: Int32Array; readonly strip: Float32Array },
): void {
  const { across, strip } = cells;
  for (let c = 0; c < strip.length; c++) {
    let most = 0;
    for (let i = y * mask.width + across[c * 2]; i < y * mask.width + across[c * 2 + 1]; i++) {
      if (mask.data[i] > most) most = mask.data[i];
    }
    strip[c] = most;
  }
}

/**
 * A mask of the working size, 0 or 1 from 0.5 on, by the first pixel of each latent cell (nearest
 * neighbour as torch has it; diffusers prepare_mask_latents).
 */
export function firstPixels(mask: SoftMask): Float32Array {
  const columns = Math.floor(mask.width / latentCellPx);
  const rows = Math.floor(mask.height / latentCellPx);
  return Float32Array.from({ length: columns * rows }, (_, i) => {
    const y = Math.floor(i / columns) * latentCellPx;
    const value = mask.data[y * mask.width + (i % columns) * latentCellPx] ?? 0;
    return value >= 0.5 ? 1 : 0;
  });
}

/** First pixel and end of each cell's footprint, pairs. */
function footprints(pixels: number, cells: number): Int32Array {
  const out = new Int32Array(cells * 2);
  for (let i = 0; i < cells; i++) {
    const start = Math.floor((i * pixels) / cells);
    out[i * 2] = start;
    out[i * 2 + 1] = Math.max(start + 1, Math.ceil(((i + 1) * pixels) / cells - 1e-9));
  }
  return out;
}
