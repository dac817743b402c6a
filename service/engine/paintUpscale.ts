/** Enlarging a picture: by networks that see tiles or without one, in our way or AUTOMATIC1111's. */
import { PentimentoError } from '../../shared/errors.ts';
import { rectOfSize, type Size } from '../../shared/geometry.ts';
import { limits } from '../../shared/limits.ts';
import type { UpscaleRequest } from '../../shared/request.ts';
import { isPlainUpscaler } from '../../shared/stages.ts';
import { upscaleSize } from '../../shared/upscaleSize.ts';
import { makeCallbackSteps } from './callbackSteps.ts';
import type { Upscaler } from './networks/upscaler.ts';
import {
  enlargeAlpha,
  enlargeByNetwork,
  enlargePlain,
  rasterSink,
  type EnlargeTarget,
  type PutRow,
} from './picture/enlargeRaster.ts';
import { enlargingNetwork } from './picture/networkTiles.ts';
import type { Finished } from './picture/prepare.ts';
import type { Raster } from './picture/raster.ts';
import type { JobTools, Painter, Painting, Scene } from './runJob.ts';
import { stopWhenAsked } from './stopWhenAsked.ts';
import { webuiUpscale } from './webuiUpscale.ts';

/** One tile on the slowest machine that anybody would wait for. */
const tileBudgetMs = 15 * 60_000;

/** Told before each tile. */
export type OnTile = (done: number, all: number) => void;

/** A named way of enlarging, opened: 'lanczos', 'nearest', or a network. */
export type OpenedUpscaling = 'lanczos' | 'nearest' | Upscaler;

/** Throws what opening the networks throws. */
export async function paintUpscale(
  { picture }: Scene,
  request: UpscaleRequest,
  tools: JobTools,
): Promise<Painter> {
  if (!picture) throw new PentimentoError('E_FRAME', 'No picture was sent.');
  const first = await openUpscaling(request.upscaler, tools);
  const second = request.second && (await openUpscaling(request.second.upscaler, tools));
  const run = request.dialect === 'a1111' ? webuiUpscale : enlarge;
  return {
    async *paint(): AsyncGenerator<Painting, Finished> {
      tools.onStage('enlarging', tileBudgetMs);
      const progress = makeCallbackSteps();
      const onTile = (done: number, all: number) => {
        stopWhenAsked(tools.signal);
        tools.onStage('enlarging', tileBudgetMs);
        progress.report({ step: done, steps: all });
      };
      const work = run(picture, request, { first, second, onTile }).finally(() => progress.end());
      // Nobody waits for the work of a run that was stopped; it ends before its next tile.
      work.catch(() => undefined);
      yield* progress.steps();
      return finished(await work, picture, request);
    },
  };
}

/** Throws E_MODEL_UNKNOWN and what opening the network throws. */
export async function openUpscaling(name: string, tools: JobTools): Promise<OpenedUpscaling> {
  if (isPlainUpscaler(name)) return name;
  const told = (stage: string) => tools.onStage(stage, tileBudgetMs);
  const network = await tools.openUpscaler?.(name, told);
  if (!network) throw new PentimentoError('E_MODEL_UNKNOWN');
  return network;
}

export interface Upscalings {
  readonly first: OpenedUpscaling;
  readonly second: OpenedUpscaling | undefined;
  readonly onTile: OnTile;
}

/** Colours over the target's window, at the picture's depth. */
async function enlarge(
  picture: Raster,
  request: UpscaleRequest,
  { first, second, onTile }: Upscalings,
): Promise<Raster> {
  const { whole: size, window } = upscaleSize(picture, request);
  const target = { size, window };
  const { tilePx = limits.upscaleTilePx.default } = request;
  const { overlapPx = limits.upscaleOverlapPx.default } = request;
  const sink = rasterSink(picture, window);
  const by = (upscaling: OpenedUpscaling, put: PutRow) =>
    enlargeBy(picture, upscaling, { target, put, tiles: { tilePx, overlapPx, onTile } });
  await by(first, sink.put);
  if (second && request.second) await by(second, sink.mix(request.second.visibility));
  return sink.raster;
}

export async function enlargeBy(
  picture: Raster,
  upscaling: OpenedUpscaling,
  how: {
    readonly target: EnlargeTarget;
    readonly put: PutRow;
    readonly tiles: { tilePx: number; overlapPx: number; onTile: OnTile };
  },
): Promise<void> {
  const { target, put, tiles } = how;
  if (typeof upscaling !== 'string') {
    return enlargeByNetwork(picture, enlargingNetwork(upscaling), target, { ...tiles, put });
  }
  tiles.onTile(0, 1);
  enlargePlain(picture, upscaling, target, put);
  return tiles.onTile(1, 1);
}

/** Bounds are in the enlarged document; what the job adds is the region's place in the original. */
function finished(color: Raster, picture: Raster, request: UpscaleRequest): Finished {
  const { region } = request;
  const { whole: size, window } = upscaleSize(picture, request);
  const shownSize: Size = { width: color.width, height: color.height };
  const place = (at: number, from: number, to: number) => Math.round((at * to) / from) - at;
  return {
    color,
    alpha: { ...shownSize, data: enlargeAlpha(picture, { size, window }) },
    bounds: {
      ...rectOfSize(shownSize),
      x: place(region.x, picture.width, size.width),
      y: place(region.y, picture.height, size.height),
    },
  };
}
