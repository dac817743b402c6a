/**
 * What is behind the fake Photoshop: documents as data, the modal scope, history and counters. It
 * refuses what the real editor refuses or leaves undocumented, so that a test fails here first.
 */
import type { Rect } from '../../shared/geometry.ts';

export type Samples = Uint8Array | Uint16Array | Float32Array;

/** Pixels at a place. 16 bit: 0..32768 as Photoshop keeps them; 32 bit: linear light. */
export interface FakeRaster extends Rect {
  readonly components: number;
  readonly data: Samples;
}

export interface FakeLayer {
  readonly id: number;
  name: string;
  kind: string;
  visible: boolean;
  locked: boolean;
  clipped: boolean;
  isBackground: boolean;
  /** Pixel layers: gray + alpha or RGBA; the background: without alpha. */
  pixels: FakeRaster | undefined;
  mask: FakeRaster | undefined;
  xmp: string | undefined;
  /** Groups, topmost first. */
  children: FakeLayer[] | undefined;
}

export interface FakeDocument {
  readonly id: number;
  title: string;
  width: number;
  height: number;
  mode: string;
  depth: 8 | 16 | 32;
  /** undefined: untagged. */
  profile: string | undefined;
  quickMask: boolean;
  artboards: number;
  /** Topmost first. */
  layers: FakeLayer[];
  active: number[];
  /** 1 component, 0..255, wherever it reaches. */
  selection: FakeRaster | undefined;
  /** Names of the history states, oldest first. */
  history: string[];
}

interface Suspension {
  readonly documentId: number;
  readonly name: string;
  readonly snapshot: FakeDocument;
  changed: boolean;
}

export interface FakeImage {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly colorSpace: string;
  readonly colorProfile: string;
  readonly data: Samples;
  disposed: boolean;
}

export class PhotoshopWorld {
  documents: FakeDocument[] = [];
  frontId: number | undefined;
  nextId = 1;
  modalDepth = 0;
  /** Modal scopes entered from outside any other, by their names. */
  readonly modals: string[] = [];
  /** So many attempts to become modal are refused with number 9. */
  busyAttempts = 0;
  /** Esc is pressed before the n-th next call into Photoshop. */
  escAfterCalls = Infinity;
  isCancelled = false;
  /** Scenario: making a layer loses the selection. */
  newLayersDeselect = false;
  readonly suspensions = new Map<object, Suspension>();
  readonly images: FakeImage[] = [];
  readonly listeners: Array<{ events: readonly string[]; listener: Listener }> = [];
  /** Sums of the pixels that were read. */
  pixelsRead = 0;

  id(): number {
    return this.nextId++;
  }

  document(id: number): FakeDocument {
    const found = this.documents.find((d) => d.id === id);
    if (!found) throw new Error(`There is no document ${id}: a stale proxy was used.`);
    return found;
  }

  layer(documentId: number, layerId: number): FakeLayer {
    return this.place(documentId, layerId).layer;
  }

  /** The layer, the list it stands in and the group around it. */
  place(documentId: number, layerId: number): LayerPlace {
    const look = (list: FakeLayer[], parent: FakeLayer | undefined): LayerPlace | undefined => {
      for (const layer of list) {
        if (layer.id === layerId) return { layer, list, parent };
        const inside = layer.children && look(layer.children, layer);
        if (inside) return inside;
      }
      return undefined;
    };
    const found = look(this.document(documentId).layers, undefined);
    if (!found) throw new Error(`There is no layer ${layerId}: a stale proxy was used.`);
    return found;
  }

  /** Every call into Photoshop comes through here. */
  enter(what: string): void {
    if (--this.escAfterCalls < 0) {
      this.isCancelled = true;
      throw Object.assign(new Error(`User cancelled the operation (${what}).`), { number: -128 });
    }
  }

  requireModal(what: string): void {
    this.enter(what);
    if (this.modalDepth === 0) {
      throw new Error(`${what} may only be called from inside a modal scope.`);
    }
  }

  /** A change of the document: modal only, and a history state unless history is suspended. */
  change(documentId: number, name: string): FakeDocument {
    this.requireModal(name);
    const document = this.document(documentId);
    const suspension = [...this.suspensions.values()].find((s) => s.documentId === documentId);
    if (suspension) suspension.changed = true;
    else document.history.push(name);
    return document;
  }

