/** Recipe fields that become advanced settings of a request (shared/advancedText.ts writes the same names). Pure. */
import { limits } from '../../shared/limits.ts';
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

export const advancedRules: Readonly<Record<string, Rule>> = {
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
};
