/** Models of other kinds that lie in the same folders: recognised only to say what they are. */
import {
  unknownFile,
  type Detection,
  type Family,
  type HeaderView,
  type OtherKind,
} from './detection.ts';

/**
 * Denoisers of later families by a tensor that only they have, below any prefix, the narrower first
 * (ComfyUI, model_detection.py; diffusers' own names).
 */
const denoisers: ReadonlyArray<readonly [name: RegExp, family: Family]> = [
  [/(?:^|\.)joint_blocks\.0\./, 'sd3'],
  [/(?:^|\.)double_stream_modulation_img\./, 'flux2'],
  [/(?:^|\.)distilled_guidance_layer\./, 'chroma'],
  [/(?:^|\.)txt_in\.individual_token_refiner\./, 'hunyuan-video'],
  [/(?:^|\.)double_blocks\.0\./, 'flux'],
  [/(?:^|\.)single_transformer_blocks\.0\./, 'flux'],
  [/(?:^|\.)transformer_blocks\.0\.img_mod\.1\./, 'qwen-image'],
  [/(?:^|\.)transformer_blocks\.0\.attn\.add_q_proj\./, 'sd3'],
  [/(?:^|\.)double_layers\.0\.attn\.w1q\./, 'auraflow'],
  [/(?:^|\.)head\.modulation$|(?:^|\.)condition_embedder\.time_proj\./, 'wan'],
  [/(?:^|\.)mlp_t5\.0\./, 'hunyuan-dit'],
  [/(?:^|\.)t5_yproj\./, 'mochi'],
  [/(?:^|\.)blocks\.block0\.blocks\.0\.block\./, 'cosmos'],
  [/(?:^|\.)t_block\.1\./, 'pixart'],
  [/(?:^|\.)caption_projection\.0\.linear\./, 'hidream'],
  [/(?:^|\.)cap_embedder\.1\./, 'lumina'],
  [/(?:^|\.)patchify_proj\./, 'ltx-video'],
  [/(?:^|\.)clip_txt_mapper\.|(?:^|\.)clip_txt_pooled_mapper\./, 'cascade'],
];

/** Parts and tools by a tensor that only they have, the narrower first. */
const others: ReadonlyArray<readonly [name: RegExp, kind: OtherKind]> = [
  [/(?:^|\.)(?:motion_modules|temporal_transformer)\./, 'motion-module'],
  [/^(?:vision_model|visual|vision_tower)\./, 'vision-encoder'],
  [/(?:^|\.)encoder\.block\.0\.layer\.0\.SelfAttention\.q\.weight$/, 'language-model'],
  [/(?:^|\.)model\.layers\.0\.self_attn\.q_proj\.weight$/, 'language-model'],
  [/(?:^|\.)image_encoder\.(?:blocks|trunk)\./, 'segmenter'],
  // ESRGAN+; SwinIR and HAT; DAT; PLKSR; SPAN; OmniSR.
  [/\.RDB1\.conv1x1\.weight$/, 'other-upscaler'],
  [/(?:^|\.)layers\.0\.residual_group\.blocks\.0\./, 'other-upscaler'],
  [/(?:^|\.)before_RG\.1\.weight$/, 'other-upscaler'],
  [/(?:^|\.)feats\.1\.channel?_mixer\.0\.weight$/, 'other-upscaler'],
  [/(?:^|\.)block_1\.c1_r\./, 'other-upscaler'],
  [/(?:^|\.)residual_layer\.0\.residual_layer\.0\./, 'other-upscaler'],
  [/(?:^|\.)(?:stylegan_decoder|quantize\.embedding|ft_layers\.0)\b/, 'face-restorer'],
];

/** A denoiser of a family that is not built; undefined for everything else. */
export function detectOtherFamily({ tensors }: HeaderView): Detection | undefined {
  const family = firstOf(tensors.keys(), denoisers);
  return family && { ...unknownFile, component: 'checkpoint', layout: 'single-file', family };
}

/** Another kind of file that is known by name only. */
export function detectOtherKind({ tensors }: HeaderView): Detection | undefined {
  const resembles = firstOf(tensors.keys(), others);
  return resembles && { ...unknownFile, resembles };
}

/** Of the first rule that any name fulfils. */
function firstOf<T>(
  names: Iterable<string>,
  rules: ReadonlyArray<readonly [RegExp, T]>,
): T | undefined {
  const all = [...names];
  return rules.find(([rule]) => all.some((name) => rule.test(name)))?.[1];
}
