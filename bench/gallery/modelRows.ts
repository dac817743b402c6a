/** Rows painted by a model, through the command line as anybody would. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePicture } from '../../service/engine/picture/decode.ts';
import { encodePng } from '../../service/engine/picture/encode.ts';
import type { Raster } from '../../service/engine/picture/raster.ts';
import { packageRoot } from '../measure/photograph.ts';
import { filledRow, sceneOf, type GalleryRow } from './rows.ts';

export interface ModelChoice {
  readonly models: string;
  readonly model: string;
  /** How it is called in the page. */
  readonly called: string;
}

const fills = [
  {
    name: 'fill-meadow',
    prompt: 'a large grey rock in a meadow',
    sample: 'landscape.jpg',
    crop: { x: 440, y: 400, width: 480, height: 368 },
    selected: { x: 590, y: 510, width: 180, height: 140 },
  },
  {
    name: 'fill-sky',
    prompt: 'a white cloud in a blue sky',
    sample: 'landscape.jpg',
    crop: { x: 440, y: 0, width: 400, height: 250 },
    selected: { x: 520, y: 25, width: 190, height: 90 },
  },
] as const;
const featherPx = 8;

/** Throws an Error with what the command line said when it fails. */
export async function modelRows(choice: ModelChoice): Promise<GalleryRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pentimento-gallery-'));
  try {
    const rows: GalleryRow[] = [];
    for (const { name, prompt, ...place } of fills) {
      const scene = await sceneOf(place);
      const picture = join(folder, 'picture.png');
      const mask = join(folder, 'mask.png');
      writeFileSync(picture, await encodePng(scene.picture));
      const { width, height, data } = scene.mask;
      const plane: Raster = { width, height, channels: 1, depth: 8, data };
      writeFileSync(mask, await encodePng(plane));
      const out = join(folder, 'out.png');
      fill([picture, '--mask', mask, '--prompt', prompt, '--out', out], folder, choice);
      const after = (await decodePicture(out)).raster;
      const words = {
        name,
        title: `Fill with a model: "${prompt}"`,
        text: `Feather ${featherPx}, 24 steps, seed 1, by ${choice.called}.`,
      };
      rows.push(filledRow(words, scene, { after, featherPx }));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fill(words: readonly string[], folder: string, { models, model }: ModelChoice): void {
  const program = join(packageRoot, 'tools', 'pentimento.mjs');
  const options = ['--feather', String(featherPx), '--steps', '24', '--seed', '1'];
  const own = ['--models', models, '--model', model, '--data', join(folder, 'data'), '--port', '0'];
  const done = spawnSync(process.execPath, [program, 'inpaint', ...words, ...options, ...own], {
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`The model's row failed: ${done.stderr || done.stdout}`);
}
