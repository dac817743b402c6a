import { PentimentoError, toProblem } from '../../shared/errors.ts';
import type { PictureInfo } from '../../shared/api.ts';
import type { ServiceClient } from '../client/serviceClient.ts';
import type { Editor } from '../host/workbench/editor.ts';
import { fullLayer } from '../host/workbench/layers.ts';
import { pixelsOf } from '../host/workbench/layerPixels.ts';
import type { PictureDocument } from '../host/workbench/pictureDocument.ts';
import { isPsd, readPsdDocument } from '../host/workbench/readPsdDocument.ts';

export interface OpenParts {
  readonly editor: Editor;
  readonly client: Pick<ServiceClient, 'openPicture'>;
  readonly newId: () => string;
}

/** Opens a picture file in the editor; what is wrong with it goes to the status line. Never throws. */
export async function openFile(parts: OpenParts, file: ArrayBuffer, name: string): Promise<void> {
  const { editor } = parts;
  editor.say(`Opening ${name}`);
  try {
    const notes = await open(parts, file, name);
    editor.say(notes.join(' '));
  } catch (error) {
    const problem = toProblem(error);
    editor.say(`${name}: ${problem.title} ${problem.next}`, true);
  }
}

async function open(parts: OpenParts, file: ArrayBuffer, name: string): Promise<readonly string[]> {
  if (file.byteLength === 0) throw new PentimentoError('E_IMAGE_TYPE');
  if (isPsd(file)) {
    try {
      const { document, notes } = readPsdDocument(file, name, parts.newId());
      parts.editor.open(document);
      return [...notes, ...depthNotes(document)];
    } catch (error) {
      // Lab, CMYK and what ag-psd does not read: the service reads such a file flattened, or says what is wrong with it.
      if (!(error instanceof PentimentoError)) throw error;
    }
  }
  const { info, picture } = await parts.client.openPicture(file);
  const document: PictureDocument = {
    id: parts.newId(),
    name,
    width: info.width,
    height: info.height,
    layers: [fullLayer(1, 'Background', info, pixelsOf(picture))],
    activeId: 1,
    selection: undefined,
    origin: { depth: info.depth, profile: foreignProfile(info) },
    extra: undefined,
  };
  parts.editor.open(document);
  return [...(isPsd(file) ? ['Opened flattened.'] : []), ...depthNotes(document)];
}

function foreignProfile({ profile }: PictureInfo): string | undefined {
  return profile !== undefined && /srgb/i.test(profile) ? undefined : profile;
}

function depthNotes({ origin }: PictureDocument): readonly string[] {
  const notes: string[] = [];
  if (origin.depth > 8) {
    const kept = origin.depth === 16 ? 'which are kept' : 'of which 16 are kept';
    notes.push(`It has ${origin.depth} bits per channel, ${kept}.`);
  }
  if (origin.profile !== undefined) notes.push(`Converted from ${origin.profile} to sRGB.`);
  return notes;
}
