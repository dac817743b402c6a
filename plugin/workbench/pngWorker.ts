/** A thread that writes one PNG: filters and deflates while the page draws the next rows. */
import type { PngHead } from '../picture/pngChunks.ts';
import { createPngWriter, type PngSamples, type PngWriter } from '../picture/pngWriter.ts';

/** What the page asks, one after another; each is answered once. */
export type PngRequest =
  | { readonly kind: 'begin'; readonly head: PngHead }
  | { readonly kind: 'rows'; readonly rows: PngSamples }
  | { readonly kind: 'end' };

export type PngAnswer =
  | { readonly kind: 'done'; readonly file?: Blob }
  | { readonly kind: 'failed'; readonly message: string };

let writer: PngWriter | undefined;

async function answer(request: PngRequest): Promise<PngAnswer> {
  try {
    if (request.kind === 'begin') {
      writer = createPngWriter(request.head);
      return { kind: 'done' };
    }
    if (!writer) return { kind: 'failed', message: 'Expected "begin" first.' };
    if (request.kind === 'end') return { kind: 'done', file: await writer.end() };
    await writer.write(request.rows);
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', message: String(error) };
  }
}

addEventListener('message', (event: MessageEvent<PngRequest>) => {
  void answer(event.data).then((result) => postMessage(result));
});
