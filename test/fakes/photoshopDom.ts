/** The fake's DOM: proxies that ask the world at every access and go stale like the real ones. */
import type {
  PhotoshopApp,
  PhotoshopBounds,
  PhotoshopDocument,
  PhotoshopLayer,
} from '../../plugin/host/photoshop/photoshopApi.ts';
import type { Rect } from '../../shared/geometry.ts';
import {
  depthOfSamples,
  fullOf,
  samples,
  tightBounds,
  type FakeLayer,
  type FakeRaster,
  type PhotoshopWorld,
} from './photoshopWorld.ts';

function boundsOf(rect: Rect): PhotoshopBounds {
  return { left: rect.x, top: rect.y, right: rect.x + rect.width, bottom: rect.y + rect.height };
}

export function createFakeApp(world: PhotoshopWorld): PhotoshopApp {
  return {
    get activeDocument() {
      world.enter('activeDocument');
      return world.frontId === undefined ? null : documentProxy(world, world.frontId);
    },
    set activeDocument(document) {
      world.requireModal('set activeDocument');
      if (!document) throw new Error('activeDocument cannot be set to null.');
      world.frontId = world.document(document.id).id;
    },
    get documents() {
      world.enter('documents');
      return world.documents.map((d) => documentProxy(world, d.id));
    },
  };
}

const modeNames: Record<string, string> = { 8: 'bitDepth8', 16: 'bitDepth16', 32: 'bitDepth32' };

function documentProxy(world: PhotoshopWorld, id: number): PhotoshopDocument {
  const data = () => {
    world.enter('document');
    return world.document(id);
  };
  const proxies = (layers: readonly FakeLayer[]) => layers.map((l) => layerProxy(world, id, l.id));
  return {
    id,
    get title() {
      return data().title;
    },
    get width() {
      return data().width;
    },
    get height() {
      return data().height;
    },
    get mode() {
      return data().mode;
    },
    get bitsPerChannel() {
      const { mode, depth } = data();
      return mode === 'bitmapMode' ? 'bitDepth1' : (modeNames[depth] ?? '');
    },
    get colorProfileName() {
      const { profile } = data();
      if (profile === undefined) throw new Error('This document has no color profile.');
      return profile;
    },
    get colorProfileType() {
      return data().profile === undefined ? 'none' : 'customEnum';
    },
    get quickMaskMode() {
      return data().quickMask;
    },
    selection: {
      get bounds() {
        const { selection } = data();
        return selection ? boundsOf(selection) : null;
      },
    },
    get activeLayers() {
      return data().active.map((layerId) => layerProxy(world, id, layerId));
    },
    get artboards() {
      return proxies(data().layers.slice(0, data().artboards));
    },
    get layers() {
      return proxies(data().layers);
    },
    resizeCanvas: (width, height, anchor) => resizeCanvas(world, id, { width, height, anchor }),
    createPixelLayer: ({ name }) => makeLayer(world, id, { name, kind: 'pixel' }),
    createLayerGroup: ({ name }) => makeLayer(world, id, { name, kind: 'group' }),
  };
}

/** Layers, masks and the selection stay where they are in the picture; a background grows in white. */
async function resizeCanvas(
  world: PhotoshopWorld,
  documentId: number,
  to: { readonly width: number; readonly height: number; readonly anchor: string },
): Promise<void> {
  await Promise.resolve();
  const { width, height, anchor } = to;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side <= 300_000)) {
    throw new Error(`A canvas of ${width} x ${height} pixels cannot be made.`);
  }
  const anchors = ['anchorTopLeft', 'anchorBottomRight'];
  if (!anchors.includes(anchor)) throw new Error(`There is no anchor "${anchor}".`);
  const document = world.change(documentId, 'Canvas Size');
  if (document.width === width && document.height === height) {
    throw new Error('The command "Canvas Size" is not currently available.');
  }
  const isEnd = anchor === 'anchorBottomRight';
  const by = {
    x: isEnd ? width - document.width : 0,
    y: isEnd ? height - document.height : 0,
  };
  document.width = width;
  document.height = height;
  const canvas = { x: 0, y: 0, width, height };
  const all = (layers: FakeLayer[]): FakeLayer[] =>
    layers.flatMap((layer) => [layer, ...all(layer.children ?? [])]);
  for (const layer of all(document.layers)) {
    const pixels = movedRaster(layer.pixels, by);
    layer.pixels = pixels && layer.isBackground ? whiteAround(pixels, canvas) : pixels;
    layer.mask = movedRaster(layer.mask, by);
  }
  document.selection = movedRaster(document.selection, by);
}

