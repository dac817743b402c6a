/** upscale: a picture made larger, from a file to a file through the service. */
import { rectOfSize } from '../../shared/geometry.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { limits } from '../../shared/limits.ts';
import { Dialect, type UpscaleRequest } from '../../shared/request.ts';
import { layerRaster } from '../engine/picture/composite.ts';
import { encodeStored, inStoredForm } from '../engine/picture/storedPixels.ts';
import type { ServiceClient } from './client.ts';
import { runToEnd, type RunTools } from './generate.ts';
import { choiceOption, numberOption, wholeOption, type Options } from './options.ts';
import {
  assertWritable,
  encodeFlat,
  openPicture,
  outputFormat,
  picturePlane,
  resultOf,
  storedOf,
  textOf,
  type OpenedPicture,
  type OutputFormat,
  type ResultPicture,
} from './pictures.ts';
import { save } from './saveFile.ts';

interface UpscaleTools extends RunTools {
  readonly withService: (work: (client: ServiceClient) => Promise<void>) => Promise<void>;
}

/** Throws E_USAGE, E_PARAM, E_FILE, E_IMAGE_*, E_OUTPUT_TYPE and what the run throws. */
export async function upscale(file: string, options: Options, tools: UpscaleTools): Promise<void> {
  const { out } = options;
  if (out === undefined) throw new PentimentoError('E_USAGE', '--out FILE is missing.');
  const format = outputFormat(out);
  if (format === 'psd') {
    throw new PentimentoError('E_OUTPUT_TYPE', 'An enlarged picture is one file: .png or .tif.');
  }
  const settings = readSettings(options);
  await assertWritable(out, [file]);
  const picture = await openPicture(file, out);
  const { raster } = picture;
  if (raster.width < leastSidePx || raster.height < leastSidePx) {
    throw new PentimentoError('E_IMAGE_TOO_SMALL', `It is ${raster.width} x ${raster.height}.`);
  }
  const own = await storedOf(picture, format);
  // Numbers of a profile are enlarged as they are: on the way through sRGB their widest colours would be lost.
  const seen = own?.pixels.kind === 'profile' ? own.pixels.raster : raster;
  await tools.withService(async (client) => {
    const region = rectOfSize(raster);
    const body: UpscaleRequest = { kind: 'upscale', ...placeOf(picture), region, ...settings };
    const planes = [await picturePlane({ raster: seen }, region)];
    const { results, frames } = await runToEnd(client, { body, planes }, tools);
    for (const frame of frames) {
      const result = resultOf(frame);
      const { width, height } = result.color;
      await save(out, await encoded(result, { picture, own, format }));
      tools.terminal.line(`wrote ${out} (${width} x ${height})`);
    }
    tools.terminal.json({ files: [out], results });
  });
}

interface LargerForm {
  readonly picture: OpenedPicture;
  readonly own: Awaited<ReturnType<typeof storedOf>>;
  readonly format: Exclude<OutputFormat, 'psd'>;
}

/** The enlarged picture in the form of its file, or sRGB where the format cannot have that. */
async function encoded(result: ResultPicture, { picture, own, format }: LargerForm) {
  const { color, alpha, body } = result;
  const text = textOf(body, picture);
  const { raster } = picture;
  if (own) return encodeStored(await inStoredForm(own.pixels, result), own.format, text);
  const isClear = raster.channels === 2 || raster.channels === 4;
  return encodeFlat(isClear ? layerRaster(color, alpha) : rasterOfColor(color), format, text);
}

/** As for other runs. */
const leastSidePx = 8;

function rasterOfColor(color: ReturnType<typeof resultOf>['color']) {
  const { width, height, depth, data } = color;
  return { width, height, depth, data, channels: color.channels === 1 ? 1 : 3 } as const;
}

function placeOf({ raster, name, profile }: OpenedPicture) {
  const { width, height, depth } = raster;
  const mode = raster.channels < 3 ? ('gray' as const) : ('rgb' as const);
  const document = { id: 'file', name, width, height, depth, mode };
  return { document: profile === undefined ? document : { ...document, profile } };
}

function readSettings(options: Options) {
  const { width, height, tile } = options;
  if ((width === undefined) !== (height === undefined)) {
    throw new PentimentoError('E_USAGE', '--width and --height are given together.');
  }
  if (width !== undefined && options.scale !== undefined) {
    throw new PentimentoError('E_USAGE', 'Give --scale, or --width and --height.');
  }
  const anySide = { min: 1, max: limits.upscaleSide.max, default: 1 };
  const goal =
    width === undefined
      ? { scale: numberOption(options, 'scale', limits.upscale) }
      : {
          size: {
            width: wholeOption(options, 'width', anySide),
            height: wholeOption(options, 'height', anySide),
          },
        };
  const second = secondOf(options.second);
  return {
    upscaler: options.model ?? 'lanczos',
    ...goal,
    ...(second ? { second } : {}),
    ...(tile === undefined ? {} : { tilePx: wholeOption(options, 'tile', limits.upscaleTilePx) }),
    ...(options.overlap === undefined
      ? {}
      : { overlapPx: wholeOption(options, 'overlap', limits.upscaleOverlapPx) }),
    dialect: choiceOption(options, 'dialect', Dialect.options, 'pentimento'),
    seed: 0,
    count: 1,
  };
}

/** --second NAME:VISIBILITY */
function secondOf(text: string | undefined): UpscaleRequest['second'] {
  if (text === undefined) return undefined;
  const [, upscaler = '', share = ''] = /^(.+):([^:]+)$/s.exec(text) ?? [];
  const visibility = Number(share);
  if (upscaler === '' || !(visibility >= 0 && visibility <= 1)) {
    throw new PentimentoError('E_PARAM', '--second is NAME:VISIBILITY, the latter from 0 to 1.');
  }
  return { upscaler, visibility };
}
