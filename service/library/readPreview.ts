/** The picture that lies beside a model. */
import { PentimentoError } from '../../shared/errors.ts';
import { stat } from 'node:fs/promises';
import { readSmallFile } from './smallFiles.ts';

export interface PreviewPicture {
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const mostBytes = 16 * 1024 * 1024;

const signatures: ReadonlyArray<readonly [start: RegExp, type: PreviewPicture['type']]> = [
  // oxlint-disable-next-line no-control-regex -- the PNG signature has them
  [/^\u0089PNG\r\n\u001a\n/, 'image/png'],
  [/^\u00ff\u00d8\u00ff/, 'image/jpeg'],
  [/^RIFF.{4}WEBP/s, 'image/webp'],
];

/** Its type is told by its first bytes. Throws E_NOT_FOUND, E_TOO_LARGE (16 MiB), E_IMAGE_TYPE. */
export async function readPreview(path: string | undefined): Promise<PreviewPicture> {
  const info = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (info && info.size > mostBytes) throw new PentimentoError('E_TOO_LARGE');
  const bytes = path === undefined ? undefined : await readSmallFile(path, mostBytes);
  if (!bytes) throw new PentimentoError('E_NOT_FOUND', 'There is no preview picture beside it.');
  const start = bytes.subarray(0, 16).toString('latin1');
  const type = signatures.find(([pattern]) => pattern.test(start))?.[1];
  if (type === undefined) throw new PentimentoError('E_IMAGE_TYPE');
  return { type, bytes: new Uint8Array(bytes) };
}
