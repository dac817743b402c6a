/** Hires fix: what the first pass painted is enlarged and worked over (a1111: modules/processing.py sample_hr_pass). */
import type { Size } from '../../shared/geometry.ts';
import { enlargedSize, type EnlargedSize } from '../../shared/hiresSize.ts';
import { limits } from '../../shared/limits.ts';
import type { TextRequest } from '../../shared/request.ts';
import { isLatentUpscaler, type HiresFix } from '../../shared/stages.ts';
import type { DiffusionModel } from './diffusion.ts';
import type { Posterior } from './encodeStart.ts';
import { decodeLatent } from './paintPass.ts';
import { enlargeBy, type OnTile, type OpenedUpscaling } from './paintUpscale.ts';
import { fromTensor, toTensor } from './picture/convert.ts';
import { cropImage } from './picture/crop.ts';
import { cropImage as cropImage8 } from './picture/pillow/image8.ts';
import { decodedImage, encoderInput } from './picture/webui/decodedImage.ts';
import { cutLatent, enlargeLatent } from './picture/webui/enlargeLatent.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import type { Latent } from './sampling/types.ts';
import { countSteps } from './sampling/steps.ts';
import { tensor, type Tensor } from './tensor.ts';
import { webuiEnlargeTo } from './webuiUpscale.ts';

/** The second pass's words, sampler and steps: those of the first where nothing else is said. */
export function secondRequest(request: TextRequest, hires: HiresFix): TextRequest {
  return {
    ...request,
    steps: hires.steps || request.steps,
    sampler: hires.sampler ?? request.sampler,
    schedule: hires.schedule ?? request.schedule,
    cfgScale: hires.cfgScale ?? request.cfgScale,
    prompt: hires.prompt || request.prompt,
    negativePrompt: hires.negativePrompt || request.negativePrompt,
  };
}

/** Steps that the second pass will run. */
export function secondSteps(
  { steps }: Pick<TextRequest, 'steps'>,
  { strength }: Pick<HiresFix, 'strength'>,
  { exactStepRule: rule }: Pick<PipelineOptions, 'exactStepRule'>,
): number {
  return countSteps({ rule, steps, strength }).run;
}

export interface Enlarging {
  readonly model: DiffusionModel;
  readonly options: Pick<PipelineOptions, 'imaging'>;
  readonly hires: HiresFix;
  /** Of the first pass, pixels. */
  readonly first: Size;
  /** Undefined where latents are enlarged. */
  readonly upscaling: OpenedUpscaling | undefined;
  readonly onTile: OnTile;
}

/** The first pass's latent at the second one's size, scaled. */
export async function enlargedStart(latent: Latent, how: Enlarging): Promise<Posterior> {
  const { hires, first, model } = how;
  if (isLatentUpscaler(hires.upscaler)) {
    const mean = enlargeLatent(latent, first, hires, hires.upscaler).data;
    return { mean, deviation: new Float32Array(mean.length) };
  }
  const sizes = enlargedSize(first, hires);
  const decoded = await decodeLatent(model, latent);
  const picture =
    how.options.imaging === 'webui'
      ? await webuiPicture(decoded, how, sizes)
      : await floatPicture(decoded, how, sizes);
  const { mean, logVariance } = await model.encode(picture);
  const scale = model.facts.scalingFactor;
  const cut = (t: Tensor) => cutLatent(t, sizes.surplus).data;
  return {
    mean: cut(mean).map((v) => v * scale),
    deviation: cut(logVariance).map((v) => Math.exp(v / 2) * scale),
  };
}

/** In 8 bits, as AUTOMATIC1111 enlarges pictures. */
async function webuiPicture(
  decoded: Tensor,
  { first, upscaling = 'lanczos', onTile }: Enlarging,
  { enlarged }: EnlargedSize,
): Promise<Tensor> {
  const image = decodedImage(decoded.data, first.width, first.height);
  const larger = await webuiEnlargeTo(image, enlarged, upscaling, onTile);
  const { width, height } = inLatents(enlarged);
  const kept = cropImage8(larger, [0, 0, width, height]);
  return tensor(encoderInput(kept), [1, 3, height, width]);
}

async function floatPicture(
  decoded: Tensor,
  { upscaling = 'lanczos', onTile }: Enlarging,
  { enlarged }: EnlargedSize,
): Promise<Tensor> {
  const image = fromTensor(decoded);
  const { width, height } = enlarged;
  const data = new Float32Array(width * height * 3);
  await enlargeBy({ ...image, channels: 3, depth: 32 }, upscaling, {
    target: { size: enlarged, window: { x: 0, y: 0, width, height } },
    put: (y, row) => data.set(row, y * width * 3),
    tiles: {
      tilePx: limits.upscaleTilePx.default,
      overlapPx: limits.upscaleOverlapPx.default,
      onTile,
    },
  });
  return toTensor(cropImage({ width, height, data }, { x: 0, y: 0, ...inLatents(enlarged) }));
}

/** Without the last pixels of sides that are no multiple of 8, which no latent stands for. */
function inLatents({ width, height }: Size): Size {
  return { width: Math.floor(width / 8) * 8, height: Math.floor(height / 8) * 8 };
}
