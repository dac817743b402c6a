/** --save-masks and the command `masks`: what will be seen and what may change, as PNG files of the picture's size. */
import { extname } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import { planeNamed, type Frame } from '../../shared/frame.ts';
import type { Rect, Size } from '../../shared/geometry.ts';
import type { Plan } from '../../shared/plan.ts';
import type { MaskRequest } from '../../shared/preview.ts';
import { encodePng } from '../engine/picture/encode.ts';
import { maskOfPlane } from '../engine/picture/planes.ts';
import type { Mask } from '../engine/picture/raster.ts';
import type { ServiceClient } from './client.ts';
import type { PreparedRun } from './generate.ts';
import { assertWritable, maskPlane } from './pictures.ts';
import { save } from './saveFile.ts';

/** "out/cup.png" stands for "out/cup-seen.png" and "out/cup-change.png". */
export interface MaskNames {
  /** What will be seen of the result: the layer mask. */
  readonly seen: string;
  /** What the model may change. */
  readonly change: string;
}

/** Throws E_OUTPUT_TYPE, E_FILE, also when one of them is a file that is read. */
export async function maskNames(path: string, read: readonly string[]): Promise<MaskNames> {
  if (extname(path).toLowerCase() !== '.png')
    throw new PentimentoError('E_OUTPUT_TYPE', 'Masks are written as .png.');
  const stem = path.slice(0, -4);
  const names = { seen: `${stem}-seen.png`, change: `${stem}-change.png` };
  for (const name of Object.values(names)) await assertWritable(name, read);
  return names;
}

/** Asks the service for the masks of the run and writes them. Answers the names. */
export async function saveMasks(
  client: ServiceClient,
  run: PreparedRun & { readonly mask: Mask },
  plan: Plan,
  names: MaskNames,
): Promise<string[]> {
  const body = maskRequest(run, plan);
  const planes = [maskPlane(run.mask, plan.context)];
  const frame = await client.masks({ body, planes });
  const { width, height } = run.picture.raster;
  const written: string[] = [];
  for (const [name, plane] of [
    [names.seen, 'alpha'],
    [names.change, 'denoise'],
  ] as const) {
    const data = overPicture(maskIn(frame, plane), plan.context, { width, height });
    await save(name, await encodePng({ width, height, channels: 1, depth: 8, data }));
    written.push(name);
  }
  return written;
}

/** Runs without a model have no working size. */
const anySize = { width: 8, height: 8 };

function maskRequest({ kind, settings, unflagged }: PreparedRun, plan: Plan): MaskRequest {
  const { featherPx, growPx, area, paddingPx, dialect } = settings;
  return {
    kind: kind === 'remove' ? 'remove' : 'inpaint',
    featherPx,
    growPx,
    area,
    paddingPx,
    dialect: kind === 'remove' ? 'pentimento' : dialect,
    workingSize: kind === 'remove' ? anySize : (settings.workingSize ?? plan.workingSize),
    ...(unflagged.advanced?.softInpainting ? { isSoft: true } : {}),
  };
}

function maskIn(frame: Frame, name: string): Mask {
  const plane = planeNamed(frame, name);
  if (!plane) throw new PentimentoError('E_FRAME', `There is no plane "${name}".`);
  return maskOfPlane(plane);
}

/** Nothing is seen and nothing changes outside the context. */
function overPicture(mask: Mask, at: Rect, { width, height }: Size): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = Math.max(0, at.y); y < Math.min(height, at.y + mask.height); y++) {
    const from = Math.max(0, at.x);
    const to = Math.min(width, at.x + mask.width);
    const row = (y - at.y) * mask.width - at.x;
    out.set(mask.data.subarray(row + from, row + to), y * width + from);
  }
  return out;
}
