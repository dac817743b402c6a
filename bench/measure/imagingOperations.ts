import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { encodePng } from '../../service/engine/picture/encode.ts';
import { featherMask, growMask } from '../../service/engine/picture/mask.ts';
import { blurColumns8, blurRows8 } from '../../service/engine/picture/opencv/gaussianBlur8.ts';
import { lab8ToRgb, rgbToLab8 } from '../../service/engine/picture/opencv/lab8.ts';
import { resizeOpencv } from '../../service/engine/picture/opencv/resize8.ts';
import { alphaComposite, blendThroughMask } from '../../service/engine/picture/pillow/alpha.ts';
import { gaussianBlurPillow } from '../../service/engine/picture/pillow/blur.ts';
import {
  maskImage,
  newImage8,
  toChannels,
  toImage8,
  type Image8,
} from '../../service/engine/picture/pillow/image8.ts';
import { distanceSquares } from '../../service/engine/picture/simd/distance.ts';
import { maxFilter } from '../../service/engine/picture/pillow/rankFilter.ts';
import { resizePillow } from '../../service/engine/picture/pillow/resample.ts';
import { fromFloatImage } from '../../service/engine/picture/convert.ts';
import { withHistogramsOf } from '../../service/engine/picture/webui/matchHistogram.ts';
import { ellipse, photograph } from './photograph.ts';

type Work = () => unknown;

/** Every operation by the name under which the peer has it. */
export async function imagingOperations(n: number): Promise<Record<string, Work>> {
  const image = toImage8(
    fromFloatImage(await photograph({ width: n, height: n }), { channels: 3, depth: 8 }),
  );
  const size = { width: n, height: n };
  const soft = ellipse(size, { x: n / 4, y: n / 4, width: n / 2, height: n / 2 });
  const hard = { ...size, data: soft.data.map((v) => (v >= 128 ? 255 : 0)) };
  const other = mirrored(image);
  return {
    ...resizings(image),
    'Pillow Gaussian blur 8': () => gaussianBlurPillow(image, 8),
    'OpenCV mask blur 4': () => blurRows8(blurColumns8(soft, 25, 4), 25, 4),
    'OpenCV mask feather 16': () => featherMask(soft, 16),
    'OpenCV mask grow 16, hard': () => growMask(hard, 16),
    'OpenCV mask grow 16, soft': () => growMask(soft, 16),
    'Pillow MaxFilter 9': () => maxFilter(maskImage(soft), 9),
    'OpenCV distance': () => distanceSquares(hard.data, size, Infinity),
    ...colors(image, other),
    ...composites({ image, other, soft }),
    ...(await files(image)),
  };
}

function resizings(image: Image8): Record<string, Work> {
  const n = image.width;
  const down = Math.round(n * 0.6);
  const small = resizePillow(image, n / 2, n / 2, 'bicubic');
  const all: Record<string, Work> = {};
  for (const kernel of ['lanczos', 'bicubic', 'bilinear', 'box'] as const) {
    all[`Pillow ${kernel} down`] = () => resizePillow(image, down, down, kernel);
    all[`Pillow ${kernel} up`] = () => resizePillow(small, n, n, kernel);
  }
  for (const kernel of ['area', 'linear', 'lanczos4'] as const) {
    all[`OpenCV ${kernel} down`] = () => resizeOpencv(image, down, down, kernel);
    all[`OpenCV ${kernel} up`] = () => resizeOpencv(small, n, n, kernel);
  }
  all['OpenCV area half'] = () => resizeOpencv(image, n / 2, n / 2, 'area');
  return all;
}

function colors(image: Image8, other: Image8): Record<string, Work> {
  const lab = rgbToLab8(image);
  return {
    'OpenCV RGB to Lab': () => rgbToLab8(image),
    'OpenCV Lab to RGB': () => lab8ToRgb(lab),
    'scikit-image match histograms': () => withHistogramsOf(image, other),
  };
}

function composites(of: {
  readonly image: Image8;
  readonly other: Image8;
  readonly soft: { readonly width: number; readonly height: number; readonly data: Uint8Array };
}): Record<string, Work> {
  const { image, other, soft } = of;
  const rgba = toChannels(image, 4);
  const over = toChannels(other, 4);
  for (let i = 0; i < soft.data.length; i++) over.data[i * 4 + 3] = soft.data[i];
  return {
    'Pillow composite': () => blendThroughMask(image, other, soft),
    'Pillow alpha composite': () => alphaComposite(rgba, over),
  };
}

async function files(image: Image8): Promise<Record<string, Work>> {
  const folder = mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'picture.png');
  writeFileSync(path, await encodePng(image));
  return {
    'Pillow PNG write': () => encodePng(image),
    'Pillow PNG read': () => decodePicture(path),
  };
}

function mirrored({ width, height, data }: Image8): Image8 {
  const out = newImage8(width, height, 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + width - 1 - x) * 3;
      out.data.set(data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return out;
}
