/**
 * Schedulers as diffusers has them: one network call, then one step to what the next call sees. Latents
 * are in the samplers' convention (types.ts) at the level of the call they go to; schedulers that are
 * defined on variance-preserving latents are written in it, too, where sqrt(alpha) cancels.
 */
import type {
  Denoise,
  Latent,
  LatentData,
  NoiseSource,
  Sampler,
  SamplerOptions,
  SamplerRun,
} from '../types.ts';

export interface StepRun {
  /** Index of the run's first call among the schedule's: a strength leaves calls out. */
  readonly begin: number;
  readonly noise: NoiseSource;
  readonly options: SamplerOptions;
}

export interface Call<A extends LatentData> {
  readonly x: Latent<A>;
  /** The clean latent, clipped where the scheduler clips. */
  readonly denoised: Latent<A>;
  /** As predicted, not clipped. */
  readonly predicted: Latent<A>;
  /** Index among the schedule's calls. */
  readonly at: number;
}

/** Answers the latent for the next call. */
export type Step<A extends LatentData> = (call: Call<A>) => Latent<A>;

/** A run's steps: what they keep of earlier calls is the run's own. */
export type MakeStep = <A extends LatentData>(run: StepRun) => Step<A>;

/** Limits a predicted clean latent. */
export type Clean = <A extends LatentData>(predicted: Latent<A>) => Latent<A>;

export interface PerCallOptions {
  /** Absent: predictions stay as they are. */
  readonly clean?: Clean | undefined;
  /** The level at which known latents are noised for the call at this index; absent: the call's own. */
  readonly knownLevel?: ((at: number) => number) | undefined;
}

/** The sampler of a schedule with this many calls; the sigmas it is given are that schedule's end. */
export function perCall(
  calls: number,
  makeStep: MakeStep,
  { clean, knownLevel }: PerCallOptions = {},
): Sampler {
  return async function* <A extends LatentData>(
    denoise: Denoise<A>,
    start: Latent<A>,
    sigmas: readonly number[],
    noise: NoiseSource,
    options: SamplerOptions,
  ): SamplerRun<A> {
    const begin = calls + 1 - sigmas.length;
    const step = makeStep<A>({ begin, noise, options });
    let x = start;
    for (let i = 0; i < sigmas.length - 1; i++) {
      const predicted = await denoise(x, sigmas[i]!);
      const denoised = clean ? clean(predicted) : predicted;
      x = step({ x, denoised, predicted, at: begin + i });
      const sigma = knownLevel?.(begin + i + 1);
      const level = sigma === undefined ? {} : { sigma };
      x = (yield { latent: x, denoised, step: i + 1, ...level }) ?? x;
    }
  };
}

/** A step made for the sigmas a sampler is given: for schedules of other programs. */
export function overSigmas(makeStepFor: (sigmas: readonly number[]) => MakeStep): Sampler {
  return (denoise, start, sigmas, noise, options) =>
    perCall(sigmas.length - 1, makeStepFor(sigmas))(denoise, start, sigmas, noise, options);
}
