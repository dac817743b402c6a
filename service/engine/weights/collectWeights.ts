import { basename } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { shown } from './headerJson.ts';
import type { NetworkShapes } from './networkShapes.ts';
import type { TensorSource } from './tensorSource.ts';
import type { NetworkWeights, StoredTensor, StoredType } from './types.ts';

const weightTypes: ReadonlySet<StoredType> = new Set([
  'F64',
  'F32',
  'F16',
  'BF16',
  'F8_E4M3',
  'F8_E5M2',
]);

/**
 * Every tensor of `shapes` from the source, in the shape the graph wants. `component` names the
 * network in sentences ("text encoder"). Throws E_MODEL_MISSING_PART naming the first missing tensor,
 * E_MODEL_DAMAGED when one has another shape or holds no floating-point numbers.
 */
export function collectWeights(
  component: string,
  source: TensorSource,
  shapes: NetworkShapes,
): NetworkWeights {
  const weights = new Map<string, StoredTensor>();
  for (const [name, shape] of shapes) {
    const stored = source(name);
    if (!stored) {
      const missing = [...shapes.keys()].filter((other) => !source(other)).length;
      const more = missing > 1 ? ` and ${missing - 1} more` : '';
      throw new PentimentoError(
        'E_MODEL_MISSING_PART',
        `The ${component} lacks ${shown(name)}${more}.`,
      );
    }
    if (!sameButForOnes(stored.shape, shape)) {
      throw new PentimentoError(
        'E_MODEL_DAMAGED',
        `${shown(basename(stored.file))}: ${shown(name)} of the ${component} is [${stored.shape.join(', ')}] in place of [${shape.join(', ')}].`,
      );
    }
    if (!weightTypes.has(stored.dtype)) {
      throw new PentimentoError(
        'E_MODEL_DAMAGED',
        `${shown(basename(stored.file))}: ${shown(name)} of the ${component} is stored as ${stored.dtype}.`,
      );
    }
    weights.set(name, { ...stored, shape });
  }
  return weights;
}

/** A matrix may be stored as a 1x1 convolution, and the reverse: the bytes are equal. */
function sameButForOnes(stored: readonly number[], wanted: readonly number[]): boolean {
  const [short, long] = stored.length < wanted.length ? [stored, wanted] : [wanted, stored];
  return (
    long.every((side, i) => side === (short[i] ?? 1)) &&
    (short.length === long.length || long.length === 4)
  );
}
