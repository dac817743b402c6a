/** Recipe fields that become advanced settings of a request (shared/advancedText.ts writes the same names). Pure. */
import type { SoftInpainting } from '../../shared/advanced.ts';
import { softInpaintingNames } from '../../shared/advancedText.ts';
import { limits, softInpaintingLimits } from '../../shared/limits.ts';
import { inside, ranged, unknownReason, type Rule, type Values } from './reuseRules.ts';

const setting = (name: string, range: Parameters<typeof ranged>[1]): Rule =>
  inside('advanced', ranged(name, range));

/** A switch: "True" sets the values, "False" nothing. */
const when =
  (values: Values): Rule =>
  (text) => {
    if (text === 'True') return { advanced: values };
    return text === 'False' ? {} : unknownReason;
  };

/** All fields at once; what an old text leaves out is AUTOMATIC1111's default. */
const softInpainting: Rule = (text, read) => {
  if (text !== 'True') return text === 'False' ? {} : unknownReason;
  const values: Values = {};
  for (const [key, range] of Object.entries(softInpaintingLimits)) {
    const name = softInpaintingNames[key as keyof SoftInpainting];
    const written = read.get(name) ?? String(range.default);
    const value = ranged(key, range)(written, read);
    if (typeof value === 'string') return `${name}: ${value}`;
    Object.assign(values, value);
  }
  return { advanced: { softInpainting: values } };
};

const withSoftInpainting: Rule = (_, { get }) =>
  get('Soft inpainting enabled') === undefined ? 'Soft inpainting is not on.' : {};

export const advancedRules: Readonly<Record<string, Rule>> = {
  'Soft inpainting enabled': softInpainting,
  ...Object.fromEntries(
    Object.values(softInpaintingNames).map((name) => [name, withSoftInpainting]),
  ),
  'Image CFG scale': setting('imageCfgScale', limits.imageCfgScale),
  'Seed resize from-1': (text, { get }) => {
    const size = { width: Number(text), height: Number(get('Seed resize from-2')) };
    return { advanced: { seedSize: size } };
  },
  'Seed resize from-2': (_, { get }) =>
    get('Seed resize from-1') === undefined ? 'Its width is missing.' : {},
  'Conditional mask weight': setting('maskedPictureWeight', limits.share),
  'Noise multiplier': setting('noiseMultiplier', limits.noiseMultiplier),
  'Extra noise': setting('extraNoise', limits.share),
  NGMS: setting('skipNegativeBelowSigma', limits.sigma),
  'NGMS all steps': when({ skipNegativeEveryCall: true }),
  'Skip Early CFG': setting('skipNegativeEarly', limits.share),
  'Pad conds': when({ contextPadding: 'empty' }),
  'Pad conds v0': when({ contextPadding: 'last' }),
  'Schedule min sigma': setting('sigmaMin', limits.sigma),
  'Schedule max sigma': setting('sigmaMax', limits.sigma),
  'Schedule rho': setting('rho', limits.rho),
  'Beta schedule alpha': setting('betaAlpha', limits.betaShape),
  'Beta schedule beta': setting('betaBeta', limits.betaShape),
  'Discard penultimate sigma': when({ dropPenultimate: true }),
  'SGM noise multiplier': when({ sgmNoise: true }),
  'Noise Schedule': (text) => {
    if (text === 'Zero Terminal SNR') return { advanced: { zeroTerminalSnr: true } };
    return text === 'Default' ? {} : unknownReason;
  },
  'Downcast alphas_cumprod': when({ halfAlphas: true }),
  'VAE Decoder': (text) => {
    if (text === 'TAESD') return { advanced: { tinyDecoder: true } };
    return text === 'Full' ? {} : unknownReason;
  },
};
