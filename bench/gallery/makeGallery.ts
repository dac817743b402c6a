/**
 * Writes docs/guide/gallery.md and its pictures (docs/pictures/gallery-*.jpg) from the samples that ship
 * with the project. --models FOLDER --model ID adds rows painted by that model, --called NAME its name there.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeJpeg } from '../../service/engine/picture/encode.ts';
import { packageRoot } from '../measure/photograph.ts';
import { modelRows } from './modelRows.ts';
import { plainRows, type GalleryRow } from './rows.ts';
import { strip } from './strip.ts';

const quality = 82;
const pictures = join(packageRoot, 'docs', 'pictures');

async function writeStrip(row: GalleryRow): Promise<number> {
  const bytes = await encodeJpeg(strip(row.cells.map(({ picture }) => picture)), quality);
  writeFileSync(join(pictures, `gallery-${row.name}.jpg`), bytes);
  return bytes.length;
}

function sectionOf(row: GalleryRow): string {
  const captions = row.cells.map(({ caption }) => caption).join(' · ');
  return `## ${row.title}\n\n${row.text}\n\n![${captions}](../pictures/gallery-${row.name}.jpg)\n\n${captions}\n`;
}

const intro = `# Gallery

Made by \`npm run gallery\` from the two photographs that ship with the project, so that anybody can judge by eye. Below every strip stands what
its pictures are, from left to right. _Seen_ becomes the result's layer mask, _change_ is what a model may paint ([two masks](masks-and-controls.md)).
Where _seen_ is black, the difference is black: nothing there was touched.
`;

const credits = `## Pictures

landscape: Aitzol Berasategi, CC-BY-4.0; product: Rachel Michetti, CC0-1.0 ([sources](../../plugin/samples/CREDITS.md)). Changed as shown; the strips are under the same licences.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      models: { type: 'string' },
      model: { type: 'string' },
      called: { type: 'string', default: 'a demonstration model' },
    },
  });
  const { models, model, called } = values;
  if ((models === undefined) !== (model === undefined)) {
    throw new Error('Give --models FOLDER and --model ID together');
  }
  const painted =
    models === undefined || model === undefined ? [] : await modelRows({ models, model, called });
  const rows = [...painted, ...(await plainRows())];
  mkdirSync(pictures, { recursive: true });
  // Rows of an earlier run that this one does not have.
  for (const name of readdirSync(pictures).filter((n) => /^gallery-.*\.jpg$/.test(n))) {
    rmSync(join(pictures, name));
  }
  let bytes = 0;
  for (const row of rows) bytes += await writeStrip(row);
  const page = [intro, ...rows.map(sectionOf), credits].join('\n');
  writeFileSync(join(packageRoot, 'docs', 'guide', 'gallery.md'), page);
  console.log(`docs/guide/gallery.md: ${rows.length} strips, ${Math.round(bytes / 1000)} kB`);
}

await main();
