/** expand: the picture on its larger canvas. */
import type { Frame } from '../../shared/frame.ts';
import { rectOfSize, relativeTo, unionRects } from '../../shared/geometry.ts';
import { ontoCanvas } from '../engine/picture/ontoCanvas.ts';
import { resultOf, type OpenedPicture } from './pictures.ts';

/**
 * The picture on the larger canvas, and the results where they lie on it. New pixels are clear where there is an
 * alpha channel (which layered files get), and black where every result covers them.
 */
export function onGrownCanvas(
  picture: OpenedPicture,
  frames: readonly Frame[],
  isLayered: boolean,
): { readonly picture: OpenedPicture; readonly frames: Frame[] } {
  const { width, height } = picture.raster;
  const results = frames.map((frame) => ({ frame, body: resultOf(frame).body }));
  const canvas = results.reduce(
    (all, { body }) => unionRects(all, body.bounds),
    rectOfSize({ width, height }),
  );
  const raster = ontoCanvas(picture.raster, canvas, { needsAlpha: isLayered });
  return {
    picture: { ...picture, raster, grown: { from: { width, height }, canvas } },
    frames: results.map(({ frame, body }) => ({
      ...frame,
      body: { ...body, bounds: relativeTo(body.bounds, canvas) },
    })),
  };
}
