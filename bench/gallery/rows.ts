/** The gallery's rows that need no model. */
import { correctDrift } from '../../service/engine/picture/color/drift.ts';
import { flatten } from '../../service/engine/picture/composite.ts';
import { fromFloatImage, toSoftMask } from '../../service/engine/picture/convert.ts';
import { cropRaster } from '../../service/engine/picture/crop.ts';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { gaussianBlur } from '../../service/engine/picture/gaussian.ts';
import { matchGrain } from '../../service/engine/picture/grain/matchGrain.ts';
import { knownPixels, makeMasks } from '../../service/engine/picture/mask.ts';
import { seededRandom } from '../../service/engine/picture/patch/patchMatch.ts';
import type { FloatImage, Mask, Raster } from '../../service/engine/picture/raster.ts';
import { drain } from '../../service/engine/picture/sliced.ts';
import { relativeTo, type Rect } from '../../shared/geometry.ts';
import { ellipse, packageRoot } from '../measure/photograph.ts';
import { layerOf, removed } from './paint.ts';
import { colors, difference, maskPicture } from './strip.ts';

export interface GalleryRow {
  /** Of its file. */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly cells: ReadonlyArray<{ readonly caption: string; readonly picture: FloatImage }>;
}

interface Place {
  readonly sample: 'landscape.jpg' | 'product.jpg';
  readonly crop: Rect;
  /** An ellipse in the sample's pixels. */
  readonly selected: Rect;
}

export async function sceneOf({
  sample,
  crop,
  selected,
}: Place): Promise<{ picture: Raster; mask: Mask }> {
  const { raster } = await decodePicture(`${packageRoot}/plugin/samples/${sample}`);
  const { width, height } = crop;
  const mask = ellipse({ width, height }, relativeTo(selected, crop));
  return { picture: cropRaster(raster, crop), mask };
}

/** Before, selection, both masks, after and difference, of any way to fill. */
export function filledRow(
  words: Pick<GalleryRow, 'name' | 'title' | 'text'>,
  scene: { readonly picture: Raster; readonly mask: Mask },
  made: { readonly after: Raster; readonly featherPx: number },
): GalleryRow {
  const { picture, mask } = scene;
  const masks = makeMasks(mask, { featherPx: made.featherPx, growPx: 0 });
  const [before, after] = [colors(picture), colors(made.after)];
  return {
    ...words,
    cells: [
      { caption: 'before', picture: before },
      { caption: 'selection', picture: maskPicture(mask, 255) },
      { caption: 'seen', picture: maskPicture(masks.alpha, 255) },
      { caption: 'change', picture: maskPicture(masks.denoise, 1) },
      { caption: 'after', picture: after },
      { caption: 'difference x 8', picture: difference(after, before) },
    ],
  };
}

const removals: ReadonlyArray<Place & Pick<GalleryRow, 'name' | 'title' | 'text'>> = [
  {
    name: 'remove-stone',
    title: 'Remove: a stone in the grass',
    text: 'Feather 4. The grass is made of the grass around it.',
    sample: 'landscape.jpg',
    crop: { x: 660, y: 600, width: 288, height: 168 },
    selected: { x: 762, y: 670, width: 84, height: 78 },
  },
  {
    name: 'remove-meadow',
    title: 'Remove: a large part of the meadow',
    text: 'Feather 4. Nothing to remove here; a large hole shows how far a texture carries.',
    sample: 'landscape.jpg',
    crop: { x: 480, y: 440, width: 400, height: 300 },
    selected: { x: 600, y: 540, width: 160, height: 130 },
  },
  {
    name: 'remove-spoon',
    title: 'Remove: a spoon on its saucer',
    text: 'Feather 4. Between cup, shadow and saucer there is no right answer; it should be a plausible one.',
    sample: 'product.jpg',
    crop: { x: 250, y: 150, width: 300, height: 240 },
    selected: { x: 312, y: 222, width: 108, height: 112 },
  },
];

async function removalRows(): Promise<GalleryRow[]> {
  const rows: GalleryRow[] = [];
  for (const { name, title, text, ...place } of removals) {
    const scene = await sceneOf(place);
    const after = await removed(scene.picture, scene.mask, 4);
    rows.push(filledRow({ name, title, text }, scene, { after, featherPx: 4 }));
  }
  return rows;
}

async function featherRow(): Promise<GalleryRow> {
  const { picture, mask } = await sceneOf({
    sample: 'product.jpg',
    crop: { x: 120, y: 0, width: 400, height: 300 },
    selected: { x: 195, y: 30, width: 240, height: 220 },
  });
  const before = colors(picture);
  // Red and blue change places: nothing else shows an edge as clearly.
  const painting = {
    ...before,
    data: before.data.map((_, i, all) => all[i - (i % 3) + (2 - (i % 3))]),
  };
  const layer = (featherPx: number) => layerOf(painting, mask, featherPx);
  const cells = [0, 8, 32].flatMap((px) => {
    const { color, alpha, bounds, masks } = layer(px);
    const after = colors(flatten(picture, color, alpha, bounds));
    return [
      { caption: `seen, feather ${px}`, picture: maskPicture(masks.alpha, 255) },
      { caption: `after, feather ${px}`, picture: after },
    ];
  });
  return {
    name: 'feather',
    title: 'Feather of 0, 8 and 32 pixels',
    text: "Painted with red and blue exchanged, so that the edge is seen. The soft edge is centred on the selection's and about twice the feather wide.",
    cells,
  };
}

