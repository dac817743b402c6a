import type { AdvancedSettings, SoftInpainting } from './advanced.ts';

/**
 * Advanced settings by the names and in the order of AUTOMATIC1111's `parameters` text; undefined is not
 * written. Whole timesteps, exact steps, colour correction and resize
 * mode have no name there.
 */
export function advancedFields(
  settings: AdvancedSettings,
): Array<readonly [name: string, value: string | number | undefined]> {
  const { sigmaMin, sigmaMax, rho, betaAlpha, betaBeta, contextPadding } = settings;
  const { skipNegativeBelowSigma: below, extraNoise, skipNegativeEarly } = settings;
  return [
    ['Schedule min sigma', sigmaMin || undefined],
    ['Schedule max sigma', sigmaMax || undefined],
    ['Schedule rho', rho || undefined],
    ['Beta schedule alpha', betaAlpha],
    ['Beta schedule beta', betaBeta],
    ['Discard penultimate sigma', yes(settings.dropPenultimate)],
    ['Extra noise', extraNoise || undefined],
    ['SGM noise multiplier', yes(settings.sgmNoise)],
    ['NGMS', below || undefined],
    ['NGMS all steps', below ? yes(settings.skipNegativeEveryCall) : undefined],
    ['Skip Early CFG', skipNegativeEarly || undefined],
    ['Pad conds', yes(contextPadding === 'empty')],
    ['Pad conds v0', yes(contextPadding === 'last')],
    ['Noise Schedule', settings.zeroTerminalSnr === true ? 'Zero Terminal SNR' : undefined],
    ['Downcast alphas_cumprod', yes(settings.halfAlphas)],
    ['VAE Decoder', settings.tinyDecoder === true ? 'TAESD' : undefined],
  ];
}

/** Soft inpainting's fields by AUTOMATIC1111's names. */
export const softInpaintingNames = {
  scheduleBias: 'Soft inpainting schedule bias',
  preservationStrength: 'Soft inpainting preservation strength',
  transitionContrastBoost: 'Soft inpainting transition contrast boost',
  maskInfluence: 'Soft inpainting mask influence',
  differenceThreshold: 'Soft inpainting difference threshold',
  differenceContrast: 'Soft inpainting difference contrast',
} as const satisfies Record<keyof SoftInpainting, string>;

/** In the order of AUTOMATIC1111's text. */
export function softInpaintingFields(
  soft: SoftInpainting,
): Array<readonly [string, string | number]> {
  const names = Object.entries(softInpaintingNames);
  return [
    ['Soft inpainting enabled', 'True'],
    ...names.map(([key, name]) => [name, soft[key as keyof SoftInpainting]] as const),
  ];
}

function yes(value: boolean | undefined): 'True' | undefined {
  return value === true ? 'True' : undefined;
}
