/** Kind "resize": resize modes, Pillow's and OpenCV's kernels, latents, flattening. */
import { type Case, type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs } from '../image8Case.ts';
import { type OpencvKernel, resizeOpencv } from '../../../service/engine/picture/opencv/resize8.ts';
import { flattenOnto } from '../../../service/engine/picture/pillow/alpha.ts';
import type { Box } from '../../../service/engine/picture/pillow/image8.ts';
import { type Kernel, resizePillow } from '../../../service/engine/picture/pillow/resample.ts';
import {
  type LatentResize,
  resizeLatent,
} from '../../../service/engine/picture/webui/latentResize.ts';
import {
  resizeImage,
  type ResizeMode,
  resizePass,
  type Upscale,
  upscaleInPasses,
} from '../../../service/engine/picture/webui/resizeImage.ts';

function upscaler(name: unknown): Upscale | undefined {
  if (name === undefined) return undefined;
  if (name !== 'Nearest' && name !== 'Lanczos')
    throw new Unsupported(`upscaler ${JSON.stringify(name)}`);
  const pass = resizePass(name === 'Nearest' ? 'nearest' : 'lanczos');
  return (image, scale) => upscaleInPasses(image, scale, pass);
}

const latentModes: Readonly<Record<string, LatentResize>> = {
  Latent: { kernel: 'bilinear', antialias: false },
  'Latent (antialiased)': { kernel: 'bilinear', antialias: true },
  'Latent (bicubic)': { kernel: 'bicubic', antialias: false },
  'Latent (bicubic antialiased)': { kernel: 'bicubic', antialias: true },
  'Latent (nearest)': { kernel: 'nearest', antialias: false },
  'Latent (nearest-exact)': { kernel: 'nearest-exact', antialias: false },
};

function latentResize(c: Case): Readonly<Record<string, unknown>> {
  const read = inputs(c);
  const { shape, data } = c.tensor(c.input['latent']);
  const mode = latentModes[read.text('mode')];
  if (!mode) throw new Unsupported(read.text('mode'));
  const size = { width: read.number('width'), height: read.number('height') };
  const source = { width: shape[3] ?? 0, height: shape[2] ?? 0 };
  const latent = resizeLatent(data as Float32Array, source, size, mode);
  return { latent: { shape: [shape[0], shape[1], size.height, size.width], data: latent } };
}

export const check: Checker = async (c) => {
  const read = inputs(c);
  const name = read.text('function');
  if (name === 'latent_resize') return latentResize(c);
  const picture = await image8(c, c.input['picture']);
  switch (name) {
    case 'resize_image': {
      const mode = read.number('resizeMode') as ResizeMode;
      const up = upscaler(c.input['upscaler']);
      const result = resizeImage(mode, picture, read.number('width'), read.number('height'), up);
      return { picture: answer8(result), mode: ['', 'L', 'LA', 'RGB', 'RGBA'][result.channels] };
    }
    case 'resize': {
      const kernel = read.text('kernel') as Kernel;
      const box = c.input['box'] as Box | undefined;
      return {
        picture: answer8(
          resizePillow(picture, read.number('width'), read.number('height'), kernel, box),
        ),
      };
    }
    case 'cv2.resize': {
      const kernel = read.text('kernel') as OpencvKernel;
      return {
        picture: answer8(
          resizeOpencv(picture, read.number('width'), read.number('height'), kernel),
        ),
      };
    }
    case 'flatten': {
      const hex = Number.parseInt(read.text('background').slice(1), 16);
      return { picture: answer8(flattenOnto(picture, [hex >> 16, (hex >> 8) & 255, hex & 255])) };
    }
    default:
      throw new Unsupported(name);
  }
};
