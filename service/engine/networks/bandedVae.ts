/**
 * The autoencoder for pictures whose intermediate results would not fit: stage by stage in bands of
 * rows. Group norms are told the statistics of the whole picture, measured before, and what a band
 * keeps lies further from its edge than the convolutions reach. So there is no seam to blend: the
 * answer is the whole network's but for the rounding of float32.
 */
import { PentimentoError } from '../../../shared/errors.ts';
import {
  bandGraph,
  decoderMiddleGraph,
  decoderStages,
  encoderMiddleGraph,
  encoderStages,
  type BandStage,
} from '../graph/vaeBands.ts';
import { normOf } from '../graph/vae.ts';
import type { Feeds } from '../runtime/network.ts';
import { sizeOfShape, tensor, type Tensor } from '../tensor.ts';
import type { VaeConfig } from '../weights/types.ts';
import {
  bandsOver,
  cutRows,
  pasteRows,
  rowMask,
  rowsWithin,
  scaledRows,
  type Band,
} from './bands.ts';
import { ChannelSums, type ToldStatistics } from './groupStatistics.ts';
import type { NetworkPart } from './networkPart.ts';

export interface BandTools {
  readonly part: Pick<NetworkPart, 'run'>;
  readonly config: VaeConfig;
  /** Of the widest intermediate result in one band, bytes; a few of them live at a time. */
  readonly bandBytes: number;
  /** Called before each band; what it throws ends the work. */
  readonly onBand: (done: number, count: number) => void;
}

/** As the whole encoder: picture [1,3,H,W] to `mean` and `logVariance`. Throws E_MEMORY and what loading throws. */
export async function encodeInBands(
  picture: Tensor,
  tools: BandTools,
): Promise<Record<string, Tensor>> {
  const { part, config } = tools;
  const x = await runStages(encoderStages(config), picture, tools);
  const [, , height, width] = x.shape;
  const key = `encoder middle ${height}x${width}`;
  return part.run(key, (w) => encoderMiddleGraph(w, config, { height, width }), { x });
}

/** As the whole decoder: latents [1,latentChannels,h,w] to a picture. Throws E_MEMORY and what loading throws. */
export async function decodeInBands(latents: Tensor, tools: BandTools): Promise<Tensor> {
  const { part, config } = tools;
  const [, , height, width] = latents.shape;
  const key = `decoder middle ${height}x${width}`;
  const build = (w: Parameters<typeof decoderMiddleGraph>[0]) =>
    decoderMiddleGraph(w, config, { height, width });
  const { y } = await part.run(key, build, { latents });
  return runStages(decoderStages(config), y, tools);
}

interface PlannedStage {
  readonly stage: BandStage;
  readonly bands: readonly Band[];
}

async function runStages(
  stages: readonly BandStage[],
  start: Tensor,
  tools: BandTools,
): Promise<Tensor> {
  const [, , height, width] = start.shape;
  const planned = planStages(stages, { height, width }, tools.bandBytes);
  const count = planned.reduce(
    (sum, { stage, bands }) => sum + bands.length * (stage.norms + 1),
    0,
  );
  let done = 0;
  const onBand = () => tools.onBand(done++, count);
  let x = start;
  for (const plan of planned) x = await runStage(plan, x, { ...tools, onBand });
  return x;
}

function planStages(
  stages: readonly BandStage[],
  size: { readonly height: number; readonly width: number },
  bandBytes: number,
): readonly PlannedStage[] {
  let { height, width } = size;
  return stages.map((stage) => {
    const { halo, inScale, inChannels, outChannels, outScale } = stage;
    const pixels = width * Math.max(inScale, outScale * outScale);
    const unitBytes = 4 * Math.max(inChannels, outChannels) * pixels;
    const longest = Math.max(4 * halo + 1, Math.floor(bandBytes / unitBytes));
    const units = height / inScale;
    height = units * outScale;
    width = (width / inScale) * outScale;
    return { stage, bands: bandsOver(units, { longest, halo }) };
  });
}

