/** ControlNets: what they add, and what the UNet makes of it. */
import { join } from 'node:path';
import { controlNetGraph } from '../../../service/engine/graph/controlNet.ts';
import { unetGraph } from '../../../service/engine/graph/unet.ts';
import {
  residualFeeds,
  residualsOf,
  sumResiduals,
  type WeighedResiduals,
} from '../../../service/engine/networks/controlResiduals.ts';
import type { Case, Checker } from '../case.ts';
import { openControlNet, openUnet } from '../openComponent.ts';
import {
  caseConditions,
  joinedChannels,
  realTensor,
  runGraph,
  withComponent,
} from '../runComponent.ts';

interface ModelOfCase {
  readonly manifest: string;
  readonly seed: number;
}

interface ControlOfCase extends ModelOfCase {
  readonly scale: number;
  readonly hint: unknown;
}

export const check: Checker = async (c) => {
  const parts: WeighedResiduals[] = [];
  for (const control of c.input['controlnets'] as ControlOfCase[]) {
    parts.push(await residualsOfCase(c, control));
  }
  const control = sumResiduals(parts);
  const { manifest, seed } = c.input['unet'] as ModelOfCase;
  return withComponent(join(c.root, manifest), seed, async (component) => {
    const { config, weights } = openUnet(component);
    const latents = joinedChannels(c, ['latents', 'mask', 'masked_latents']);
    const conditions = caseConditions(c, config);
    const size = { ...sizeOf(latents.shape, conditions['context'].shape), controlled: true };
    const graph = unetGraph(weights, config, { ...size, oddSizes: 'diffusers' });
    const feeds = { latents, ...conditions, ...residualFeeds(control) };
    const { prediction } = await runGraph(graph, feeds);
    const down = control.down.map((residual, i) => [`down${String(i).padStart(2, '0')}`, residual]);
    return { ...Object.fromEntries(down), mid: control.mid, sample: prediction };
  });
};

function residualsOfCase(c: Case, control: ControlOfCase): Promise<WeighedResiduals> {
  return withComponent(join(c.root, control.manifest), control.seed, async (component) => {
    const { config, weights } = openControlNet(component);
    const latents = realTensor(c, c.input['latents']);
    const conditions = caseConditions(c, config.trunk);
    const size = sizeOf(latents.shape, conditions['context'].shape);
    const hint = realTensor(c, control.hint);
    const graph = controlNetGraph(weights, config, size);
    const residuals = residualsOf(await runGraph(graph, { latents, hint, ...conditions }));
    return {
      residuals,
      strength: control.scale,
      fading: c.input['guess_mode'] === true ? 'logarithmic' : 'none',
    };
  });
}

function sizeOf([batch, , height, width]: readonly number[], [, tokens]: readonly number[]) {
  return { batch, height, width, tokens };
}
