/** Recipe fields that become further stages of a run: hires fix and the refiner. Pure. */
import { limits } from '../../shared/limits.ts';
import { upscalerTitles } from '../../shared/stagesText.ts';
import { pythonFloat } from '../engine/prompt/unicodeText.ts';
import type { Reader, Rule, Values } from './reuseRules.ts';

/** What AUTOMATIC1111's page calls networks whose files have other names. */
const knownNetworks: Readonly<Record<string, string>> = {
  'R-ESRGAN 4x+': 'RealESRGAN_x4plus',
  'R-ESRGAN 4x+ Anime6B': 'RealESRGAN_x4plus_anime_6B',
  'R-ESRGAN 2x+': 'RealESRGAN_x2plus',
  'R-ESRGAN General 4xV3': 'realesr-general-x4v3',
  'R-ESRGAN AnimeVideo': 'realesr-animevideov3',
  ESRGAN_4x: 'ESRGAN',
};

const same = ['Use same sampler', 'Use same scheduler', 'Use same choices', ''];

/** Without a name AUTOMATIC1111 enlarges latents. */
function upscalerNamed(title: string | undefined): string {
  if (title === undefined || title === 'None') return title === undefined ? 'latent' : 'lanczos';
  const plain = Object.entries(upscalerTitles).find(([, known]) => known === title);
  return plain?.[0] ?? knownNetworks[title] ?? title;
}

/** All of it at once. */
function hires({ get }: Reader): Values | string {
  const number = (name: string, fallback: number) => pythonFloat(get(name) ?? '') ?? fallback;
  const [width, height] = ['Hires resize-1', 'Hires resize-2'].map((name) => number(name, 0));
  const word = (name: string) => {
    const value = get(name);
    return value === undefined || same.includes(value) ? undefined : value;
  };
  const own = {
    ...(width > 0 || height > 0
      ? { size: { width, height } }
      : { scale: number('Hires upscale', limits.hiresScale.default) }),
    upscaler: upscalerNamed(get('Hires upscaler')),
    steps: number('Hires steps', 0),
    strength: number('Denoising strength', limits.strength.default),
    sampler: word('Hires sampler'),
    schedule: word('Hires schedule type'),
    cfgScale: pythonFloat(get('Hires CFG Scale') ?? ''),
    prompt: word('Hires prompt'),
    negativePrompt: word('Hires negative prompt'),
  };
  const present = Object.entries(own).filter(([, value]) => value !== undefined);
  return { hires: Object.fromEntries(present) };
}

const isHires = ({ get }: Reader) =>
  get('Hires upscale') !== undefined || get('Hires resize-1') !== undefined;

/** Read with the field that turns it on. */
const withHires: Rule = (_, read) => (isHires(read) ? {} : 'There is no second pass.');
const withRefiner: Rule = (_, { get }) =>
  get('Refiner') === undefined ? 'There is no refiner.' : {};

export const stageRules: Readonly<Record<string, Rule>> = {
  'Hires upscale': (_, read) => hires(read),
  'Hires resize-1': (_, read) => (read.get('Hires upscale') === undefined ? hires(read) : {}),
  'Hires resize-2': withHires,
  'Hires steps': withHires,
  'Hires upscaler': withHires,
  'Hires sampler': withHires,
  'Hires schedule type': withHires,
  'Hires CFG Scale': withHires,
  'Hires prompt': withHires,
  'Hires negative prompt': withHires,
  'Hires checkpoint': (text) =>
    text === 'Use same checkpoint' ? {} : 'Both passes are painted by the same model.',
  Refiner: (text, { get }) => {
    const switchAt = pythonFloat(get('Refiner switch at') ?? '');
    if (switchAt === undefined) return 'It does not say when it takes over.';
    const bySteps = get('Refiner switch by sampling steps') === 'True';
    return { refiner: { model: text, switchAt, ...(bySteps ? { switchBy: 'steps' } : {}) } };
  },
  'Refiner switch at': withRefiner,
  'Refiner switch by sampling steps': withRefiner,
};
