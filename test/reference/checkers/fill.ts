/** Kind "fill": the masked content "fill" and its inner step. */
import { type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs, mask8 } from '../image8Case.ts';
import {
  alphaComposite,
  premultiply,
  unpremultiply,
} from '../../../service/engine/picture/pillow/alpha.ts';
import { gaussianBlurPillow } from '../../../service/engine/picture/pillow/blur.ts';
import { newImage8 } from '../../../service/engine/picture/pillow/image8.ts';
import { fill } from '../../../service/engine/picture/webui/fill.ts';

export const check: Checker = async (c) => {
  const read = inputs(c);
  const picture = await image8(c, c.input['picture']);
  switch (read.text('function')) {
    case 'fill':
      return { picture: answer8(fill(picture, await mask8(c, c.input['mask']))) };
    case 'premultiplied_blur': {
      const blurred = unpremultiply(
        gaussianBlurPillow(premultiply(picture), read.number('radius')),
      );
      const clear = newImage8(picture.width, picture.height, 4);
      const composited = alphaComposite(alphaComposite(clear, blurred), picture);
      return { blurred: answer8(blurred), composited: answer8(composited) };
    }
    default:
      throw new Unsupported(read.text('function'));
  }
};
