/** Kind "soft": soft inpainting's blend at a step, its smoothing filter and the adaptive overlay. */
import { softBlend, softMaskAt } from '../../../service/engine/sampling/softBlend.ts';
import {
  smootherstep,
  smoothstep,
  softDifferenceMask,
  softOverlay,
  type SoftMaskOptions,
} from '../../../service/engine/picture/webui/softMask.ts';
import { applyOverlay, type PasteTo } from '../../../service/engine/picture/webui/overlay.ts';
import {
  taperedGaussian,
  weightedHistogramFilter,
} from '../../../service/engine/picture/webui/weightedHistogram.ts';
import type { SoftBlendOptions } from '../../../service/engine/sampling/softBlend.ts';
import type { SoftMask } from '../../../service/engine/picture/raster.ts';
import { type Case, type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs } from '../image8Case.ts';

type Answer = Readonly<Record<string, unknown>>;

function plane(c: Case, name: string): SoftMask {
  const { data, shape } = c.tensor(c.input[name]);
  const [height = 0, width = 0] = shape.slice(-2);
  return { width, height, data: Float32Array.from(data as Float32Array) };
}

function floats(c: Case, name: string): Float32Array {
  return Float32Array.from(c.tensor(c.input[name]).data as Float32Array);
}

function latentBlend(c: Case): Answer {
  const settings = c.input['settings'] as SoftBlendOptions;
  const { shape } = c.tensor(c.input['current']);
  const [batch = 0, channels = 0, height = 0, width = 0] = shape;
  const latent = { data: floats(c, 'current'), shape: [batch, channels, height, width] } as const;
  const mask = softMaskAt(floats(c, 'nmask'), inputs(c).number('sigma'), settings);
  softBlend(latent, mask, floats(c, 'original'), settings);
  return { modifiedMask: mask, latent: latent.data };
}

async function adaptiveMasks(c: Case): Promise<Answer> {
  const read = inputs(c);
  const latents = {
    mask: plane(c, 'nmask'),
    original: floats(c, 'original'),
    processed: floats(c, 'processed'),
  };
  const pasteTo = (c.input['pasteTo'] as PasteTo | null) ?? undefined;
  const place = { width: read.number('width'), height: read.number('height'), pasteTo };
  const difference = softDifferenceMask(latents, c.input['settings'] as SoftMaskOptions);
  const picture = await image8(c, c.input['picture']);
  const { mask, overlay } = softOverlay(difference, picture, place);
  const finished = applyOverlay(await image8(c, c.input['model']), overlay, pasteTo);
  return {
    mask: answer8(mask),
    overlay: answer8(overlay),
    picture: answer8(finished.picture),
  };
}

export const check: Checker = async (c) => {
  const read = inputs(c);
  switch (read.text('function')) {
    case 'gaussian_kernel': {
      const { weights, center } = taperedGaussian(read.number('stddev'), read.number('radius'));
      return { kernel: weights, center };
    }
    case 'smoothstep': {
      const x = c.input['x'] as number[];
      return { smoothstep: x.map(smoothstep), smootherstep: x.map(smootherstep) };
    }
    case 'weighted_histogram_filter': {
      const percentiles = {
        from: read.number('percentileMin'),
        to: read.number('percentileMax'),
        minWidth: read.number('minWidth'),
      };
      const filtered = weightedHistogramFilter(
        plane(c, 'image'),
        taperedGaussian(1.5, 2),
        percentiles,
      );
      return { image: filtered.data };
    }
    case 'latent_blend':
      return latentBlend(c);
    case 'adaptive_masks':
      return adaptiveMasks(c);
    default:
      throw new Unsupported(read.text('function'));
  }
};
