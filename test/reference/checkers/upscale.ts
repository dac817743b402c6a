/** Kind "upscale": the built-in upscalers, the tiling of networks, and the enlarging of finished pictures. */
import { newImage8, type Image8 } from '../../../service/engine/picture/pillow/image8.ts';
import { resizePillow } from '../../../service/engine/picture/pillow/resample.ts';
import type { FloatImage } from '../../../service/engine/picture/raster.ts';
import {
  blendImages,
  limitsSide,
  upscaleFinished,
  type UpscaleGoal,
} from '../../../service/engine/picture/webui/finishedUpscale.ts';
import {
  resizePass,
  upscaleInPasses,
  type UpscalePass,
} from '../../../service/engine/picture/webui/resizeImage.ts';
import {
  upscaleAveraged,
  upscaleFaded,
  type UpscaleTile,
} from '../../../service/engine/picture/webui/tiledUpscale.ts';
import { type Case, type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs } from '../image8Case.ts';

type Answer = Readonly<Record<string, unknown>>;

function passOf(name: string): UpscalePass {
  const plain = name.toLowerCase();
  if (plain === 'none') return (image) => image;
  if (plain === 'lanczos' || plain === 'nearest') return resizePass(plain);
  throw new Unsupported(`the upscaler ${name}`);
}

interface PassesRow {
  readonly size: readonly [number, number];
  readonly scale: number;
  readonly modelScale: number;
}

function passes(row: PassesRow) {
  const seen: number[][] = [];
  const result = upscaleInPasses(newImage8(row.size[0], row.size[1], 3), row.scale, (image) => {
    seen.push([image.width, image.height]);
    const { width, height } = image;
    return resizePillow(image, width * row.modelScale, height * row.modelScale, 'nearest');
  });
  return { passes: seen, result: [result.width, result.height] };
}

/** The cases' network: 3 x 3 means with zeros outside, then every pixel repeated. */
function meanNetwork(scale: number): UpscaleTile {
  return (tile) => {
    const { width, height } = tile;
    const data = new Float32Array(width * scale * height * scale * 3);
    for (let i = 0; i < data.length; i++) {
      const pixel = Math.floor(i / 3);
      const x = Math.floor((pixel % (width * scale)) / scale);
      const y = Math.floor(pixel / (width * scale * scale));
      data[i] = meanAround(tile, { x, y, c: i % 3 });
    }
    return Promise.resolve({ width: width * scale, height: height * scale, data });
  };
}

function meanAround(tile: FloatImage, at: { x: number; y: number; c: number }): number {
  let sum = 0;
  for (let y = Math.max(0, at.y - 1); y <= Math.min(tile.height - 1, at.y + 1); y++) {
    for (let x = Math.max(0, at.x - 1); x <= Math.min(tile.width - 1, at.x + 1); x++) {
      sum += tile.data[(y * tile.width + x) * 3 + at.c];
    }
  }
  return sum / 9;
}

function goalOf(c: Case): UpscaleGoal {
  const read = inputs(c);
  if (read.number('upscale_mode') === 1) {
    const size = {
      width: read.number('upscale_to_width'),
      height: read.number('upscale_to_height'),
    };
    return { kind: 'cover', size, crop: read.flag('upscale_crop') };
  }
  return {
    kind: 'factor',
    factor: read.number('upscale_by'),
    maxSidePx: read.number('max_side_length'),
  };
}

/** The words that the original keeps with the picture. */
function infoOf(image: Image8, goal: UpscaleGoal, names: readonly string[]): Answer {
  const by =
    goal.kind === 'factor'
      ? {
          'Postprocess upscale by': goal.factor,
          ...(limitsSide(image, goal) ? { 'Max side length': goal.maxSidePx } : {}),
        }
      : {
          'Postprocess upscale to': `${goal.size.width}x${goal.size.height}`,
          ...(goal.crop ? { 'Postprocess crop to': `${goal.size.width}x${goal.size.height}` } : {}),
        };
  return {
    ...by,
    'Postprocess upscaler': names[0],
    ...(names.length > 1 ? { 'Postprocess upscaler 2': names[1] } : {}),
  };
}

async function extras(c: Case): Promise<Answer> {
  const image = await image8(c, c.input['picture']);
  const goal = goalOf(c);
  const share = inputs(c).number('upscaler_2_visibility');
  const second = share > 0 ? c.input['upscaler_2_name'] : null;
  const names = [c.input['upscaler_1_name'], second].filter((n) => typeof n === 'string');
  const [first, other] = await Promise.all(
    names.map((name) => upscaleFinished(image, passOf(name), goal)),
  );
  const picture = other ? blendImages(first, other, share) : first;
  return { picture: answer8(picture), info: infoOf(image, goal, names) };
}

export const check: Checker = async (c) => {
  const read = inputs(c);
  switch (read.text('function')) {
    case 'upscale': {
      const image = await image8(c, c.input['picture']);
      const pass = passOf(read.text('upscaler'));
      return { picture: answer8(upscaleInPasses(image, read.number('scale'), pass)) };
    }
    case 'upscale_passes':
      return { rows: read.rows<PassesRow>().map(passes) };
    case 'extras_upscale':
      return extras(c);
    case 'tiled_upscale':
    case 'averaged_upscale': {
      const scale = read.number('modelScale');
      const tiling = { tilePx: read.number('tile'), overlapPx: read.number('overlap'), scale };
      const run = read.text('function') === 'tiled_upscale' ? upscaleFaded : upscaleAveraged;
      const image = await image8(c, c.input['picture']);
      return { picture: answer8(await run(image, meanNetwork(scale), tiling)) };
    }
    default:
      throw new Unsupported(read.text('function'));
  }
};
