import { PentimentoError } from '../../../shared/errors.ts';
import type { Plane } from '../../../shared/frame.ts';
import type { Capture, Host, HostState } from '../host.ts';
import type { Editor } from './editor.ts';
import { capture, hostStateOf, place, type PictureDocument } from './pictureDocument.ts';

/** The browser document as a Host. Placing is one step of the editor's history. */
export function createWorkbenchHost(editor: Editor): Host {
  const marks = makeMarks();
  const stateOf = (document: PictureDocument | undefined): HostState => ({
    ...hostStateOf(document),
    selectionMark: marks.of(document?.selection),
  });
  return {
    kind: 'workbench',
    state: () => stateOf(editor.document()),
    capture: async (request) => capture(openDocument(editor), request),
    glance: async (request, maxSidePx) =>
      reduced(capture(openDocument(editor), request), maxSidePx),
    place: async (placement) => {
      const { document, ids } = place(openDocument(editor), placement);
      editor.commit(placement.historyName, document);
      return { documentId: document.id, layerIds: ids.map(String) };
    },
    watch: (listener) => {
      let seen: PictureDocument | undefined = editor.document();
      return editor.subscribe(() => {
        const document = editor.document();
        if (document === seen) return;
        seen = document;
        listener(stateOf(document));
      });
    },
  };
}

/** Numbers for values that are never changed in place: a new one for each that is met. */
function makeMarks() {
  const known = new WeakMap<object, number>();
  let last = 0;
  return {
    of(value: object | undefined): number | undefined {
      if (value === undefined) return undefined;
      const mark = known.get(value) ?? ++last;
      known.set(value, mark);
      return mark;
    },
  };
}

function openDocument(editor: Editor): PictureDocument {
  const document = editor.document();
  if (!document) throw new PentimentoError('E_HOST_DOCUMENT');
  return document;
}

function reduced(full: Capture, maxSidePx: number): Capture {
  const { width, height } = full.picture;
  const factor = Math.ceil(Math.max(width, height) / maxSidePx);
  if (factor <= 1) return full;
  return {
    ...full,
    picture: everyNth(full.picture, factor),
    mask: full.mask && everyNth(full.mask, factor),
  };
}

/** Cells of factor x factor pixels, averaged. */
function everyNth(plane: Plane, factor: number): Plane {
  const width = Math.max(1, Math.floor(plane.width / factor));
  const height = Math.max(1, Math.floor(plane.height / factor));
  const count = width * height * plane.channels;
  const data = plane.depth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < plane.channels; c++) {
        const first = (y * factor * plane.width + x * factor) * plane.channels + c;
        data[(y * width + x) * plane.channels + c] = cellAverage(plane, first, factor);
      }
    }
  }
  return { ...plane, width, height, data };
}

/** Mean of factor x factor samples of one channel, from its upper left one. */
function cellAverage({ data, width, channels }: Plane, first: number, factor: number): number {
  let sum = 0;
  for (let dy = 0; dy < factor; dy++) {
    const row = first + dy * width * channels;
    for (let dx = 0; dx < factor; dx++) sum += data[row + dx * channels]!;
  }
  return sum / (factor * factor);
}
