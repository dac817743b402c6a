/** Further stages of a run in AUTOMATIC1111's `parameters` text, by its names (modules/processing.py, postprocessing_upscale.py). */
import type { TextRequest, UpscaleRequest, DiffusionRequest } from './request.ts';
import type { LatentUpscaler, PlainUpscaler } from './stages.ts';

type Fields = Array<readonly [name: string, value: string | number | undefined]>;

/** Its upscalers without a network. */
export const upscalerTitles = {
  latent: 'Latent',
  'latent-antialiased': 'Latent (antialiased)',
  'latent-bicubic': 'Latent (bicubic)',
  'latent-bicubic-antialiased': 'Latent (bicubic antialiased)',
  'latent-nearest': 'Latent (nearest)',
  'latent-nearest-exact': 'Latent (nearest-exact)',
  lanczos: 'Lanczos',
  nearest: 'Nearest',
} as const satisfies Record<LatentUpscaler | PlainUpscaler, string>;

/** `names`: of the networks, in the request's order. */
function titleOf(upscaler: string, names: readonly string[]): string {
  const titles: Readonly<Record<string, string | undefined>> = upscalerTitles;
  return titles[upscaler] ?? names[0] ?? upscaler;
}

/** What hires fix writes; its strength is the text's "Denoising strength". */
export function hiresFields(request: TextRequest, names: readonly string[]): Fields {
  const { hires } = request;
  if (!hires) return [];
  const { size, prompt, negativePrompt } = hires;
  return [
    ['Hires prompt', prompt && prompt !== request.prompt ? prompt : undefined],
    [
      'Hires negative prompt',
      negativePrompt && negativePrompt !== request.negativePrompt ? negativePrompt : undefined,
    ],
    ['Hires upscale', hires.scale],
    ['Hires resize', size && `${size.width}x${size.height}`],
    ['Hires steps', hires.steps || undefined],
    ['Hires sampler', hires.sampler],
    ['Hires schedule type', hires.schedule],
    ['Hires CFG Scale', hires.cfgScale],
    ['Hires upscaler', titleOf(hires.upscaler, names)],
  ];
}

/** A refiner as the original names it: "name [hash]". */
export function refinerFields(
  { refiner }: Pick<DiffusionRequest, 'refiner'>,
  model: { readonly name: string; readonly hash?: string | undefined } | undefined,
): Fields {
  if (!refiner) return [];
  const hash = model?.hash === undefined ? '' : ` [${model.hash}]`;
  return [
    ['Refiner', `${model?.name ?? refiner.model}${hash}`],
    ['Refiner switch at', refiner.switchAt],
    ['Refiner switch by sampling steps', refiner.switchBy === 'steps' ? 'True' : undefined],
  ];
}

/** What its tab "Extras" writes. */
export function upscaleFields(request: UpscaleRequest, names: readonly string[]): Fields {
  const { scale, size, upscaler, second } = request;
  const to = size && `${size.width}x${size.height}`;
  const isNetwork = !(upscaler in upscalerTitles);
  const secondNames = isNetwork && second?.upscaler !== upscaler ? names.slice(1) : names;
  return [
    ['Postprocess upscale by', scale],
    ['Postprocess upscale to', to],
    ['Postprocess crop to', to],
    ['Postprocess upscaler', titleOf(upscaler, names)],
    ['Postprocess upscaler 2', second && titleOf(second.upscaler, secondNames)],
  ];
}
