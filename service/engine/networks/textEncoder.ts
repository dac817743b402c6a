import type { DiffusionModel } from '../diffusion.ts';
import { clipTextGraph } from '../graph/clipText.ts';
import type { Tensor } from '../tensor.ts';
import type { OpenedCheckpoint } from '../weights/types.ts';
import { joinBatches } from './batch.ts';
import { makeNetworkPart, type PartContext } from './networkPart.ts';

export interface TextEncoder {
  readonly encodeText: DiffusionModel['encodeText'];
  dispose(): Promise<void>;
}

/** Chunks of ids run one by one. A clip skip beyond the encoder's layers leaves one layer. */
export function makeTextEncoder(
  context: PartContext,
  { config, weights }: OpenedCheckpoint['textEncoder'],
): TextEncoder {
  // It runs once a job: reading the weights where they lie is fast enough.
  const tuning = { weightsInPlace: true, frugal: true };
  const part = makeNetworkPart(context, { name: 'text encoder', weights, kept: 1, tuning });
  return {
    async encodeText(ids, clipSkip) {
      const size = { batch: 1, clipSkip: Math.min(clipSkip, config.layers) };
      const states: Tensor[] = [];
      for (const data of ids) {
        const outputs = await part.run(
          `skip ${size.clipSkip}`,
          (w) => clipTextGraph(w, config, size),
          { ids: { data, shape: [1, config.maxPositions] } },
        );
        states.push(outputs['context']);
      }
      return joinBatches(states);
    },
    dispose: () => part.dispose(),
  };
}
