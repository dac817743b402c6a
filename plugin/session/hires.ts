/** Text to image in two passes: what the first one painted, enlarged and worked over. */
import type { ModelInfo } from '../../shared/api.ts';
import { limits } from '../../shared/limits.ts';
import type { HiresFix, LatentUpscaler, PlainUpscaler } from '../../shared/stages.ts';
import type { SessionState } from './state.ts';
import type { Settings } from './settings.ts';

/** As AUTOMATIC1111's hires fix is set up at first. */
export const usualHires: HiresFix = {
  scale: limits.hiresScale.default,
  upscaler: 'latent',
  steps: 0,
  strength: 0.7,
};

const upscalerWords: Readonly<Record<LatentUpscaler | PlainUpscaler, string>> = {
  latent: 'latents',
  'latent-antialiased': 'latents, antialiased',
  'latent-bicubic': 'latents, bicubic',
  'latent-bicubic-antialiased': 'latents, bicubic antialiased',
  'latent-nearest': 'latents, nearest',
  'latent-nearest-exact': 'latents, nearest exact',
  lanczos: 'pixels, Lanczos',
  nearest: 'pixels, nearest',
};

interface UpscalerChoice {
  readonly value: string;
  readonly label: string;
}

/** What can enlarge between the passes: without a network, then those of the library, and the one that is set. */
export function hiresChoices({
  models,
  settings: { hires },
}: Pick<SessionState, 'models' | 'settings'>): readonly UpscalerChoice[] {
  const plain = Object.entries(upscalerWords).map(([value, label]) => ({ value, label }));
  const networks = models
    .filter(({ kind, usable }) => kind === 'upscaler' && usable)
    .map(({ id, name }: ModelInfo) => ({ value: id, label: name }));
  const all = [...plain, ...networks];
  const isMissing = hires && all.every(({ value }) => value !== hires.upscaler);
  return isMissing ? [...all, { value: hires.upscaler, label: hires.upscaler }] : all;
}

/** As a request for text to image has it; nothing for other kinds and where none is set. */
export function hiresOf(kind: string, { hires }: Pick<Settings, 'hires'>): { hires?: HiresFix } {
  return kind === 'text' && hires ? { hires } : {};
}

/** How much larger the second pass is: '2×', or '1024 × 768'. */
export function hiresWords({ scale, size }: HiresFix): string {
  if (!size) return `${scale ?? 1}×`;
  return `${size.width || 'any'} × ${size.height || 'any'}`;
}
