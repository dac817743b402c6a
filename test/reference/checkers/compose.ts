/** Kind "compose": the way back, and the whole way with a given picture as the model's answer. */
import { type Case, type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs } from '../image8Case.ts';
import { inpaintInput } from '../inpaintCase.ts';
import { toChannels } from '../../../service/engine/picture/pillow/image8.ts';
import { finishInpaint, prepareInpaint } from '../../../service/engine/picture/webui/inpaint.ts';
import {
  applyOverlay,
  maskComposite,
  type PasteTo,
  uncrop,
} from '../../../service/engine/picture/webui/overlay.ts';

async function roundtrip(c: Case): Promise<Readonly<Record<string, unknown>>> {
  const prepared = prepareInpaint(await inpaintInput(c));
  const model = await image8(c, c.input['model']);
  const answer = {
    given: answer8(prepared.image),
    picture: answer8(finishInpaint(model, prepared)),
    pasteTo: prepared.pasteTo ?? null,
  };
  if (!prepared.maskForOverlay) return answer;
  const { denoised } = applyOverlay(model, prepared.overlay, prepared.pasteTo);
  return {
    ...answer,
    returnMask: answer8(toChannels(answer8(prepared.maskForOverlay), 3)),
    returnMaskComposite: answer8(maskComposite(denoised, prepared.maskForOverlay)),
  };
}

export const check: Checker = async (c) => {
  const read = inputs(c);
  switch (read.text('function')) {
    case 'roundtrip':
      return roundtrip(c);
    case 'uncrop': {
      const [width, height] = c.input['size'] as [number, number];
      const picture = await image8(c, c.input['picture']);
      return { picture: answer8(uncrop(picture, width, height, c.input['pasteTo'] as PasteTo)) };
    }
    case 'apply_overlay': {
      const overlay = await image8(c, c.input['overlay']);
      return {
        picture: answer8(applyOverlay(await image8(c, c.input['picture']), overlay).picture),
      };
    }
    default:
      throw new Unsupported(read.text('function'));
  }
};
