/** A file that is sent, worked on by a process of its own, and answered as another file. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from 'hono';
import { newId } from '../jobs/ids.ts';
import { announcedLength, bodyChunks } from './body.ts';
import type { AppEnv, AppParts } from './parts.ts';
import { fileResponse } from './resultRoutes.ts';

export interface UploadWork {
  readonly maxBytes: number;
  /** What the answer is called while it is made. */
  readonly name: string;
  /** From the received file to `outPath`; what it throws is the answer. */
  readonly work: (body: Upload, outPath: string) => Promise<void>;
}

export interface Upload {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Neither file outlives the answer. Throws E_TOO_LARGE, E_DISK_FULL and what the work throws. */
export async function convertUpload(
  { blobs, clock }: AppParts,
  c: Context<AppEnv>,
  { maxBytes, name, work }: UploadWork,
): Promise<Response> {
  const { incoming, outgoing } = c.env;
  await blobs.assertRoomFor(announcedLength(incoming, maxBytes));
  const body = await blobs.receive(bodyChunks(incoming), maxBytes);
  const outPath = join(blobs.tmpDir, `${newId(name, clock.wallMs())}.frame`);
  try {
    await work(body, outPath);
    const { size } = await stat(outPath);
    outgoing.once('close', () => void blobs.drop(outPath));
    return fileResponse(createReadStream(outPath, { highWaterMark: 1024 * 1024 }), {
      'content-type': 'application/octet-stream',
      'content-length': String(size),
    });
  } catch (error) {
    await blobs.drop(outPath);
    throw error;
  } finally {
    await blobs.drop(body.path);
  }
}
