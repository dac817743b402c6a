/** What a run asks of the service. */
import type { Rect } from '../../shared/geometry.ts';
import { limits } from '../../shared/limits.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import type { PreparedRun } from './generate.ts';
import type { Options } from './options.ts';
import { samplingNames } from './planOfRun.ts';

/** The canvas of a picture of text where no size is given. */
export const usualSize = { width: limits.side.default, height: limits.side.default };

/** What goes with the model beside its own parts. */
function namedParts(options: Options): { vae?: string; partsFrom?: string } {
  const { vae, 'parts-from': partsFrom } = options;
  return {
    ...(vae === undefined ? {} : { vae }),
    ...(partsFrom === undefined ? {} : { partsFrom }),
  };
}

/** Everything that decides the picture; `region`: what is sent of it. */
export function buildRequest(run: PreparedRun, region: Rect): GenerateRequest {
  const { picture, settings, options, kind } = run;
  const { raster } = picture;
  const place = {
    document: {
      id: 'file',
      name: picture.name,
      width: raster.width,
      height: raster.height,
      depth: raster.depth,
      mode: raster.channels < 3 ? ('gray' as const) : ('rgb' as const),
      ...(picture.profile === undefined ? {} : { profile: picture.profile }),
    },
    region,
  };
  const { seed, count, featherPx, growPx, colorMatch } = settings;
  const { expansion } = run;
  const grown = expansion && { canvas: expansion.canvas, overlapPx: expansion.overlapPx };
  if (kind === 'expand-patches' && grown) {
    return { kind, ...place, seed, count, ...grown, colorMatch };
  }
  const grain = settings.grainMatch > 0 ? { grainMatch: settings.grainMatch } : {};
  if (kind === 'remove') {
    return { kind, ...place, seed, count, featherPx, growPx, colorMatch, ...grain };
  }
  const sampling = {
    ...run.unflagged,
    ...(run.controls ? { controls: [...run.controls.units] } : {}),
    model: options.model ?? '',
    ...namedParts(options),
    prompt: options.prompt ?? '',
    negativePrompt: options.avoid ?? '',
    ...samplingNames(options),
    steps: settings.steps,
    cfgScale: settings.cfgScale,
    clipSkip: settings.clipSkip,
    dialect: settings.dialect,
    ...(settings.workingSize ? { workingSize: settings.workingSize } : {}),
  };
  if (kind === 'text') {
    const workingSize = settings.workingSize ?? usualSize;
    return { kind, ...place, ...sampling, workingSize, seed, count };
  }
  const common = { ...place, ...sampling, seed, count, strength: settings.strength, colorMatch };
  if (kind === 'image') return { kind, ...common, ...grain };
  if (expansion && grown) {
    const { fill, script } = expansion;
    return { kind: 'expand', ...common, ...grown, fill, ...(script ? { script } : {}) };
  }
  const { maskedContent, area, paddingPx } = settings;
  const own = { featherPx, growPx, maskedContent, area, paddingPx, ...grain };
  return { kind: 'inpaint', ...common, ...own };
}
