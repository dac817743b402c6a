/** Whole loops of diffusers' schedulers over a toy network. */
import { makeDenoise } from '../../../service/engine/sampling/denoiser.ts';
import { sharedNoise } from '../../../service/engine/sampling/noise/imageNoise.ts';
import { TorchGenerator } from '../../../service/engine/sampling/noise/torchGenerator.ts';
import { makeScheduler } from '../../../service/engine/sampling/schedulers/makeScheduler.ts';
import { readScheduler } from '../../../service/engine/sampling/schedulers/readScheduler.ts';
import { modelSigmas } from '../../../service/engine/sampling/sigmas/modelSigmas.ts';
import { scheduleById } from '../../../service/engine/sampling/sigmas/registry.ts';
import { finishedLatent, noisedStart } from '../../../service/engine/sampling/start.ts';
import { planSteps } from '../../../service/engine/sampling/steps.ts';
import { timestepLookup } from '../../../service/engine/sampling/sigmas/levels.ts';
import { Unsupported, type Case } from '../case.ts';
import { samplerOptions, toyPredict, type ToyNetwork } from '../toyNetwork.ts';

export async function diffusersChain(c: Case): Promise<Record<string, unknown>> {
  const i = c.input;
  const config = i['config'] as Readonly<Record<string, unknown>>;
  const found = readScheduler(i['scheduler'] as string, config);
  if (!found) throw new Unsupported(`scheduler ${String(i['scheduler'])}`);
  const model = modelSigmas(found.alphasCumprod);
  const begin = Number(i['start']);
  const steps = Number(i['steps']);
  const scheduler = makeScheduler(found, found.alphasCumprod, steps);
  const plan = planSteps({
    rule: 'diffusers',
    steps,
    ...(begin > 0 ? { strength: (steps - begin + 0.5) / steps } : {}),
    sampler: { space: 'sigma' },
    schedule: scheduleById('uniform'),
    model,
    levels: () => scheduler.levels,
  });
  const shape = i['shape'] as [number, number, number, number];
  const generator = new TorchGenerator(Number(i['seed']));
  const noise = sharedNoise(generator, shape[0] * shape[1] * shape[2] * shape[3]);
  const calls = { t: [] as number[], x: [] as number[] };
  const lookup = timestepLookup(plan);
  const denoise = makeDenoise({
    predict: (latents, timesteps, context) => {
      calls.t.push(timesteps[0]!);
      calls.x.push(...latents.data);
      return Promise.resolve(toyPredict(i['network'] as ToyNetwork, latents, timesteps, context));
    },
    prediction: found.prediction,
    model,
    ...(lookup ? { timestepOf: lookup } : {}),
    conditioning: () => ({
      positive: [
        [{ context: { data: Float32Array.of(Number(i['bias'])), shape: [1, 1, 1] }, weight: 1 }],
      ],
      negative: [],
    }),
    cfgScale: 1,
  });
  const initial = Float32Array.from(c.tensor(i['init_latent']).data, Number);
  const start = noisedStart({
    plan,
    noise: noise.next(),
    shape,
    ...(begin > 0 ? { initial } : {}),
  });
  const options = samplerOptions(i['step_arguments'] as Record<string, unknown>);
  let latent = start;
  for await (const step of scheduler.sample(denoise, start, plan.sigmas, noise, options)) {
    latent = step.latent;
  }
  return { result: finishedLatent(latent, plan).data, net_t: calls.t, net_x: calls.x };
}