const addedGrain = { sigma: 9 / 255, smoothPx: 0.6 };

function grainy(image: FloatImage): FloatImage {
  const random = seededRandom(7);
  const { width, height } = image;
  const planes = [0, 1, 2].map(() => {
    const white = Float32Array.from({ length: width * height }, () => {
      return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    });
    const { data } = gaussianBlur({ width, height, data: white }, addedGrain.smoothPx);
    const deviation = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length);
    return data.map((v) => (v * addedGrain.sigma) / deviation);
  });
  return { ...image, data: image.data.map((v, i) => v + planes[i % 3][Math.floor(i / 3)]) };
}

async function grainRow(): Promise<GalleryRow> {
  const { picture: clean, mask } = await sceneOf({
    sample: 'landscape.jpg',
    crop: { x: 500, y: 0, width: 200, height: 130 },
    selected: { x: 548, y: 24, width: 104, height: 74 },
  });
  const picture = fromFloatImage(grainy(colors(clean)), { channels: 3, depth: 8 });
  const { color, alpha, bounds } = layerOf(colors(clean), mask, 4);
  const matched = drain(matchGrain({ color, alpha, bounds }, picture, { strength: 1, seed: 1 }));
  const [before, without, after] = [
    colors(picture),
    colors(flatten(picture, color, alpha, bounds)),
    colors(flatten(picture, matched.color, alpha, bounds)),
  ];
  const levels = matched.report
    ? `${matched.report.around.toFixed(1)} levels around, ${matched.report.before.toFixed(1)} painted, ${matched.report.after.toFixed(1)} with grain match`
    : 'nothing was measured';
  return {
    name: 'grain',
    title: 'Grain match',
    text: `Noise was added to a piece of sky, and the sky without it painted into the selection. Standard deviation of the noise: ${levels}. Twice as large as the others.`,
    cells: [
      { caption: 'before', picture: before },
      { caption: 'selection', picture: maskPicture(mask, 255) },
      { caption: 'without', picture: without },
      { caption: 'with grain match', picture: after },
      { caption: 'difference x 8, without', picture: difference(without, before) },
      { caption: 'difference x 8, with', picture: difference(after, before) },
    ],
  };
}

/** As a VAE and a sampler may shift a whole picture: contrast, a cast, a tint that grows to the right. */
function drifted(image: FloatImage): FloatImage {
  const gains = [0.94, 1.02, 0.9];
  const offsets = [0.045, -0.005, 0.03];
  return {
    ...image,
    data: image.data.map((v, i) => {
      const x = (Math.floor(i / 3) % image.width) / image.width;
      const tint = i % 3 === 2 ? 0.03 * x : 0;
      return Math.min(1, Math.max(0, v * gains[i % 3] + offsets[i % 3] + tint));
    }),
  };
}

async function colorRow(): Promise<GalleryRow> {
  const { picture, mask } = await sceneOf({
    sample: 'landscape.jpg',
    crop: { x: 300, y: 120, width: 480, height: 360 },
    selected: { x: 420, y: 200, width: 240, height: 190 },
  });
  const before = colors(picture);
  const painting = drifted(before);
  const masks = makeMasks(mask, { featherPx: 8, growPx: 0 });
  const { image, report } = correctDrift(painting, before, {
    known: knownPixels(masks.denoise),
    alpha: toSoftMask(masks.alpha),
    strength: 1,
  });
  if (!report) throw new Error('Expected known colours at the seam');
  const seen = (painted: FloatImage) => {
    const { color, alpha, bounds } = layerOf(painted, mask, 8);
    return colors(flatten(picture, color, alpha, bounds));
  };
  const [without, after] = [seen(painting), seen(image)];
  return {
    name: 'colour',
    title: 'Colour match: a drift undone',
    text: `The same picture with a known drift (contrast, cast, a tint across it) painted into the selection, feather 8. CIEDE2000 at the seam: ${report.before.toFixed(2)} without, ${report.after.toFixed(2)} with colour match.`,
    cells: [
      { caption: 'before', picture: before },
      { caption: 'selection', picture: maskPicture(mask, 255) },
      { caption: 'without', picture: without },
      { caption: 'with colour match', picture: after },
      { caption: 'difference x 8, without', picture: difference(without, before) },
      { caption: 'difference x 8, with', picture: difference(after, before) },
    ],
  };
}

export async function plainRows(): Promise<GalleryRow[]> {
  return [...(await removalRows()), await featherRow(), await grainRow(), await colorRow()];
}