type Pass = Omit<BandTools, 'onBand'> & { readonly onBand: () => void };

async function runStage({ stage, bands }: PlannedStage, x: Tensor, pass: Pass): Promise<Tensor> {
  const told: ToldStatistics[] = [];
  for (let norm = 0; norm < stage.norms; norm++) {
    const sums = new ChannelSums();
    for (const band of bands) {
      pass.onBand();
      const { height, width, kept } = measuredRows(stage, band, x);
      const mask = rowMask(kept, { height, width });
      const { sums: found } = await runBand({ stage, band, measures: norm }, x, {
        pass,
        feeds: { ...toldFeeds(told), mask },
      });
      sums.add(found, (kept.end - kept.begin) * width);
    }
    told.push(sums.told(normOf(pass.config)));
  }
  return computeStage({ stage, bands }, x, pass, toldFeeds(told));
}

/** Where a norm is: rows kept and size of its input. The first one of a doubling lies after it, too. */
function measuredRows({ inScale, outScale }: BandStage, { seen, kept }: Band, x: Tensor) {
  const rows = scaledRows(rowsWithin(kept, seen), outScale);
  const height = (seen.end - seen.begin) * outScale;
  return { kept: rows, height, width: (x.shape[3] / inScale) * outScale };
}

async function computeStage(
  { stage, bands }: PlannedStage,
  x: Tensor,
  pass: Pass,
  feeds: Feeds,
): Promise<Tensor> {
  const whole = outputFor(stage, x);
  const waiting: { readonly band: Band; readonly y: Tensor }[] = [];
  for (const [i, band] of bands.entries()) {
    pass.onBand();
    const { y } = await runBand({ stage, band }, x, { pass, feeds });
    waiting.push({ band, y });
    // Output may take the input's place, but only rows that no band needs to see any more.
    const needed = bands[i + 1]?.seen.begin ?? Infinity;
    while (waiting.length > 0 && waiting[0].band.kept.end <= needed) {
      place(waiting.shift(), stage, whole);
    }
    if (needed === Infinity) while (waiting.length > 0) place(waiting.shift(), stage, whole);
  }
  return whole;
}

function place(
  finished: { readonly band: Band; readonly y: Tensor } | undefined,
  { outScale }: BandStage,
  whole: Tensor,
): void {
  if (!finished) return;
  const { band, y } = finished;
  const from = scaledRows(rowsWithin(band.kept, band.seen), outScale);
  pasteRows(y, from, whole, band.kept.begin * outScale);
}

/** A block that keeps its input's shape overwrites it; only a picture or latents come from outside. */
function outputFor(stage: BandStage, x: Tensor): Tensor {
  const { inScale, outScale, inChannels, outChannels } = stage;
  if (stage.norms > 0 && inScale === outScale && inChannels === outChannels) return x;
  const [, , height, width] = x.shape;
  const shape = [1, outChannels, (height / inScale) * outScale, (width / inScale) * outScale];
  try {
    return tensor(new Float32Array(sizeOfShape(shape)), shape);
  } catch (cause) {
    throw new PentimentoError('E_MEMORY', undefined, { cause });
  }
}

async function runBand(
  { stage, band, measures }: { stage: BandStage; band: Band; measures?: number },
  x: Tensor,
  { pass, feeds }: { readonly pass: Pass; readonly feeds: Feeds },
): Promise<Record<string, Tensor>> {
  const seen = cutRows(x, scaledRows(band.seen, stage.inScale));
  const [, , height, width] = seen.shape;
  const key = `${stage.name} ${measures ?? 'out'} ${height}x${width}`;
  const build = (w: Parameters<typeof bandGraph>[0]) =>
    bandGraph(w, stage, { height, width, measures });
  return pass.part.run(key, build, { ...feeds, x: seen });
}

function toldFeeds(told: readonly ToldStatistics[]): Feeds {
  return Object.fromEntries(
    told.flatMap(({ mean, factor }, i) => [
      [`mean ${i}`, mean],
      [`factor ${i}`, factor],
    ]),
  );
}
