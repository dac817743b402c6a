import { describe, expect, it } from 'vitest';
import { suggestedSettings } from '../../service/library/suggestedSettings.ts';
import { findSampler } from '../../service/engine/sampling/samplers/registry.ts';
import { findSchedule } from '../../service/engine/sampling/sigmas/registry.ts';

describe('settings told by a model name', () => {
  it.each([
    ['sdxl_lightning_4step', 'Euler', 4, 1],
    ['SDXL-Lightning-8steps_unet', 'Euler', 8, 1],
    ['juggernautXL_v9Rdphoto2Lightning', 'Euler', 6, 1],
    ['Hyper-SD15-2step', 'Euler', 2, 1],
    ['sd_xl_turbo_1.0_fp16', 'Euler a', 4, 1],
    ['DreamShaperXL_Turbo_v2_1', 'Euler a', 4, 1],
    ['LCM_Dreamshaper_v7', 'LCM', 6, 1.5],
    ['dmd2_sdxl_4step', 'LCM', 4, 1.5],
  ])('%s: %s in %i steps at %f', (name, sampler, steps, cfgScale) => {
    const found = suggestedSettings(name);
    expect(found).toMatchObject({ sampler, steps, cfgScale });
    // The engine knows what is suggested.
    expect(findSampler(found?.sampler ?? '').entry.name).toBe(sampler);
    expect(findSchedule(found?.schedule ?? '')?.label).toBe(found?.schedule);
  });

  it.each(['photon_v1', 'v1-5-pruned-emaonly', 'hyperrealism_v3', 'falcmodel', 'sd_xl_base_1.0'])(
    '%s is an ordinary model',
    (name) => expect(suggestedSettings(name)).toBeUndefined(),
  );
});
