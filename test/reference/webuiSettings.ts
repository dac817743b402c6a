/** AUTOMATIC1111's request fields and settings as the cases name them, in the engine's own words. */
import type { AdvancedInput } from '../../service/engine/advancedOptions.ts';
import { pipelineOptions } from '../../service/engine/plan/pipelineOptions.ts';
import type { ContextPadding, SoftInpainting } from '../../shared/advanced.ts';
import type { UniPcSkip } from '../../service/engine/sampling/sigmas/uniPcLevels.ts';
import type { SamplerOptions } from '../../service/engine/sampling/types.ts';
import { Unsupported, type Case } from './case.ts';

export interface Params {
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly seed: number;
  readonly sampler_name: string;
  readonly scheduler: string;
  readonly steps: number;
  readonly cfg_scale: number;
  readonly width: number;
  readonly height: number;
  readonly denoising_strength?: number;
  readonly batch_size?: number;
  readonly mask_blur_x?: number;
  readonly mask_blur_y?: number;
  readonly inpainting_fill?: number;
  readonly inpaint_full_res?: boolean;
  readonly inpaint_full_res_padding?: number;
  readonly inpainting_mask_invert?: number;
  readonly resize_mode?: number;
  readonly mask_round?: boolean;
  readonly eta?: number;
  readonly s_churn?: number;
  readonly s_tmin?: number;
  readonly s_tmax?: number;
  readonly s_noise?: number;
  readonly s_min_uncond?: number;
  readonly subseed?: number;
  readonly subseed_strength?: number;
  readonly seed_resize_from_w?: number;
  readonly seed_resize_from_h?: number;
  readonly initial_noise_multiplier?: number;
  readonly image_cfg_scale?: number;
  readonly refiner_checkpoint?: string;
  readonly refiner_switch_at?: number;
  readonly enable_hr?: boolean;
  readonly hr_scale?: number;
  readonly hr_upscaler?: string;
  readonly hr_second_pass_steps?: number;
  readonly hr_resize_x?: number;
  readonly hr_resize_y?: number;
  readonly hr_sampler_name?: string;
  readonly hr_scheduler?: string;
  readonly hr_prompt?: string;
  readonly hr_negative_prompt?: string;
}

const builtParams = new Set(
  'prompt negative_prompt seed sampler_name scheduler steps cfg_scale width height denoising_strength batch_size mask_blur_x mask_blur_y inpainting_fill inpaint_full_res inpaint_full_res_padding inpainting_mask_invert resize_mode mask_round eta s_churn s_tmin s_tmax s_noise s_min_uncond subseed subseed_strength seed_resize_from_w seed_resize_from_h initial_noise_multiplier image_cfg_scale refiner_checkpoint refiner_switch_at enable_hr hr_scale hr_upscaler hr_second_pass_steps hr_resize_x hr_resize_y hr_sampler_name hr_scheduler hr_prompt hr_negative_prompt'.split(
    ' ',
  ),
);

export interface Options {
  readonly randn_source?: string;
  readonly CLIP_stop_at_last_layers?: number;
  readonly img2img_fix_steps?: boolean;
  readonly overlay_inpaint?: boolean;
  readonly eta_noise_seed_delta?: number;
  readonly sigma_min?: number;
  readonly sigma_max?: number;
  readonly rho?: number;
  readonly beta_dist_alpha?: number;
  readonly beta_dist_beta?: number;
  readonly always_discard_next_to_last_sigma?: boolean;
  readonly use_old_karras_scheduler_sigmas?: boolean;
  readonly enable_quantization?: boolean;
  readonly sd_noise_schedule?: string;
  readonly use_downcasted_alpha_bar?: boolean;
  readonly sgm_noise_multiplier?: boolean;
  readonly initial_noise_multiplier?: number;
  readonly img2img_extra_noise?: number;
  readonly inpainting_mask_weight?: number;
  readonly skip_early_cond?: number;
  readonly s_min_uncond?: number;
  readonly s_min_uncond_all?: boolean;
  readonly pad_cond_uncond?: boolean;
  readonly pad_cond_uncond_v0?: boolean;
  readonly batch_cond_uncond?: boolean;
  readonly refiner_switch_by_sample_steps?: boolean;
  readonly eta_ancestral?: number;
  readonly eta_ddim?: number;
  readonly s_churn?: number;
  readonly s_tmin?: number;
  readonly s_tmax?: number;
  readonly s_noise?: number;
  readonly uni_pc_variant?: 'bh1' | 'bh2' | 'vary_coeff';
  readonly uni_pc_order?: number;
  readonly uni_pc_skip_type?: UniPcSkip;
  readonly uni_pc_lower_order_final?: boolean;
}

const builtOptions = new Set(
  'randn_source CLIP_stop_at_last_layers img2img_fix_steps overlay_inpaint eta_noise_seed_delta sigma_min sigma_max rho beta_dist_alpha beta_dist_beta always_discard_next_to_last_sigma use_old_karras_scheduler_sigmas enable_quantization sd_noise_schedule use_downcasted_alpha_bar sgm_noise_multiplier initial_noise_multiplier img2img_extra_noise inpainting_mask_weight skip_early_cond s_min_uncond s_min_uncond_all pad_cond_uncond pad_cond_uncond_v0 batch_cond_uncond refiner_switch_by_sample_steps eta_ancestral eta_ddim s_churn s_tmin s_tmax s_noise uni_pc_variant uni_pc_order uni_pc_skip_type uni_pc_lower_order_final'.split(
    ' ',
  ),
);
const builtInputs = new Set(
  'dialect mode model image mask params options texts pad posterior refiner soft_inpainting'.split(
    ' ',
  ),
);

