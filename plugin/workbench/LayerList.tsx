import { memo, useMemo } from 'react';
import type { Plane } from '../../shared/frame.ts';
import { thumbnailUrl } from '../picture/thumbnail.ts';
import { selectLayer } from './selectionCommands.ts';
import type { Editor } from '../host/workbench/editor.ts';
import type { Layer, PixelLayer } from '../host/workbench/layers.ts';
import type { Combine } from '../host/workbench/selection.ts';
import {
  activeLayer,
  withoutLayer,
  withVisibility,
  type PictureDocument,
} from '../host/workbench/pictureDocument.ts';

export interface LayerListProps {
  readonly editor: Editor;
  readonly document: PictureDocument | undefined;
}

/** Layers from the top down: eye, small picture, mask, name. */
export function LayerList({ editor, document }: LayerListProps) {
  const active = document && activeLayer(document);
  return (
    <div className="layers">
      <div className="layers-head">
        <b>Layers</b>
        <div className="grow" />
        <button
          type="button"
          className="plain"
          disabled={!active}
          title="Select what the active layer shows (Ctrl+click on its picture; Shift adds, Alt takes away)"
          onClick={(event) => active && selectLayer(editor, active.id, combineOf(event))}
        >
          Select
        </button>
        <button
          type="button"
          className="plain"
          disabled={!active || document.layers.length < 2}
          title="Delete the active layer (Delete)"
          onClick={() => deleteActive(editor)}
        >
          Delete
        </button>
      </div>
      <div className="layers-list" role="listbox" aria-label="Layers">
        {document && (
          <Rows editor={editor} document={document} layers={document.layers} depth={0} />
        )}
      </div>
    </div>
  );
}

/** Deletes the active layer, unless it is the last one. */
export function deleteActive(editor: Editor): void {
  const document = editor.document();
  if (!document || document.activeId === undefined || document.layers.length < 2) return;
  editor.commit('Delete layer', withoutLayer(document, document.activeId));
}

interface RowsProps {
  readonly editor: Editor;
  readonly document: PictureDocument;
  readonly layers: readonly Layer[];
  readonly depth: number;
}

function Rows({ editor, document, layers, depth }: RowsProps) {
  return [...layers].reverse().map((layer) => (
    <div key={layer.id}>
      <Row editor={editor} document={document} layer={layer} depth={depth} />
      {layer.kind === 'group' && (
        <Rows editor={editor} document={document} layers={layer.children} depth={depth + 1} />
      )}
    </div>
  ));
}

interface RowProps {
  readonly editor: Editor;
  readonly document: PictureDocument;
  readonly layer: Layer;
  readonly depth: number;
}

function Row({ editor, document, layer, depth }: RowProps) {
  const isActive = layer.id === document.activeId;
  const choose = () => editor.amend({ ...document, activeId: layer.id });
  return (
    <div
      className={isActive ? 'layer on' : 'layer'}
      style={{ paddingLeft: 4 + depth * 14 }}
      role="option"
      aria-selected={isActive}
      tabIndex={0}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey) selectLayer(editor, layer.id, combineOf(event));
        else choose();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') choose();
      }}
    >
      <button
        type="button"
        className={layer.isVisible ? 'eye' : 'eye off'}
        aria-label={layer.isVisible ? `Hide ${layer.name}` : `Show ${layer.name}`}
        aria-pressed={layer.isVisible}
        onClick={(event) => {
          event.stopPropagation();
          const now = editor.document();
          if (now) editor.amend(withVisibility(now, layer.id, !layer.isVisible));
        }}
      >
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path
            d="M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8z"
            fill="none"
            stroke="currentColor"
          />
          {layer.isVisible && <circle cx="8" cy="8" r="2.200" fill="currentColor" />}
        </svg>
      </button>
      {layer.kind === 'pixels' ? <Thumbnails layer={layer} /> : <div className="folder" />}
      <div className="layer-name">
        <LayerTitle name={layer.name} />
        <div className="layer-note cut">{noteOf(layer)}</div>
      </div>
    </div>
  );
}

/** Variants differ in the number at the end alone, so it is never cut. */
function LayerTitle({ name }: { readonly name: string }) {
  const [, title = name, number = ''] = /^(.*)( · \d+)$/su.exec(name) ?? [];
  return (
    <div className="layer-title" title={name}>
      <span className="cut">{title}</span>
      <span className="layer-number">{number}</span>
    </div>
  );
}

/** Shift adds to the selection, Alt takes away. */
function combineOf(keys: { readonly shiftKey: boolean; readonly altKey: boolean }): Combine {
  if (keys.altKey) return 'subtract';
  return keys.shiftKey ? 'add' : 'replace';
}

function noteOf(layer: Layer): string {
  if (layer.kind === 'group') return `${layer.children.length} layers`;
  if (!layer.recipe) return layer.opacity < 1 ? `${Math.round(layer.opacity * 100)} %` : '';
  const { request, seed } = layer.recipe;
  const feather = 'featherPx' in request ? `, feather ${request.featherPx} px` : '';
  return `seed ${seed}${feather}`;
}

const Thumbnails = memo(function Thumbnails({ layer }: { readonly layer: PixelLayer }) {
  const { rgba, bounds, mask } = layer;
  const picture = useMemo(() => urlOf(rgba, bounds, 4), [rgba, bounds]);
  const maskUrl = useMemo(() => mask && urlOf(mask.data, mask.bounds, 1), [mask]);
  return (
    <>
      <img className="layer-picture" src={picture} alt="" />
      {maskUrl !== undefined && <img className="layer-mask" src={maskUrl} alt="Layer mask" />}
    </>
  );
});

function urlOf(
  bytes: Uint8ClampedArray | Uint8Array,
  size: { readonly width: number; readonly height: number },
  channels: number,
): string | undefined {
  if (size.width === 0 || size.height === 0) return undefined;
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { width, height } = size;
  const plane: Plane = { name: 'thumbnail', width, height, channels, depth: 8, data };
  return thumbnailUrl(plane, { maxSidePx: 76 });
}
