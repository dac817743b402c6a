/**
 * Models that can be called by a name. The product ships none: an entry holds a size and a hash, and
 * those are only worth something when somebody has read them where the model is published. A user's or a
 * studio's own list is `catalogue.json` in the data folder: a JSON array of entries.
 */
import { z } from 'zod';
import { PentimentoError } from '../../../shared/errors.ts';
import { nearestNames } from '../../../shared/nearest.ts';
import { jsonOf, readSmallFile } from '../smallFiles.ts';

const CatalogueEntry = z.strictObject({
  /** What `pentimento pull` is given; letters do not differ by case. */
  name: z.string().min(1).max(100),
  /** 'sd1', 'sdxl', ... */
  family: z.string().min(1).max(40),
  url: z.string().max(2000),
  sizeBytes: z.number().int().min(1),
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/),
  /** Where size and hash were read: the address of the page. */
  hashFrom: z.string().min(1).max(2000),
  /** Name or address of the licence. */
  licence: z.string().min(1).max(500),
});
export type CatalogueEntry = z.infer<typeof CatalogueEntry>;

const mostBytes = 4 * 1024 * 1024;

/** The entries of a list; none when there is no file. Throws E_PARAM for one that cannot be understood. */
async function readCatalogue(path: string): Promise<CatalogueEntry[]> {
  const bytes = await readSmallFile(path, mostBytes);
  if (!bytes) return [];
  const read = z.array(CatalogueEntry).safeParse(jsonOf(bytes.toString('utf8')));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue.path.length > 0 ? `, ${issue.path.join('.')}` : '';
  throw new PentimentoError('E_PARAM', `catalogue.json${where}: ${issue.message}.`);
}

/** Throws E_MODEL_UNKNOWN with the nearest names, E_PARAM. */
export async function catalogueEntry(path: string, name: string): Promise<CatalogueEntry> {
  const entries = await readCatalogue(path);
  const lower = name.toLowerCase();
  const found = entries.find((entry) => entry.name.toLowerCase() === lower);
  if (found) return found;
  const near = nearestNames(
    name,
    entries.map((entry) => entry.name),
  );
  throw new PentimentoError(
    'E_MODEL_UNKNOWN',
    near.length > 0
      ? `The nearest: ${near.join(', ')}.`
      : 'Give the address of the file (https://...), or put the model into catalogue.json in the data folder.',
  );
}
