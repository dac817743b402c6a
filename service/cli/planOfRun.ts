/** What the service is asked before a run of the command line. */
import { boundsOfMask, rectOfSize, type Rect } from '../../shared/geometry.ts';
import type { PlanRequest } from '../../shared/plan.ts';
import type { PreparedRun } from './generate.ts';
import type { Options } from './options.ts';

export function planRequest(run: PreparedRun): PlanRequest {
  const { kind, picture, mask, settings, options } = run;
  const { width, height } = picture.raster;
  const { expansion } = run;
  const bounds: Rect =
    expansion?.canvas ?? (mask && boundsOfMask(mask.data, mask)) ?? rectOfSize({ width, height });
  const { strength, steps, featherPx, growPx, area, paddingPx, count, dialect } = settings;
  return {
    kind,
    document: { width, height },
    bounds,
    model: options.model ?? '',
    ...(options['parts-from'] === undefined ? {} : { partsFrom: options['parts-from'] }),
    strength,
    steps,
    ...samplingNames(options),
    featherPx,
    growPx,
    area,
    paddingPx,
    count,
    dialect,
    ...(expansion ? { fill: expansion.fill } : {}),
    ...stagePlanFields(run),
  };
}

function stagePlanFields({ unflagged: { refiner, hires }, kind }: PreparedRun) {
  return { ...(refiner ? { refiner } : {}), ...(hires && kind === 'text' ? { hires } : {}) };
}

/** As they are asked for, or as usual. */
export function samplingNames({ sampler = 'DPM++ 2M', schedule = 'automatic' }: Options) {
  return { sampler, schedule };
}
