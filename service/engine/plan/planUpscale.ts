/** What enlarging will do, told before it starts. Pure. */
import { PentimentoError } from '../../../shared/errors.ts';
import type { Plan } from '../../../shared/plan.ts';
import type { UpscaleRequest } from '../../../shared/request.ts';
import { upscaleSize } from '../../../shared/upscaleSize.ts';

/** Throws E_IMAGE_TOO_SMALL where nothing would be left of a side. */
export function planUpscale(request: UpscaleRequest): Plan {
  const { region } = request;
  const { window } = upscaleSize(region, request);
  if (window.width < 1 || window.height < 1) {
    throw new PentimentoError(
      'E_IMAGE_TOO_SMALL',
      `${region.width} x ${region.height} gives ${window.width} x ${window.height} pixels.`,
    );
  }
  return {
    context: region,
    workingSize: { width: window.width, height: window.height },
    scale: window.width / region.width,
    steps: 1,
    notes: [],
  };
}
