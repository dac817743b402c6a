import { needsModel, type GenerateRequest } from '../../shared/request.ts';

/** Where one variant's noise comes from. */
export interface VariantSeeds {
  readonly seed: number;
  /** The initial noise moves by `strength` (above 0, to 1) towards this seed's. */
  readonly variation: { readonly seed: number; readonly strength: number } | undefined;
}

/**
 * Seeds of variant `index`: seed + index, or, with a variation strength above 0, one seed for all and
 * the variation seed + index (a1111: modules/processing.py all_seeds, all_subseeds).
 */
export function variantSeeds(request: GenerateRequest, index: number): VariantSeeds {
  const { strength = 0, seed = 0 } = (needsModel(request) && request.variation) || {};
  if (strength === 0) return { seed: request.seed + index, variation: undefined };
  return { seed: request.seed, variation: { seed: seed + index, strength } };
}
