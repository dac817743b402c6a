/** Requests, pictures and selections for runs in the test's own process. */
import type { PixelDepth } from '../../shared/frame.ts';
import type { Rect, Size } from '../../shared/geometry.ts';
import type {
  GenerateRequest,
  ImageRequest,
  InpaintRequest,
  RemoveRequest,
  TextRequest,
} from '../../shared/request.ts';
import type { DiffusionModel } from '../../service/engine/diffusion.ts';
import { pixelData } from '../../service/engine/picture/convert.ts';
import type { Mask, Raster } from '../../service/engine/picture/raster.ts';
import { runJob, type Job, type JobProgress, type JobTools } from '../../service/engine/runJob.ts';

type Result = Extract<JobProgress, { type: 'result' }>;

/** Smooth colours with some grain; the same every time. */
export function picture(
  size: Size,
  channels: Raster['channels'] = 3,
  depth: PixelDepth = 8,
): Raster {
  const { width, height } = size;
  const data = pixelData(depth, width * height * channels);
  const max = depth === 8 ? 255 : depth === 16 ? 65_535 : 1;
  let state = 7;
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    const wave = Math.sin((pixel % width) / 9 + (i % channels)) + Math.cos(pixel / width / 7);
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const value = Math.min(1, Math.max(0, 0.5 + wave / 5 + (state / 2 ** 32 - 0.5) / 10));
    data[i] = depth === 32 ? value : Math.round(value * max);
  }
  return { width, height, channels, depth, data };
}

/** 255 inside the box, `soft` in a rim of one pixel around it. */
export function selection(size: Size, box: Rect, soft = 0): Mask {
  const { width, height } = size;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = Math.max(box.x - x, x - (box.x + box.width - 1), 0);
      const dy = Math.max(box.y - y, y - (box.y + box.height - 1), 0);
      const away = Math.max(dx, dy);
      if (away <= 1) data[y * width + x] = away === 0 ? 255 : soft;
    }
  }
  return { width, height, data };
}

function placed(size: Size, like: Pick<Raster, 'channels' | 'depth'>) {
  const document = {
    id: 'd',
    name: 'photo',
    ...size,
    depth: like.depth,
    mode: like.channels < 3 ? ('gray' as const) : ('rgb' as const),
  };
  return { document, region: { x: 0, y: 0, ...size } };
}

const sampling = {
  model: 'arithmetic',
  prompt: 'a wooden boat',
  negativePrompt: 'fog',
  sampler: 'Euler',
  schedule: 'automatic',
  steps: 4,
  cfgScale: 3,
  clipSkip: 1,
  dialect: 'pentimento' as const,
  seed: 5,
  count: 1,
};
const masking = { featherPx: 3, growPx: 0, colorMatch: 1 };
const rgb8 = { channels: 3, depth: 8 } as const;

export function inpaint(
  size: Size,
  more: Partial<InpaintRequest> = {},
  like: Pick<Raster, 'channels' | 'depth'> = rgb8,
): InpaintRequest {
  const own = { strength: 0.7, maskedContent: 'original', area: 'context', paddingPx: 8 } as const;
  return { kind: 'inpaint', ...placed(size, like), ...sampling, ...masking, ...own, ...more };
}

export function image(
  size: Size,
  more: Partial<ImageRequest> = {},
  like: Pick<Raster, 'channels' | 'depth'> = rgb8,
): ImageRequest {
  return {
    kind: 'image',
    ...placed(size, like),
    ...sampling,
    strength: 0.6,
    colorMatch: 0,
    ...more,
  };
}

export function text(size: Size, more: Partial<TextRequest> = {}): TextRequest {
  return { kind: 'text', ...placed(size, rgb8), ...sampling, ...more };
}

export function remove(
  size: Size,
  more: Partial<RemoveRequest> = {},
  like: Pick<Raster, 'channels' | 'depth'> = rgb8,
): RemoveRequest {
  return { kind: 'remove', ...placed(size, like), ...masking, seed: 5, count: 1, ...more };
}

export interface RunOptions {
  readonly picture?: Raster | undefined;
  readonly mask?: Mask | undefined;
  readonly model?: DiffusionModel;
  readonly tools?: Partial<JobTools>;
  readonly onProgress?: (progress: JobProgress) => void;
}

/** Everything a run tells, in order. */
export async function run(
  request: GenerateRequest,
  options: RunOptions = {},
): Promise<JobProgress[]> {
  const { model } = options;
  const job: Job = {
    request,
    picture: options.picture,
    mask: options.mask,
    inputSha256: 'a'.repeat(64),
    model: model && { id: 'arithmetic', name: 'arithmetic', family: 'sd1' },
  };
  const tools: JobTools = {
    signal: new AbortController().signal,
    preview: false,
    nowMs: () => 0,
    openModel: () => (model ? Promise.resolve(model) : Promise.reject(new Error('No model'))),
    onStage: () => undefined,
    ...options.tools,
  };
  const told: JobProgress[] = [];
  for await (const progress of runJob(job, tools)) {
    told.push(progress);
    options.onProgress?.(progress);
  }
  return told;
}

export async function results(
  request: GenerateRequest,
  options: RunOptions = {},
): Promise<Result[]> {
  return (await run(request, options)).filter((p) => p.type === 'result');
}

export async function result(request: GenerateRequest, options: RunOptions = {}): Promise<Result> {
  const [first] = await results(request, options);
  if (!first) throw new Error('Expected a result');
  return first;
}
