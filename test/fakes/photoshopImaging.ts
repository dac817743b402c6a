/** The fake's imaging module, as strict as its documentation (imaging.md) and field reports. */
import type {
  ImageRead,
  PhotoshopBounds,
  PhotoshopImageData,
  PhotoshopImaging,
} from '../../plugin/host/photoshop/photoshopApi.ts';
import { intersectRects, isEmptyRect, type Rect } from '../../shared/geometry.ts';
import { readConverted, storeColor, storeCoverage } from './photoshopColor.ts';
import { compositeOf } from './photoshopComposite.ts';
import {
  cut,
  depthOfSamples,
  fullOf,
  samples,
  tightBounds,
  type FakeImage,
  type FakeRaster,
  type PhotoshopWorld,
} from './photoshopWorld.ts';

export function createFakeImaging(world: PhotoshopWorld): PhotoshopImaging {
  const images = new WeakMap<PhotoshopImageData, FakeImage>();
  const wrap = (image: FakeImage): PhotoshopImageData => {
    world.images.push(image);
    const wrapped = imageData(image);
    images.set(wrapped, image);
    return wrapped;
  };
  const unwrap = (data: PhotoshopImageData): FakeImage => {
    const image = images.get(data);
    if (!image) throw new Error('This is not image data of Photoshop.');
    if (image.disposed) throw new Error('The image data was disposed of before its use.');
    return image;
  };
  return {
    getPixels: async (options) => {
      await modal(world, 'getPixels');
      onlyKeys(options, ['documentID', 'layerID', 'sourceBounds', 'colorSpace', 'colorProfile']);
      const document = world.document(options.documentID);
      const source = pixelsOf(world, options.documentID, options.layerID);
      const read = trimmed(source, rectOfBounds(options.sourceBounds), 'getPixels');
      const image = readConverted(document, read, options);
      world.pixelsRead += read.width * read.height;
      return { imageData: wrap(image), sourceBounds: boundsOf(read) };
    },
    putPixels: async (options) => {
      await modal(world, 'putPixels');
      const image = unwrap(options.imageData);
      const document = world.change(options.documentID, 'Put Pixels');
      const layer = world.layer(options.documentID, options.layerID);
      if (layer.kind !== 'pixel') throw new Error('putPixels needs a pixel layer.');
      if (layer.locked) throw new Error('The layer is locked.');
      if (!options.replace) throw new Error('The fake only knows replace: true.');
      layer.pixels = storeColor(document, image, options.targetBounds);
    },
    putLayerMask: async (options) => {
      await modal(world, 'putLayerMask');
      const image = unwrap(options.imageData);
      const document = world.change(options.documentID, 'Put Layer Mask');
      const layer = world.layer(options.documentID, options.layerID);
      if (layer.isBackground) throw new Error('The background has no mask.');
      layer.mask = storeCoverage(document, image, options.targetBounds);
    },
    getSelection: async (options): Promise<ImageRead> => {
      await modal(world, 'getSelection');
      onlyKeys(options, ['documentID', 'sourceBounds']);
      const document = world.document(options.documentID);
      // Undocumented with nothing selected, so it is not to be asked.
      if (!document.selection) throw new Error('getSelection: nothing is selected.');
      if (document.quickMask) throw new Error('getSelection: Quick Mask is on.');
      const asked = rectOfBounds(options.sourceBounds);
      const read = trimmed(document.selection, asked, 'getSelection');
      const data = samples(document.depth, read.data.length);
      const scale = fullOf(document.depth) / 255;
      read.data.forEach((v, i) => {
        data[i] = document.depth === 32 ? v * scale : Math.round(v * scale);
      });
      const { width, height } = read;
      const colorSpace = 'Grayscale';
      const image = { width, height, components: 1, colorSpace, colorProfile: '', data };
      return { imageData: wrap({ ...image, disposed: false }), sourceBounds: boundsOf(read) };
    },
    putSelection: async (options) => {
      await modal(world, 'putSelection');
      const image = unwrap(options.imageData);
      const document = world.change(options.documentID, 'Selection');
      const stored = storeCoverage(document, image, options.targetBounds);
      const scale = 255 / fullOf(document.depth);
      const data = Uint8Array.from(stored.data, (v) => Math.round(v * scale));
      document.selection = { ...stored, data };
    },
    createImageDataFromBuffer: async (buffer, options) => {
      await Promise.resolve();
      world.enter('createImageDataFromBuffer');
      const { width, height, components, colorProfile = '', colorSpace } = options;
      if (buffer.length !== width * height * components) {
        throw new Error('The buffer does not hold width x height x components values.');
      }
      if (!options.chunky) throw new Error('The fake only knows chunky data.');
      if (colorProfile.includes('Linear')) {
        throw new Error('Leave the linear suffix out of profile names.');
      }
      const data = reducedRange(buffer, options.fullRange);
      return wrap({ width, height, components, colorSpace, colorProfile, data, disposed: false });
    },
  };
}

