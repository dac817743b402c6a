/** One UNet evaluation. */
import type { OddSizes } from '../../../service/engine/diffusion.ts';
import { unetGraph } from '../../../service/engine/graph/unet.ts';
import type { Case, Checker } from '../case.ts';
import { openUnet } from '../openComponent.ts';
import { caseConditions, joinedChannels, runGraph, withCaseComponent } from '../runComponent.ts';

export const check: Checker = (c) =>
  withCaseComponent(c, async (component) => {
    const { config, weights } = openUnet(component);
    const latents = joinedChannels(c, ['latents', 'mask', 'masked_latents', 'image_latents']);
    const conditions = caseConditions(c, config);
    const [batch, , height, width] = latents.shape;
    const tokens = conditions['context'].shape[1];
    const graph = unetGraph(weights, config, {
      batch,
      height,
      width,
      tokens,
      oddSizes: oddSizesOf(c),
    });
    const { prediction } = await runGraph(graph, { latents, ...conditions });
    return { sample: prediction };
  });

function oddSizesOf(c: Case): OddSizes {
  return c.input['odd_sizes'] === 'webui' ? 'webui' : 'diffusers';
}