function movedRaster(
  raster: FakeRaster | undefined,
  by: { readonly x: number; readonly y: number },
): FakeRaster | undefined {
  return raster && { ...raster, x: raster.x + by.x, y: raster.y + by.y };
}

function whiteAround(raster: FakeRaster, canvas: Rect): FakeRaster {
  const { components } = raster;
  const depth = depthOfSamples(raster.data);
  const data = samples(depth, canvas.width * canvas.height * components).fill(fullOf(depth));
  for (let y = 0; y < raster.height; y++) {
    const row = raster.data.subarray(
      y * raster.width * components,
      (y + 1) * raster.width * components,
    );
    data.set(row, ((raster.y + y) * canvas.width + raster.x) * components);
  }
  return { ...canvas, components, data };
}

/** New layers land directly above the active one, in its group, and become the active one. */
async function makeLayer(
  world: PhotoshopWorld,
  documentId: number,
  { name, kind }: { readonly name: string; readonly kind: 'pixel' | 'group' },
): Promise<PhotoshopLayer> {
  await Promise.resolve();
  if (world.frontId !== documentId) {
    throw new Error('Layers are made in the document in front only.');
  }
  const document = world.change(documentId, kind === 'group' ? 'New Group' : 'New Layer');
  if (!['RGBColorMode', 'grayscaleMode', 'labColorMode', 'CMYKColorMode'].includes(document.mode)) {
    throw new Error('This color mode has no layers.');
  }
  const layer: FakeLayer = {
    id: world.id(),
    name,
    kind,
    visible: true,
    locked: false,
    clipped: false,
    isBackground: false,
    pixels: undefined,
    mask: undefined,
    xmp: undefined,
    children: kind === 'group' ? [] : undefined,
  };
  const active = document.active[0];
  const at = active === undefined ? undefined : world.place(documentId, active);
  if (at?.parent?.locked) throw new Error('The group is locked.');
  // An active group takes new layers inside.
  const target = at?.layer.children ? at.layer.children : (at?.list ?? document.layers);
  target.splice(at && !at.layer.children ? target.indexOf(at.layer) : 0, 0, layer);
  document.active = [layer.id];
  if (world.newLayersDeselect) document.selection = undefined;
  return layerProxy(world, documentId, layer.id);
}

function layerProxy(world: PhotoshopWorld, documentId: number, id: number): PhotoshopLayer {
  const data = () => {
    world.enter('layer');
    return world.layer(documentId, id);
  };
  const proxyOf = (layer: FakeLayer) => layerProxy(world, documentId, layer.id);
  return {
    id,
    get name() {
      return data().name;
    },
    get kind() {
      return data().kind;
    },
    get parent() {
      world.enter('parent');
      const { parent } = world.place(documentId, id);
      return parent ? proxyOf(parent) : null;
    },
    get layers() {
      return data().children?.map(proxyOf) ?? null;
    },
    get boundsNoEffects() {
      const layer = data();
      const inside = layer.children?.find((child) => child.pixels);
      return boundsOf(tightBounds(layer.pixels ?? inside?.pixels));
    },
    get locked() {
      return data().locked;
    },
    get isClippingMask() {
      return data().clipped;
    },
    get visible() {
      return data().visible;
    },
    set visible(visible) {
      world.change(documentId, 'Layer Visibility');
      data().visible = visible;
    },
    move: (relative, placement) => moveLayer(world, { documentId, id }, relative.id, placement),
  };
}

async function moveLayer(
  world: PhotoshopWorld,
  { documentId, id }: { readonly documentId: number; readonly id: number },
  relativeId: number,
  placement: string,
): Promise<void> {
  await Promise.resolve();
  world.change(documentId, 'Move Layer');
  const from = world.place(documentId, id);
  const to = world.place(documentId, relativeId);
  if (to.layer === from.layer) throw new Error('A layer cannot be moved to itself.');
  const isInside = placement === 'placeInside';
  if (isInside && !to.layer.children) throw new Error('Only groups hold layers.');
  const group = isInside ? to.layer : to.parent;
  if (group?.locked) throw new Error('The group is locked.');
  if (placement === 'placeAfter' && to.layer.isBackground) {
    throw new Error('Nothing lies below the background.');
  }
  const before = world
    .place(documentId, id)
    .list.map((l) => l.id)
    .join();
  from.list.splice(from.list.indexOf(from.layer), 1);
  const list = isInside ? (to.layer.children ?? []) : to.list;
  const at = isInside ? 0 : list.indexOf(to.layer) + (placement === 'placeAfter' ? 1 : 0);
  list.splice(at, 0, from.layer);
  if (list === from.list && before === list.map((l) => l.id).join()) {
    throw new Error('The command "Move" is not currently available.');
  }
}
