/** Kind "crop": where "only masked" looks. */
import { type Checker, Unsupported } from '../case.ts';
import { inputs } from '../image8Case.ts';
import {
  cropRegion,
  cropRegionOld,
  expandCropRegion,
} from '../../../service/engine/picture/webui/cropRegion.ts';

interface Row {
  readonly size: readonly [number, number];
  readonly boxes: readonly (readonly number[])[];
  readonly padding: number;
  readonly processing: readonly [number, number];
}

export const check: Checker = async (c) => {
  const read = inputs(c);
  if (read.text('function') !== 'crop_region') throw new Unsupported(read.text('function'));
  const rows = read.rows<Row>().map(({ size, boxes, padding, processing }) => {
    const [width, height] = size;
    const mask = { width, height, data: new Uint8Array(width * height) };
    for (const [x1, y1, x2, y2, grey = 255] of boxes) {
      for (let y = y1; y < y2; y++) mask.data.fill(grey, y * width + x1, y * width + x2);
    }
    const region = cropRegion(mask, padding);
    const working = { width: processing[0], height: processing[1] };
    return {
      region: region ?? null,
      regionOld: cropRegionOld(mask, padding),
      expanded: region ? expandCropRegion(region, working, mask) : null,
    };
  });
  return { rows };
};
