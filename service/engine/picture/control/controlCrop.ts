/** A control picture over the part of a document that "only masked" works on (sd-webui-controlnet 1.1.455). */
import type { ControlFit } from '../../../../shared/control.ts';
import type { Rect, Size } from '../../../../shared/geometry.ts';
import { cropImage, toChannels, type Image8 } from '../pillow/image8.ts';
import { resizeImage, type ResizeMode } from '../webui/resizeImage.ts';

const modes: Readonly<Record<ControlFit, ResizeMode>> = { stretch: 0, crop: 1, fill: 2 };

/** The picture laid over an area of the given size by AUTOMATIC1111's resize modes, RGB. */
export function fitControlPicture(image: Image8, area: Size, fit: ControlFit): Image8 {
  return resizeImage(modes[fit], toChannels(image, 3), area.width, area.height);
}

/** `region` of a picture that covers an area, at the working size (with bars where the shapes differ), RGB. */
export function cropControlPicture(image: Image8, region: Rect, workingSize: Size): Image8 {
  const { x, y, width, height } = region;
  const piece = cropImage(toChannels(image, 3), [x, y, x + width, y + height]);
  return resizeImage(modes.fill, piece, workingSize.width, workingSize.height);
}
