/** AUTOMATIC1111's samplers in its order, with its short names (modules/sd_samplers*.py, v1.10.1). */
const names: ReadonlyArray<readonly [name: string, ...aliases: string[]]> = [
  ['DPM++ 2M', 'k_dpmpp_2m'],
  ['DPM++ SDE', 'k_dpmpp_sde'],
  ['DPM++ 2M SDE', 'k_dpmpp_2m_sde'],
  ['DPM++ 2M SDE Heun', 'k_dpmpp_2m_sde_heun'],
  ['DPM++ 2S a', 'k_dpmpp_2s_a'],
  ['DPM++ 3M SDE', 'k_dpmpp_3m_sde'],
  ['Euler a', 'k_euler_a', 'k_euler_ancestral'],
  ['Euler', 'k_euler'],
  ['LMS', 'k_lms'],
  ['Heun', 'k_heun'],
  ['DPM2', 'k_dpm_2'],
  ['DPM2 a', 'k_dpm_2_a'],
  ['DPM fast', 'k_dpm_fast'],
  ['DPM adaptive', 'k_dpm_ad'],
  ['Restart', 'restart'],
  ['DDIM', 'ddim'],
  ['DDIM CFG++', 'ddim_cfgpp'],
  ['PLMS', 'plms'],
  ['UniPC', 'unipc'],
  ['LCM', 'k_lcm'],
];

const byName = new Map(
  names.flatMap((group) => group.map((name) => [name.toLowerCase(), group[0]] as const)),
);

/** The sampler that AUTOMATIC1111 means by a lower-case or short name; undefined when there is none. */
export function webuiSamplerName(name: string): string | undefined {
  return byName.get(name);
}

const karras = ['DPM++ 2M', 'DPM++ SDE', 'DPM++ 2S a', 'DPM2', 'DPM2 a', 'Restart'];
const exponential = ['DPM++ 2M SDE', 'DPM++ 2M SDE Heun', 'DPM++ 3M SDE'];

/** What "Automatic" is written as for a sampler: its preferred schedule, or "Automatic" when it has none. */
export function webuiScheduleName(sampler: string): 'Karras' | 'Exponential' | 'Automatic' {
  if (karras.includes(sampler)) return 'Karras';
  return exponential.includes(sampler) ? 'Exponential' : 'Automatic';
}
