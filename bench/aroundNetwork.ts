/**
 * Everything around the networks for a context of 1024 x 1024 pixels: from the captured pixels to what
 * the VAE encodes, and from what it decodes to the layer's planes, the document and the picture files.
 * `--step SECONDS`: a UNet evaluation at 512 x 512 on this machine (unetStep tells).
 */
import { parseArgs } from 'node:util';
import { correctDrift } from '../service/engine/picture/color/drift.ts';
import { flatten, resultPlanes } from '../service/engine/picture/composite.ts';
import {
  fromFloatImage,
  fromTensor,
  toFloatImage,
  toSoftMask,
  toTensor,
} from '../service/engine/picture/convert.ts';
import { cropMask, cropRaster } from '../service/engine/picture/crop.ts';
import { encodePng } from '../service/engine/picture/encode.ts';
import { denoiseToLatent } from '../service/engine/picture/latentMask.ts';
import { knownPixels, makeMasks } from '../service/engine/picture/mask.ts';
import { diffuseFill } from '../service/engine/picture/patch/diffuseFill.ts';
import { toImage8 } from '../service/engine/picture/pillow/image8.ts';
import { prepareFloat, type Workpiece } from '../service/engine/picture/prepare.ts';
import { writeDocument } from '../service/engine/picture/psd/writeDocument.ts';
import type { FloatImage } from '../service/engine/picture/raster.ts';
import { resizeImage } from '../service/engine/picture/resize.ts';
import { smallPicture } from '../service/engine/picture/smallPicture.ts';
import { matchColors, rememberColors } from '../service/engine/picture/webui/colorCorrection.ts';
import { fitWorkingSize } from '../service/engine/plan/workingSize.ts';
import type { Tensor } from '../service/engine/tensor.ts';
import { encodeFrame, type Plane } from '../shared/frame.ts';
import type { Recipe } from '../shared/recipe.ts';
import { inpaintRequest } from '../test/fakes/testService.ts';
import { runsAsEngine } from './measure/asEngine.ts';
import { machineLine } from './measure/machine.ts';
import { ellipse, photograph, rgbaOf } from './measure/photograph.ts';
import { atMost, printTable, told, type Figure } from './measure/table.ts';
import { timed, type Summary, type Timed } from './measure/timing.ts';

const document = { width: 1280, height: 1280 };
const context = { x: 128, y: 128, width: 1024, height: 1024 };
const selected = { x: 400, y: 400, width: 480, height: 480 };
const featherPx = 8;
const mostMs = 250;
const mostShare = 3;
const mostFinishMs = 200;
const mostColorMs = 60;
const steps = 20;
const previewSidePx = 384;
/** Fast for a CPU, so that the share of the run is not made small by a slow one. */
const quickStepSeconds = 2.4;

interface Part {
  readonly name: string;
  readonly ms: Summary;
  /** Contained in the part before it, or beside it. */
  readonly isInside?: boolean;
  /** What it may take. */
  readonly mostMs?: number;
}

type Most = Pick<Part, 'mostMs'>;

/** A picture as a VAE would answer it: a little off in colour, with some noise. */
function generatedFrom(image: FloatImage): Tensor {
  const { data, shape } = toTensor(image);
  return { data: data.map((v, i) => v * 0.98 + 0.03 + 0.02 * Math.sin(i * 12.9898)), shape };
}

