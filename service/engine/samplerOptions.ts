import type { SamplerSettings } from '../../shared/request.ts';
import type { SamplerOptions } from './sampling/types.ts';

/** A request's sampler settings in the sampler's own words; a largest sigma of 0 is no limit. */
export function samplerOptionsOf(settings: SamplerSettings): SamplerOptions {
  const { eta, sChurn, sTmin, sTmax, sNoise } = settings;
  return {
    ...(eta === undefined ? {} : { eta }),
    ...(sChurn === undefined ? {} : { sChurn }),
    ...(sTmin === undefined ? {} : { sTmin }),
    ...(sTmax === undefined || sTmax === 0 ? {} : { sTmax }),
    ...(sNoise === undefined ? {} : { sNoise }),
  };
}