/** Throws Unsupported for what is not built. */
export function needBuilt(c: Case, params: Params, options: Options): void {
  const unknown = [
    ...Object.keys(c.input).filter((k) => !builtInputs.has(k)),
    ...Object.keys(params).filter((k) => !builtParams.has(k)),
    ...Object.keys(options).filter((k) => !builtOptions.has(k)),
  ];
  if (unknown.length > 0) throw new Unsupported(unknown.join(', '));
}

/** What a run is told beyond its main settings. */
export function advancedOf(
  params: Params,
  options: Options,
  run: {
    readonly edits: boolean;
    readonly fromPicture: boolean;
    readonly exactSteps: boolean;
    readonly soft: SoftInpainting | undefined;
  },
): AdvancedInput {
  const multiplier = params.initial_noise_multiplier ?? options.initial_noise_multiplier;
  const old = options.use_old_karras_scheduler_sigmas === true;
  return {
    options: {
      ...pipelineOptions('a1111'),
      stepRule: run.exactSteps ? 'webui-exact' : 'webui',
    },
    guidance: {
      imageScale: run.edits ? params.image_cfg_scale : undefined,
      belowSigma: params.s_min_uncond ?? options.s_min_uncond,
      everyCall: options.s_min_uncond_all,
      earlyShare: options.skip_early_cond,
    },
    scheduleOptions: {
      sigmaMin: options.sigma_min || (old ? 0.1 : 0),
      sigmaMax: options.sigma_max || (old ? 10 : 0),
      ...(options.rho === undefined ? {} : { rho: options.rho }),
      ...(options.beta_dist_alpha === undefined ? {} : { betaAlpha: options.beta_dist_alpha }),
      ...(options.beta_dist_beta === undefined ? {} : { betaBeta: options.beta_dist_beta }),
      dropPenultimate: options.always_discard_next_to_last_sigma === true,
      ...(options.uni_pc_skip_type ? { uniPcSkip: options.uni_pc_skip_type } : {}),
    },
    training: {
      zeroTerminalSnr: options.sd_noise_schedule === 'Zero Terminal SNR',
      halfAlphas: options.use_downcasted_alpha_bar === true,
    },
    quantize: options.enable_quantization === true,
    startNoise: {
      multiplier: run.fromPicture ? (multiplier ?? 1) : 1,
      extra: options.img2img_extra_noise ?? 0,
      sgm: options.sgm_noise_multiplier === true,
    },
    softBlend: run.soft,
  };
}

/** The extension's settings by its internal names; undefined where it is off. */
export function softInpaintingOf(c: Case): SoftInpainting | undefined {
  const settings = c.input['soft_inpainting'] as
    | Readonly<Record<string, number | boolean>>
    | undefined;
  if (settings?.['enabled'] !== true) return undefined;
  const of = (name: string) => Number(settings[name]);
  return {
    scheduleBias: of('mask_blend_power'),
    preservationStrength: of('mask_blend_scale'),
    transitionContrastBoost: of('inpaint_detail_preservation'),
    maskInfluence: of('composite_mask_influence'),
    differenceThreshold: of('composite_difference_threshold'),
    differenceContrast: of('composite_difference_contrast'),
  };
}

/** The older way of padding is asked first. */
export function paddingOf(options: Options): ContextPadding {
  if (options.pad_cond_uncond_v0 === true) return 'last';
  return options.pad_cond_uncond === true ? 'empty' : 'none';
}

/** A setting that is not its default goes before what the request says. */
export function samplerOptionsOf(
  params: Params,
  options: Options,
  space: 'sigma' | 'timestep',
): SamplerOptions {
  const defaults = { s_churn: 0, s_tmin: 0, s_tmax: 0, s_noise: 1 };
  const of = (name: keyof typeof defaults) =>
    options[name] !== undefined && options[name] !== defaults[name] ? options[name] : params[name];
  const [churn, tmin, tmax, sNoise] = [of('s_churn'), of('s_tmin'), of('s_tmax'), of('s_noise')];
  const eta = params.eta ?? (space === 'sigma' ? options.eta_ancestral : options.eta_ddim);
  return {
    ...(eta === undefined ? {} : { eta }),
    ...(churn === undefined ? {} : { sChurn: churn }),
    ...(tmin === undefined ? {} : { sTmin: tmin }),
    ...(tmax ? { sTmax: tmax } : {}),
    ...(sNoise === undefined ? {} : { sNoise }),
    ...uniPcOptions(options),
  };
}

function uniPcOptions(options: Options): SamplerOptions {
  const { uni_pc_variant: variant, uni_pc_order: order } = options;
  const { uni_pc_lower_order_final: lowerOrderFinal } = options;
  return {
    ...(variant === undefined ? {} : { variant }),
    ...(order === undefined ? {} : { order }),
    ...(lowerOrderFinal === undefined ? {} : { lowerOrderFinal }),
  };
}

/** Variation, resized seeds and the seed delta, for `count` images. */
export function variationOf(params: Params, options: Options, count: number) {
  const { subseed, subseed_strength: strength } = params;
  const { seed_resize_from_w: width = 0, seed_resize_from_h: height = 0 } = params;
  const start = subseed ?? 0;
  return {
    ...(strength === undefined
      ? {}
      : {
          subseedStrength: strength,
          subseeds: Array.from({ length: count }, (_, i) => start + i),
        }),
    ...(width > 0 && height > 0
      ? { resizeFrom: { width: Math.floor(width / 8), height: Math.floor(height / 8) } }
      : {}),
    ...(options.eta_noise_seed_delta ? { etaNoiseSeedDelta: options.eta_noise_seed_delta } : {}),
  };
}