async function modal(world: PhotoshopWorld, what: string): Promise<void> {
  world.requireModal(what);
  // A call that nobody waits for is overtaken by the end of its scope.
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  world.requireModal(what);
}

function onlyKeys(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown) throw new Error(`The fake does not know the option ${unknown}.`);
}

function pixelsOf(world: PhotoshopWorld, documentId: number, layerId?: number): FakeRaster {
  if (layerId === undefined) return compositeOf(world.document(documentId));
  const layer = world.layer(documentId, layerId);
  if (layer.kind !== 'pixel' && layer.kind !== 'smartObject') {
    throw new Error(`getPixels of a layer of kind ${layer.kind} is undocumented.`);
  }
  if (!layer.pixels) throw new Error('getPixels of an empty layer is undocumented.');
  return layer.pixels;
}

/** What has pixels inside the rectangle asked for; asking outside is undocumented. */
function trimmed(source: FakeRaster, asked: Rect, what: string): FakeRaster {
  const has = intersectRects(asked, source);
  if (isEmptyRect(has)) throw new Error(`${what}: there are no pixels in these bounds.`);
  if (what === 'getSelection') return cut(source, has);
  const tight = intersectRects(asked, tightBounds(source));
  return cut(source, isEmptyRect(tight) ? has : tight);
}

function rectOfBounds({ left, top, right, bottom }: PhotoshopBounds): Rect {
  if (![left, top, right, bottom].every(Number.isInteger)) {
    throw new Error('Bounds are whole pixels as left, top, right and bottom.');
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function boundsOf({ x, y, width, height }: Rect): PhotoshopBounds {
  return { left: x, top: y, right: x + width, bottom: y + height };
}

/** 16-bit data as Photoshop keeps it, 0..32768. */
function reducedRange(buffer: FakeRaster['data'], fullRange: boolean): FakeRaster['data'] {
  if (depthOfSamples(buffer) !== 16) return buffer.slice();
  if (fullRange) return buffer.map((v) => Math.round((v * 32768) / 65535));
  if (buffer.some((v) => v > 32768)) throw new Error('16-bit values above 32768.');
  return buffer.slice();
}

function imageData(image: FakeImage): PhotoshopImageData {
  const { width, height, components, colorSpace } = image;
  return {
    width,
    height,
    components,
    colorSpace,
    componentSize: depthOfSamples(image.data),
    getData: async ({ chunky, fullRange }) => {
      await Promise.resolve();
      if (image.disposed) throw new Error('getData after dispose.');
      if (!chunky) throw new Error('The fake only knows chunky data.');
      if (depthOfSamples(image.data) !== 16 || !fullRange) return image.data.slice();
      return image.data.map((v) => Math.round((v * 65535) / 32768));
    },
    dispose: () => {
      if (image.disposed) throw new Error('The image data was disposed of twice.');
      image.disposed = true;
    },
  };
}
