/** Enlarging as AUTOMATIC1111 does it, in its 8-bit arithmetic (modules/upscaler.py, upscaler_utils.py). */
import type { Size } from '../../shared/geometry.ts';
import type { UpscaleRequest } from '../../shared/request.ts';
import type { OnTile, OpenedUpscaling, Upscalings } from './paintUpscale.ts';
import { enlargingNetwork } from './picture/networkTiles.ts';
import { toChannels, toImage8, type Image8 } from './picture/pillow/image8.ts';
import type { Raster } from './picture/raster.ts';
import { imageInForm } from './picture/prepareWebui.ts';
import { blendImages, upscaleFinished, type UpscaleGoal } from './picture/webui/finishedUpscale.ts';
import {
  resizePass,
  upscaleInSlowPasses,
  type SlowUpscalePass,
} from './picture/webui/resizeImage.ts';
import { resizePillow } from './picture/pillow/resample.ts';
import { splitGrid } from './picture/webui/tileGrid.ts';
import { upscaleFaded } from './picture/webui/tiledUpscale.ts';

/** Its settings "ESRGAN_tile" and "ESRGAN_tile_overlap". */
const usualTilePx = 192;
const usualOverlapPx = 8;

interface Tiling {
  readonly tilePx?: number | undefined;
  readonly overlapPx?: number | undefined;
}

/** Tab "Extras": one upscaler, or two laid over each other. Alpha is not looked at. */
export async function webuiUpscale(
  picture: Raster,
  request: UpscaleRequest,
  { first, second, onTile }: Upscalings,
): Promise<Raster> {
  const { scale = 1, size } = request;
  const image = toChannels(toImage8(picture), 3);
  const goal: UpscaleGoal = size
    ? { kind: 'cover', size, crop: true }
    : { kind: 'factor', factor: scale, maxSidePx: 0 };
  const enlarged = await upscaleFinished(image, passOf(first, request, onTile), goal);
  if (!second || !request.second) return imageInForm(enlarged, picture);
  const other = await upscaleFinished(image, passOf(second, request, onTile), goal);
  return imageInForm(blendImages(enlarged, other, request.second.visibility), picture);
}

/** Between the passes of hires fix: enlarged where it grows, then to just that size by Lanczos. */
export async function webuiEnlargeTo(
  image: Image8,
  { width, height }: Size,
  upscaling: OpenedUpscaling,
  onTile: OnTile,
): Promise<Image8> {
  const scale = Math.max(width / image.width, height / image.height);
  const pass = passOf(upscaling, {}, onTile);
  const enlarged = scale > 1 ? await upscaleInSlowPasses(image, scale, pass) : image;
  return resizePillow(enlarged, width, height, 'lanczos');
}

function passOf(
  upscaling: OpenedUpscaling,
  { tilePx = usualTilePx, overlapPx = usualOverlapPx }: Tiling,
  onTile: OnTile,
): SlowUpscalePass {
  if (typeof upscaling === 'string') return resizePass(upscaling);
  const network = enlargingNetwork(upscaling);
  return async (image) => {
    const { rows } = splitGrid(image, { width: tilePx, height: tilePx }, overlapPx);
    const all = tilePx === 0 ? 1 : rows.reduce((sum, { xs }) => sum + xs.length, 0);
    let done = 0;
    const enlarged = await upscaleFaded(
      image,
      (tile) => {
        onTile(done++, all);
        return network.enlarge(tile);
      },
      { tilePx, overlapPx },
    );
    onTile(all, all);
    return enlarged;
  };
}
