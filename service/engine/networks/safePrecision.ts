/** A network in 16 bits where the device computes so, until its numbers overflow. */
import type { Tensor } from '../tensor.ts';
import {
  makeNetworkPart,
  type NetworkPart,
  type PartContext,
  type PartOptions,
} from './networkPart.ts';

type Outputs = Record<string, Tensor>;

export interface SafePrecision {
  /**
   * Work with the network. Where it answers numbers that are none, it is done again in 32 bits, as all
   * that follows; that is said once.
   */
  run(work: (part: NetworkPart) => Promise<Outputs>): Promise<Outputs>;
  dispose(): Promise<void>;
}

/** `half`: 16 bits are tried first. */
export function makeSafePrecision(
  context: PartContext,
  options: Omit<PartOptions, 'exact'>,
  half: boolean,
): SafePrecision {
  const exact = makeNetworkPart(context, { ...options, exact: true });
  let quick =
    half && context.abilities.precision === 'float16'
      ? makeNetworkPart(context, options)
      : undefined;
  return {
    async run(work) {
      if (!quick) return work(exact);
      const outputs = await work(quick);
      if (Object.values(outputs).every(({ data }) => data.every(Number.isFinite))) return outputs;
      context.onStage?.(`the ${options.name} overflows in 16 bits: computing it in 32 bits`);
      await quick.dispose();
      quick = undefined;
      return work(exact);
    },
    async dispose() {
      await quick?.dispose();
      await exact.dispose();
    },
  };
}
