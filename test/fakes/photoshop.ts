/** A strict stand-in for the `photoshop` module, with a world behind it to set up and look at. */
import type {
  ModalContext,
  PhotoshopApi,
  PhotoshopConstants,
} from '../../plugin/host/photoshop/photoshopApi.ts';
import { createFakeAction } from './photoshopActions.ts';
import { createFakeApp } from './photoshopDom.ts';
import { createFakeImaging } from './photoshopImaging.ts';
import { PhotoshopWorld, type FakeDocument, type FakeLayer } from './photoshopWorld.ts';

export interface FakePhotoshop {
  readonly api: PhotoshopApi;
  readonly world: PhotoshopWorld;
  open(document: Partial<Omit<FakeDocument, 'id'>>): FakeDocument;
  layer(layer: Partial<Omit<FakeLayer, 'id'>>): FakeLayer;
}

export function createFakePhotoshop(): FakePhotoshop {
  const world = new PhotoshopWorld();
  const api: PhotoshopApi = {
    app: createFakeApp(world),
    core: { executeAsModal: (work, options) => executeAsModal(world, work, options) },
    action: createFakeAction(world),
    imaging: createFakeImaging(world),
    constants,
  };
  return {
    api,
    world,
    open: (given) => {
      const document: FakeDocument = {
        id: world.id(),
        title: 'Untitled-1',
        width: 8,
        height: 6,
        mode: 'RGBColorMode',
        depth: 8,
        profile: 'sRGB IEC61966-2.1',
        quickMask: false,
        artboards: 0,
        layers: [],
        active: [],
        selection: undefined,
        history: ['Open'],
        ...given,
      };
      world.documents.push(document);
      world.frontId = document.id;
      return document;
    },
    layer: (given) => ({
      id: world.id(),
      name: 'Layer',
      kind: 'pixel',
      visible: true,
      locked: false,
      clipped: false,
      isBackground: false,
      pixels: undefined,
      mask: undefined,
      xmp: undefined,
      children: undefined,
      ...given,
    }),
  };
}

async function executeAsModal<T>(
  world: PhotoshopWorld,
  work: (context: ModalContext) => Promise<T>,
  options: { readonly commandName: string },
): Promise<T> {
  if (!options.commandName) throw new Error('executeAsModal needs a commandName.');
  await Promise.resolve();
  if (world.busyAttempts > 0) {
    world.busyAttempts--;
    throw Object.assign(new Error('The host is in a modal state.'), { number: 9 });
  }
  if (world.modalDepth === 0) world.modals.push(options.commandName);
  world.modalDepth++;
  world.isCancelled = false;
  let isDone = false;
  try {
    const result = await work(modalContext(world));
    isDone = true;
    return result;
  } finally {
    world.modalDepth--;
    if (world.modalDepth === 0) {
      // What was left suspended is committed after success and taken back after an exception.
      for (const token of Array.from(world.suspensions.keys())) world.endSuspension(token, isDone);
      world.emit('modalJavaScriptScopeExit');
    }
  }
}

/** Not enumerable, as in the real one: a spread loses everything. */
function modalContext(world: PhotoshopWorld): ModalContext {
  const hostControl = Object.create(null, {
    suspendHistory: {
      value: async ({ documentID, name }: { documentID: number; name: string }) => {
        await Promise.resolve();
        return world.suspend(documentID, name);
      },
    },
    resumeHistory: {
      value: async (token: object, commit: boolean) => {
        await Promise.resolve();
        world.resume(token, commit);
      },
    },
  });
  return Object.create(null, {
    isCancelled: { get: () => world.isCancelled },
    hostControl: { value: hostControl },
  });
}

const constants: PhotoshopConstants = {
  DocumentMode: {
    RGB: 'RGBColorMode',
    GRAYSCALE: 'grayscaleMode',
    LAB: 'labColorMode',
    CMYK: 'CMYKColorMode',
  },
  BitsPerChannelType: { EIGHT: 'bitDepth8', SIXTEEN: 'bitDepth16', THIRTYTWO: 'bitDepth32' },
  ColorProfileType: { NONE: 'none' },
  LayerKind: { NORMAL: 'pixel', SMARTOBJECT: 'smartObject', GROUP: 'group', TEXT: 'text' },
  AnchorPosition: { TOPLEFT: 'anchorTopLeft', BOTTOMRIGHT: 'anchorBottomRight' },
  ElementPlacement: {
    PLACEBEFORE: 'placeBefore',
    PLACEAFTER: 'placeAfter',
    PLACEINSIDE: 'placeInside',
  },
};
