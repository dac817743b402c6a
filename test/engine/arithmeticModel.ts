/**
 * A DiffusionModel made of arithmetic: quick, exact and told everything. Its VAE averages and repeats
 * 8x8 blocks, its UNet leans on everything it is given, so that a forgotten input changes the picture.
 */
import type { DiffusionFacts, DiffusionModel } from '../../service/engine/diffusion.ts';
import { alphasCumprodOf } from '../../service/engine/networks/alphasCumprod.ts';
import type { Tensor } from '../../service/engine/tensor.ts';

const contextWidth = 4;
const block = 8;

export interface ArithmeticOptions {
  readonly inChannels?: number;
  readonly prediction?: DiffusionFacts['prediction'];
  /** Called before each UNet evaluation, counted from 1. */
  readonly onPredict?: (call: number) => void;
  /** Put in the place of the prediction's values. */
  readonly answer?: number;
}

export interface ArithmeticModel extends DiffusionModel {
  /** Names of the functions called, in order. */
  readonly calls: string[];
}

export function arithmeticModel(options: ArithmeticOptions = {}): ArithmeticModel {
  const calls: string[] = [];
  let predictions = 0;
  return {
    calls,
    facts: factsOf(options),
    async encodeText(ids, clipSkip) {
      calls.push('encodeText');
      const data = new Float32Array(ids.length * 77 * contextWidth);
      ids.forEach((row, b) => {
        row.forEach((id, t) => {
          for (let c = 0; c < contextWidth; c++) {
            data[(b * 77 + t) * contextWidth + c] = Math.sin(id * (c + 1) + t + Number(clipSkip));
          }
        });
      });
      return { data, shape: [ids.length, 77, contextWidth] };
    },
    async predict(latents, timesteps, context) {
      calls.push('predict');
      options.onPredict?.(++predictions);
      const out = prediction(latents, timesteps, context);
      return options.answer === undefined ? out : { ...out, data: out.data.fill(options.answer) };
    },
    async encode(picture) {
      calls.push('encode');
      const mean = averaged(picture);
      return { mean, logVariance: { ...mean, data: mean.data.map(() => -6) } };
    },
    async decode(latents) {
      calls.push('decode');
      return repeated(latents, block);
    },
    async preview(latents) {
      calls.push('preview');
      const small = repeated(latents, 1);
      return { ...small, data: small.data.map((v) => Math.min(1, Math.max(0, v / 2 + 0.5))) };
    },
    dispose: () => Promise.resolve(),
  };
}

function factsOf(options: ArithmeticOptions): DiffusionFacts {
  return {
    family: 'sd1',
    prediction: options.prediction ?? 'epsilon',
    inChannels: options.inChannels ?? 4,
    scalingFactor: 0.5,
    contextWidth,
    alphasCumprod: alphasCumprodOf({
      betaStart: 0.00085,
      betaEnd: 0.012,
      betaSchedule: 'scaled_linear',
    }),
    padId: 49_407,
    downscale: block,
    nativeSide: 64,
  };
}

function prediction(latents: Tensor, timesteps: Float32Array, context: Tensor): Tensor {
  const [batch, channels, height, width] = latents.shape;
  const plane = height * width;
  const perItem = context.data.length / batch;
  const data = new Float32Array(batch * 4 * plane);
  for (let b = 0; b < batch; b++) {
    const words = context.data.subarray(b * perItem, (b + 1) * perItem);
    const told = words.reduce((sum, v, i) => sum + v * Math.cos(i), 0) / 40;
    for (let i = 0; i < 4 * plane; i++) {
      let extra = 0;
      for (let c = 4; c < channels; c++) {
        extra += latents.data[(b * channels + c) * plane + (i % plane)] / (c + 1);
      }
      const x = latents.data[b * channels * plane + i];
      data[b * 4 * plane + i] = 0.8 * x + told + 0.1 * extra + timesteps[b] / 5000;
    }
  }
  return { data, shape: [batch, 4, height, width] };
}

/** Means of 8x8 blocks of red, green and blue; the fourth channel is the mean of the three. */
function averaged(picture: Tensor): Tensor {
  const [, , height, width] = picture.shape;
  const [h, w] = [height / block, width / block];
  const data = new Float32Array(4 * h * w);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = picture.data[(c * height + y) * width + x] / (block * block);
        const at = Math.floor(y / block) * w + Math.floor(x / block);
        data[c * h * w + at] += value;
        data[3 * h * w + at] += value / 3;
      }
    }
  }
  return { data, shape: [1, 4, h, w] };
}

function repeated(latents: Tensor, times: number): Tensor {
  const [, , h, w] = latents.shape;
  const [height, width] = [h * times, w * times];
  const data = new Float32Array(3 * height * width);
  for (let i = 0; i < data.length; i++) {
    const c = Math.floor(i / (height * width));
    const y = Math.floor((i % (height * width)) / width / times);
    const x = Math.floor((i % width) / times);
    data[i] = latents.data[(c * h + y) * w + x];
  }
  return { data, shape: [1, 3, height, width] };
}
