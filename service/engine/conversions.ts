/** Pictures between files and frames: decoding what a client sent, encoding what it asks for. */
import { PentimentoError } from '../../shared/errors.ts';
import { planeNamed } from '../../shared/frame.ts';
import { parametersText } from '../../shared/recipe.ts';
import { ResultBody, type ToEngine } from '../messages.ts';
import { readFrameFile, writeDurable, writeFrameFile } from './frameFiles.ts';
import { decodePicture } from './picture/decode.ts';
import { encodePng, encodeTiff } from './picture/encode.ts';
import { layerRaster } from './picture/composite.ts';
import { recipeXmp } from './picture/xmp.ts';
import { previewControlMap, previewMasks } from './runPreviews.ts';

/** An encoded picture (untrusted bytes) as a frame whose body is a PictureInfo. */
export async function decodeToFrame(path: string, outPath: string): Promise<void> {
  const { raster, info } = await decodePicture(path);
  const plane = { name: 'picture', ...raster };
  await writeFrameFile(outPath, { body: info, planes: [plane] });
}

/** What a run would work with, which the frame asks for. Throws E_FRAME, E_MASK_EMPTY. */
export async function previewFrame(message: Extract<ToEngine, { type: 'preview' }>): Promise<void> {
  const frame = await readFrameFile(message.framePath);
  const answer = message.what === 'masks' ? previewMasks(frame) : previewControlMap(frame);
  await writeFrameFile(message.outPath, answer);
}

/** A result frame as a picture file: its colour with its layer mask as alpha, and its recipe. */
export async function convertFrame(message: Extract<ToEngine, { type: 'encode' }>): Promise<void> {
  const frame = await readFrameFile(message.framePath);
  const color = planeNamed(frame, 'color');
  const alpha = planeNamed(frame, 'alpha');
  if (!color || !alpha) throw new PentimentoError('E_RESULT_LOST');
  const { recipe } = ResultBody.parse(frame.body);
  const raster = layerRaster(color, alpha);
  const text = { parameters: parametersText(recipe), xmp: recipeXmp([recipe]) };
  const bytes =
    message.format === 'tiff' ? await encodeTiff(raster, text) : await encodePng(raster, text);
  await writeDurable(message.outPath, bytes);
}