async function measure(maskedContent: 'original' | 'fill') {
  const parts: Part[] = [];
  const take = async <T>(name: string, work: () => T | Promise<T>, most?: Most): Promise<T> => {
    const { ms, value }: Timed<T> = await timed(work);
    parts.push({ name, ms, ...most });
    return value;
  };
  const inside = async (name: string, work: () => unknown, most?: Most): Promise<void> => {
    parts.push({ name, ms: (await timed(work)).ms, isInside: true, ...most });
  };

  const captured = rgbaOf(await photograph(document));
  const selection = ellipse(document, selected);
  const { workingSize } = fitWorkingSize(context, document, { nativeSide: 512 });
  const size = { width: context.width, height: context.height };

  const cropped = await take('crop', () => ({
    picture: cropRaster(captured, context),
    selection: cropMask(selection, context),
  }));
  const piece: Workpiece = {
    ...cropped,
    context: size,
    workingSize,
    featherPx,
    growPx: 0,
    paddingPx: 32,
    onlyMasked: true,
    maskedContent,
    colorMatch: 1,
    latentMask: 'soft',
  };
  const prepared = await take('prepare: from pixels to what is encoded', () => prepareFloat(piece));
  const original = toFloatImage(cropped.picture).image;
  const masks = makeMasks(cropped.selection, piece);
  const bounds = masks.bounds ?? context;
  await inside('masks', () =>
    denoiseToLatent(makeMasks(cropped.selection, piece).denoise, workingSize),
  );
  await inside('colours to float', () => toFloatImage(cropped.picture));
  if (maskedContent === 'fill') {
    await inside('masked content', () => diffuseFill(original, masks.alpha));
  }
  await inside('resize, planes', () => toTensor(resizeImage(original, workingSize)));

  const decoded = generatedFrom(resizeImage(original, workingSize));
  const nothing = new Float32Array(0);
  const finished = await take(
    'finish: from what is decoded to the layer',
    () => prepared.finish(decoded, { original: nothing, processed: nothing }),
    { mostMs: mostFinishMs },
  );
  const generated = resizeImage(fromTensor(decoded), size);
  await inside('planes, resize', () => resizeImage(fromTensor(decoded), size));
  const evidence = { known: knownPixels(masks.denoise), alpha: toSoftMask(masks.alpha) };
  await inside(
    'colour correction of 1024 x 1024',
    () => correctDrift(generated, original, { ...evidence, strength: 1 }),
    { mostMs: mostColorMs },
  );
  const form = { channels: 3, depth: 8 } as const;
  const [made, wanted] = [generated, original].map((i) => toImage8(fromFloatImage(i, form)));
  await inside(
    'beside it: Lab histogram match of 1024 x 1024',
    () => matchColors(made, rememberColors(wanted)),
    { mostMs: mostColorMs },
  );
  await inside('result planes', () =>
    resultPlanes({ generated, alpha: masks.alpha, bounds, channels: 4, depth: 8 }),
  );

  const recipe = recipeOf(workingSize);
  const alpha: Plane = { name: 'alpha', channels: 1, depth: 8, ...finished.alpha };
  const color: Plane = { name: 'color', ...finished.color };
  await take('result frame', () => encodeFrame({ body: { recipe }, planes: [color, alpha] }));
  const result = { body: { bounds: finished.bounds, recipe }, color, alpha };
  await take('Photoshop document, composite included', () =>
    writeDocument({ name: 'photo.jpg', raster: cropped.picture }, [result]),
  );
  await inside('composite', () =>
    flatten(cropped.picture, finished.color, finished.alpha, finished.bounds),
  );
  // A linear preview has a pixel for each latent.
  const latents = { width: workingSize.width / 8, height: workingSize.height / 8 };
  const rough = resizeImage(generated, latents);
  const previews = await timed(async () => {
    for (let step = 0; step < steps; step++) await smallPicture(rough, previewSidePx);
  });
  parts.push({ name: `${steps} previews`, ms: previews.ms });
  const flat = flatten(cropped.picture, finished.color, finished.alpha, finished.bounds);
  const png = await timed(() => encodePng(flat));
  return { parts, png: png.ms, workingSize };
}

function figureOf({ name, ms, isInside, mostMs: most }: Part): Figure {
  const figure = `${isInside === true ? '  of it: ' : ''}${name}`;
  if (most === undefined) return told(figure, ms, 'ms', 1);
  return atMost(figure, ms, { most, unit: 'ms', digits: 1 });
}

function recipeOf(workingSize: Recipe['workingSize']): Recipe {
  const request = { ...inpaintRequest('a boat'), seed: 5 };
  return { version: 1, made: 'bench', request, index: 0, seed: 5, context, workingSize };
}

function sumOf(parts: readonly Part[]): Summary {
  const all = parts.filter((p) => p.isInside !== true);
  const sum = (of: (ms: Summary) => number) => all.reduce((total, p) => total + of(p.ms), 0);
  return { median: sum((ms) => ms.median), least: sum((ms) => ms.least) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { step: { type: 'string' } } });
  const stepSeconds = Number(values.step ?? quickStepSeconds);
  if (!(stepSeconds > 0)) throw new RangeError(`Expected seconds but received ${values.step}`);
  for (const content of ['original', 'fill'] as const) {
    const { parts, png, workingSize } = await measure(content);
    const sum = sumOf(parts);
    const pixels = workingSize.width * workingSize.height;
    const runMs = steps * stepSeconds * 1000 * (pixels / 512 ** 2);
    const figures: Figure[] = [
      ...parts.map(figureOf),
      atMost('everything around the network', sum, { most: mostMs, unit: 'ms' }),
      atMost(
        `  share of ${steps} steps of ${stepSeconds} s at 512 x 512`,
        (100 * sum.median) / runMs,
        {
          most: mostShare,
          unit: '%',
          digits: 2,
        },
      ),
      told('PNG of the picture, when asked for', png, 'ms', 1),
    ];
    const at = `${context.width} x ${context.height} at ${workingSize.width} x ${workingSize.height}`;
    printTable(`Around the network, ${at}, masked content "${content}"; ${machineLine()}`, figures);
  }
}

if (runsAsEngine(import.meta.url)) await main();