  suspend(documentId: number, name: string): object {
    this.requireModal('suspendHistory');
    if ([...this.suspensions.values()].some((s) => s.documentId === documentId)) {
      throw new Error('History of this document is suspended already.');
    }
    const snapshot = structuredClone(this.document(documentId));
    const token = Object.freeze({});
    this.suspensions.set(token, { documentId, name, snapshot, changed: false });
    return token;
  }

  resume(token: object, commit: boolean): void {
    this.requireModal('resumeHistory');
    this.endSuspension(token, commit);
  }

  endSuspension(token: object, commit: boolean): void {
    const suspension = this.suspensions.get(token);
    if (!suspension) throw new Error('This history suspension is not running.');
    this.suspensions.delete(token);
    const at = this.documents.findIndex((d) => d.id === suspension.documentId);
    if (at < 0) return;
    if (!commit) this.documents[at] = suspension.snapshot;
    else if (suspension.changed) this.documents[at]?.history.push(suspension.name);
  }

  emit(event: string, descriptor: unknown = {}): void {
    // Notifications are silenced while a plugin is modal.
    if (this.modalDepth > 0) return;
    for (const { events, listener } of this.listeners.slice()) {
      if (events.includes(event)) listener(event, descriptor);
    }
  }

  /** Throws when something was left behind. */
  checkNothingLeft(): void {
    const leaked = this.images.filter((image) => !image.disposed).length;
    const left = [
      leaked > 0 && `${leaked} images were not disposed of`,
      this.suspensions.size > 0 && 'history is still suspended',
      this.modalDepth > 0 && 'a modal scope is still open',
      this.listeners.length > 0 && `${this.listeners.length} listeners were not removed`,
    ].filter(Boolean);
    if (left.length > 0) throw new Error(`Left behind in Photoshop: ${left.join(', ')}.`);
  }
}

export type Listener = (event: string, descriptor: unknown) => void;

export interface LayerPlace {
  readonly layer: FakeLayer;
  readonly list: FakeLayer[];
  readonly parent: FakeLayer | undefined;
}

export function samples(depth: 8 | 16 | 32, count: number): Samples {
  if (depth === 8) return new Uint8Array(count);
  return depth === 16 ? new Uint16Array(count) : new Float32Array(count);
}

/** The value of "all of it" as Photoshop keeps it. */
export function fullOf(depth: 8 | 16 | 32): number {
  return { 8: 255, 16: 32768, 32: 1 }[depth];
}

/** By the size of its elements: the arrays of a script in a sandbox are of another realm. */
export function depthOfSamples(data: Samples): 8 | 16 | 32 {
  if (data.BYTES_PER_ELEMENT === 1) return 8;
  return data.BYTES_PER_ELEMENT === 2 ? 16 : 32;
}

/** Smallest rectangle around the pixels that are not fully transparent. */
export function tightBounds(raster: FakeRaster | undefined): Rect {
  if (!raster) return { x: 0, y: 0, width: 0, height: 0 };
  const { components, data } = raster;
  if (components % 2 === 1) return rectOf(raster);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let y = 0; y < raster.height; y++) {
    for (let x = 0; x < raster.width; x++) {
      if (data[(y * raster.width + x) * components + components - 1] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  }
  if (left === Infinity) return { x: 0, y: 0, width: 0, height: 0 };
  return { x: raster.x + left, y: raster.y + top, width: right - left, height: bottom - top };
}

function rectOf({ x, y, width, height }: Rect): Rect {
  return { x, y, width, height };
}

/** The part of a raster inside `rect`, which lies within it. */
export function cut(raster: FakeRaster, rect: Rect): FakeRaster {
  const { components } = raster;
  const length = rect.width * components;
  const data = samples(depthOfSamples(raster.data), length * rect.height);
  for (let y = 0; y < rect.height; y++) {
    const from = ((rect.y + y - raster.y) * raster.width + rect.x - raster.x) * components;
    for (let i = 0; i < length; i++) data[y * length + i] = raster.data[from + i] ?? 0;
  }
  return { ...rect, components, data };
}
