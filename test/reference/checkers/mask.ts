/** Kind "mask": reading, blurring and filtering masks; everything img2img prepares from picture and mask. */
import { type Case, type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs, mask8 } from '../image8Case.ts';
import { inpaintInput } from '../inpaintCase.ts';
import { blurRows8 } from '../../../service/engine/picture/opencv/gaussianBlur8.ts';
import { boxBlur, gaussianBlurPillow } from '../../../service/engine/picture/pillow/blur.ts';
import { type Image8, toChannels } from '../../../service/engine/picture/pillow/image8.ts';
import { maxFilter, minFilter } from '../../../service/engine/picture/pillow/rankFilter.ts';
import { maskedPicture, prepareInpaint } from '../../../service/engine/picture/webui/inpaint.ts';
import { inpaintParameters } from '../../../service/engine/picture/webui/inpaintParameters.ts';
import {
  conditioningMask,
  createBinaryMask,
  maskBlur,
} from '../../../service/engine/picture/webui/mask.ts';
import { sketchInpaint } from '../../../service/engine/picture/webui/sketch.ts';

async function init(c: Case): Promise<Readonly<Record<string, unknown>>> {
  const input = await inpaintInput(c);
  const p = prepareInpaint(input);
  if (!p.mask || !p.latentMask || !p.maskForOverlay || !p.overlay)
    throw new Error('Expected a mask');
  // Resizing by modes 1 to 3 turns a gray mask into RGB there; the values are the same.
  const gray = input.fullRes || input.resizeMode === 0;
  const { width, height } = p.latentMask;
  const condition = conditioningMask(p.mask, width, height, input.maskRound);
  return {
    picture: answer8(p.image),
    latentMask: { shape: [height, width], data: p.latentMask.data },
    maskForOverlay: answer8(toChannels(answer8(p.maskForOverlay), gray ? 1 : 3)),
    pasteTo: p.pasteTo ?? null,
    overlay: answer8(p.overlay),
    conditioningMask: { shape: [height, width], data: condition.data },
    conditioningPicture: {
      shape: [3, p.image.height, p.image.width],
      data: maskedPicture(p.image, p.mask, input.maskRound),
    },
    generationParameters: inpaintParameters(input),
  };
}

function blur1d(c: Case): Readonly<Record<string, unknown>> {
  const rows = inputs(c).rows<{ sigma: number; size: number }>();
  const blurred = (data: Uint8Array, size: number, sigma: number): number[] => {
    const row = blurRows8({ width: data.length, height: 1, data }, size, sigma).data;
    return Array.from(row.subarray(size, 3 * size + 1));
  };
  return {
    rows: rows.map(({ sigma, size }) => {
      const impulse = new Uint8Array(4 * size + 1);
      impulse[2 * size] = 255;
      const step = new Uint8Array(4 * size + 1).fill(255, 2 * size);
      return { impulse: blurred(impulse, size, sigma), step: blurred(step, size, sigma) };
    }),
  };
}

const filters: Readonly<Record<string, (image: Image8, amount: number) => Image8>> = {
  pillow_max: maxFilter,
  pillow_min: minFilter,
  pillow_gaussian: gaussianBlurPillow,
  pillow_box: boxBlur,
};

export const check: Checker = async (c) => {
  const read = inputs(c);
  const name = read.text('function');
  switch (name) {
    case 'init':
      return init(c);
    case 'mask_blur_1d':
      return blur1d(c);
    case 'create_binary_mask':
      return {
        mask: answer8(createBinaryMask(await image8(c, c.input['picture']), read.flag('round'))),
      };
    case 'mask_blur': {
      const mask = await mask8(c, c.input['mask']);
      return { mask: answer8(maskBlur(mask, read.number('blurX'), read.number('blurY'))) };
    }
    case 'inpaint_sketch': {
      const original = await image8(c, c.input['original']);
      const painted = await image8(c, c.input['painted']);
      const { picture, mask } = sketchInpaint(original, painted, {
        maskTransparency: read.number('maskTransparency'),
        maskBlur: read.number('maskBlur'),
      });
      return { picture: answer8(picture), mask: answer8(mask) };
    }
    default: {
      const filter = filters[name];
      if (!filter) throw new Unsupported(name);
      return { mask: answer8(filter(await image8(c, c.input['mask']), read.number('amount'))) };
    }
  }
};
