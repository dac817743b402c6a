/** Paints the editor's state on a canvas: picture, mask overlay, marching ants, what the model sees. */
import { rectOfSize, type Rect, type Size } from '../../shared/geometry.ts';
import { compositeLayers, isOpaque } from '../host/workbench/compositeLayers.ts';
import type { EditorState, View } from '../host/workbench/editor.ts';
import type { Layer } from '../host/workbench/layers.ts';
import { shownLayers } from '../host/workbench/mergedPicture.ts';
import type { PictureDocument } from '../host/workbench/pictureDocument.ts';
import type { Selection } from '../host/workbench/selection.ts';
import { MaskOverlay, type CanvasMasks } from './maskOverlay.ts';
import { selectionOutline } from '../host/workbench/selectionOutline.ts';

export interface Scene {
  readonly editor: EditorState;
  /** What the model will see, document pixels. */
  readonly reach: Rect | undefined;
  /** Of the coming run. */
  readonly masks: CanvasMasks | undefined;
  /** The shape being drawn. */
  readonly draft: readonly { readonly x: number; readonly y: number }[] | undefined;
  readonly brushAt: { readonly x: number; readonly y: number } | undefined;
  /** Moves the ants, pixels. */
  readonly antsPhase: number;
}

/** Keeps the composite and the outline of what it painted last, so that panning costs nothing. */
export class CanvasPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #picture = document.createElement('canvas');
  readonly #masks = new MaskOverlay();
  readonly #overlay = document.createElement('canvas');
  #isOpaque = true;
  #layers: readonly Layer[] | undefined;
  #overlaid: Selection | undefined;
  #outlined: Selection | undefined;
  #outline = new Path2D();

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  paint(scene: Scene): void {
    const { editor } = scene;
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    const ratio = devicePixelRatio;
    fitCanvas(this.#canvas, editor.area, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, editor.area.width, editor.area.height);
    const open = editor.history?.present;
    if (!open) return;
    this.#refresh(open);
    context.save();
    context.translate(editor.view.x, editor.view.y);
    context.scale(editor.view.scale, editor.view.scale);
    if (!this.#isOpaque) paintChecks(context, open, editor.view);
    context.imageSmoothingEnabled = editor.view.scale < 3;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#picture, 0, 0);
    if (editor.isMaskShown && open.selection) {
      this.#refreshOverlay(open.selection);
      context.drawImage(this.#overlay, open.selection.bounds.x, open.selection.bounds.y);
    }
    if (scene.masks) this.#masks.paint(context, scene.masks);
    if (open.selection) this.#paintAnts(context, open.selection, editor.view, scene.antsPhase);
    if (scene.reach) paintReach(context, scene.reach, editor.view);
    if (scene.draft) paintDraft(context, scene.draft, editor);
    context.restore();
    if (scene.brushAt)
      paintBrush(context, scene.brushAt, editor.brush.radiusPx * editor.view.scale);
  }

  #refresh(document: PictureDocument): void {
    const { layers, width, height } = document;
    if (layers === this.#layers) return;
    this.#layers = layers;
    this.#picture.width = width;
    this.#picture.height = height;
    const rgba = compositeLayers(shownLayers(document), rectOfSize(document));
    this.#isOpaque = isOpaque(rgba);
    this.#picture.getContext('2d')?.putImageData(imageOf(rgba, width, height), 0, 0);
  }

  #refreshOverlay(selection: Selection): void {
    if (selection === this.#overlaid) return;
    this.#overlaid = selection;
    const { width, height } = selection.bounds;
    this.#overlay.width = width;
    this.#overlay.height = height;
    const rgba = new Uint8ClampedArray(width * height * 4);
    for (let i = 0; i < selection.data.length; i++) {
      rgba.set([230, 50, 50, selection.data[i]! * 0.55], i * 4);
    }
    this.#overlay.getContext('2d')?.putImageData(imageOf(rgba, width, height), 0, 0);
  }

  #paintAnts(
    context: CanvasRenderingContext2D,
    selection: Selection,
    view: View,
    phase: number,
  ): void {
    if (selection !== this.#outlined) {
      this.#outlined = selection;
      this.#outline = new Path2D();
      for (const loop of selectionOutline(selection)) {
        for (let i = 0; i < loop.length; i += 2) {
          if (i === 0) this.#outline.moveTo(loop[i]!, loop[i + 1]!);
          else this.#outline.lineTo(loop[i]!, loop[i + 1]!);
        }
        this.#outline.closePath();
      }
    }
    const px = 1 / view.scale;
    context.lineWidth = 1.2 * px;
    context.setLineDash([]);
    context.strokeStyle = 'rgba(0, 0, 0, 0.85)';
    context.stroke(this.#outline);
    context.setLineDash([4 * px, 4 * px]);
    context.lineDashOffset = -phase * px;
    context.strokeStyle = '#ffffff';
    context.stroke(this.#outline);
    context.setLineDash([]);
  }
}

function imageOf(rgba: Uint8ClampedArray, width: number, height: number): ImageData {
  return new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, width, height);
}

function fitCanvas(canvas: HTMLCanvasElement, area: Size, ratio: number): void {
  const width = Math.max(1, Math.round(area.width * ratio));
  const height = Math.max(1, Math.round(area.height * ratio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function paintChecks(context: CanvasRenderingContext2D, size: Size, view: View): void {
  const tile = document.createElement('canvas');
  tile.width = 16;
  tile.height = 16;
  const pen = tile.getContext('2d');
  if (!pen) return;
  pen.fillStyle = '#ffffff';
  pen.fillRect(0, 0, 16, 16);
  pen.fillStyle = '#cccccc';
  pen.fillRect(0, 0, 8, 8);
  pen.fillRect(8, 8, 8, 8);
  const pattern = context.createPattern(tile, 'repeat');
  if (!pattern) return;
  pattern.setTransform(new DOMMatrix().scale(1 / view.scale));
  context.fillStyle = pattern;
  context.fillRect(0, 0, size.width, size.height);
}

function paintReach(context: CanvasRenderingContext2D, reach: Rect, view: View): void {
  const px = 1 / view.scale;
  context.lineWidth = px;
  context.strokeStyle = 'rgba(55, 142, 240, 0.9)';
  context.strokeRect(reach.x, reach.y, reach.width, reach.height);
  const text = `what it sees: ${reach.width} × ${reach.height}`;
  context.font = `${11 * px}px system-ui, "DejaVu Sans", sans-serif`;
  const width = context.measureText(text).width;
  context.fillStyle = 'rgba(20, 30, 45, 0.72)';
  context.fillRect(reach.x, reach.y, width + 10 * px, 17 * px);
  context.fillStyle = '#b9d8ff';
  context.fillText(text, reach.x + 5 * px, reach.y + 12.5 * px);
}

function paintDraft(
  context: CanvasRenderingContext2D,
  draft: NonNullable<Scene['draft']>,
  { tool, view }: EditorState,
): void {
  const [first] = draft;
  const last = draft[draft.length - 1];
  if (!first || !last) return;
  const path = new Path2D();
  if (tool === 'rectangle') {
    path.rect(first.x, first.y, last.x - first.x, last.y - first.y);
  } else if (tool === 'ellipse') {
    const rx = Math.abs(last.x - first.x) / 2;
    const ry = Math.abs(last.y - first.y) / 2;
    path.ellipse((first.x + last.x) / 2, (first.y + last.y) / 2, rx, ry, 0, 0, Math.PI * 2);
  } else {
    path.moveTo(first.x, first.y);
    for (const point of draft) path.lineTo(point.x, point.y);
  }
  const px = 1 / view.scale;
  context.lineWidth = 1.5 * px;
  context.strokeStyle = 'rgba(0, 0, 0, 0.8)';
  context.stroke(path);
  context.setLineDash([4 * px, 4 * px]);
  context.strokeStyle = '#ffffff';
  context.stroke(path);
  context.setLineDash([]);
}

function paintBrush(
  context: CanvasRenderingContext2D,
  at: { readonly x: number; readonly y: number },
  radius: number,
): void {
  for (const [color, width] of [
    ['rgba(0, 0, 0, 0.8)', 2.5],
    ['#ffffff', 1],
  ] as const) {
    context.beginPath();
    context.arc(at.x, at.y, Math.max(1, radius), 0, Math.PI * 2);
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  }
}
