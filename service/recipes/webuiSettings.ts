/** Names in AUTOMATIC1111's recipes that stand for settings of the program (shared.opts.data_labels). Pure. */
import { pythonFloat } from '../engine/prompt/unicodeText.ts';

type Setting = string | number | boolean;

interface WebuiSetting {
  readonly key: string;
  /** The program's default: what the absence of the name means. Null: none. */
  readonly fallback: Setting | null;
  readonly type: 'text' | 'whole' | 'number' | 'switch';
}

const text = (key: string, fallback: string | null): WebuiSetting => ({
  key,
  fallback,
  type: 'text',
});
const whole = (key: string, fallback: number): WebuiSetting => ({ key, fallback, type: 'whole' });
const number = (key: string, fallback: number): WebuiSetting => ({ key, fallback, type: 'number' });
const off = (key: string): WebuiSetting => ({ key, fallback: false, type: 'switch' });

/** By the name in the recipe. */
export const webuiSettings: ReadonlyMap<string, WebuiSetting> = new Map(
  Object.entries({
    'Face restoration': off('face_restoration'),
    'Model hash': text('sd_model_checkpoint', null),
    Emphasis: text('emphasis', 'Original'),
    'Clip skip': whole('CLIP_stop_at_last_layers', 1),
    RNG: text('randn_source', 'GPU'),
    Tiling: off('tiling'),
    'Hires refiner': text('hires_fix_refiner_pass', 'second pass'),
    VAE: text('sd_vae', 'Automatic'),
    'VAE Encoder': text('sd_vae_encode_method', 'Full'),
    'VAE Decoder': text('sd_vae_decode_method', 'Full'),
    'Conditional mask weight': number('inpainting_mask_weight', 1),
    'Noise multiplier': number('initial_noise_multiplier', 1),
    'Extra noise': number('img2img_extra_noise', 0),
    NGMS: number('s_min_uncond', 0),
    'NGMS all steps': off('s_min_uncond_all'),
    'Token merging ratio': number('token_merging_ratio', 0),
    'Token merging ratio hr': number('token_merging_ratio_hr', 0),
    'Pad conds': off('pad_cond_uncond'),
    'Pad conds v0': off('pad_cond_uncond_v0'),
    'Old prompt editing timelines': off('use_old_scheduling'),
    'Downcast alphas_cumprod': off('use_downcasted_alpha_bar'),
    'Refiner switch by sampling steps': off('refiner_switch_by_sample_steps'),
    'Eta DDIM': number('eta_ddim', 0),
    Eta: number('eta_ancestral', 1),
    'Sigma churn': number('s_churn', 0),
    'Sigma tmin': number('s_tmin', 0),
    'Sigma tmax': number('s_tmax', 0),
    'Sigma noise': number('s_noise', 1),
    'Schedule min sigma': number('sigma_min', 0),
    'Schedule max sigma': number('sigma_max', 0),
    'Schedule rho': number('rho', 0),
    ENSD: whole('eta_noise_seed_delta', 0),
    'Discard penultimate sigma': off('always_discard_next_to_last_sigma'),
    'SGM noise multiplier': off('sgm_noise_multiplier'),
    'UniPC variant': text('uni_pc_variant', 'bh1'),
    'UniPC skip type': text('uni_pc_skip_type', 'time_uniform'),
    'UniPC order': whole('uni_pc_order', 3),
    'UniPC lower order final': { key: 'uni_pc_lower_order_final', fallback: true, type: 'switch' },
    'Noise Schedule': text('sd_noise_schedule', 'Default'),
    'Skip Early CFG': number('skip_early_cond', 0),
    'Beta scheduler alpha': number('beta_dist_alpha', 0.6),
    'Beta scheduler beta': number('beta_dist_beta', 0.6),
  }),
);

/**
 * "name: value" pairs as settings, in the table's order; names that are no settings are left out, of a name
 * that stands twice the last counts. `unreadable` are pairs without a colon and values of the wrong kind.
 */
export function settingsOfPairs(pairs: readonly string[]): {
  settings: Record<string, Setting>;
  unreadable: string[];
} {
  const unreadable: string[] = [];
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const colon = pair.indexOf(':');
    if (colon < 0) unreadable.push(pair);
    else values.set(pair.slice(0, colon), pair.slice(colon + 1).trim());
  }
  const settings: Record<string, Setting> = {};
  for (const [name, setting] of webuiSettings) {
    const value = values.get(name);
    if (value === undefined) continue;
    const read = readSetting(setting, value);
    if (read === undefined) unreadable.push(`${name}: ${value}`);
    else settings[setting.key] = read;
  }
  return { settings, unreadable };
}

function readSetting({ type }: WebuiSetting, value: string): Setting | undefined {
  switch (type) {
    case 'text':
      return value;
    case 'switch':
      // Python's bool(): every text but "False" and "" is true.
      return value !== 'False' && value !== '';
    case 'whole':
      return /^[+-]?\d+(_\d+)*$/.test(value) ? Number(value.replaceAll('_', '')) : undefined;
    case 'number':
      return pythonFloat(value);
  }
}
