/** The fake's batchPlay and notifications: few commands, and errors that resolve. */
import type { PhotoshopAction } from '../../plugin/host/photoshop/photoshopApi.ts';
import type { PhotoshopWorld } from './photoshopWorld.ts';

type Descriptor = Readonly<Record<string, unknown>>;

export function createFakeAction(world: PhotoshopWorld): PhotoshopAction {
  return {
    batchPlay: async (commands) => {
      world.enter('batchPlay');
      await Promise.resolve();
      const results: unknown[] = [];
      for (const command of commands) {
        if (command._obj !== 'get') world.requireModal(`batchPlay ${command._obj}`);
        try {
          results.push(play(world, command));
        } catch (error) {
          // Photoshop resolves with what went wrong; it does not reject.
          const message = error instanceof Error ? error.message : '';
          results.push({ _obj: 'error', message, result: -25920 });
        }
      }
      return results;
    },
    addNotificationListener: async (events, listener) => {
      if (events.includes('all')) throw new Error('"all" needs the developer mode.');
      await Promise.resolve();
      world.listeners.push({ events, listener });
    },
    removeNotificationListener: async (events, listener) => {
      await Promise.resolve();
      const at = world.listeners.findIndex((l) => l.listener === listener);
      if (at < 0 || world.listeners[at]?.events.join() !== events.join()) {
        throw new Error('No such listener was added.');
      }
      world.listeners.splice(at, 1);
    },
  };
}

function play(world: PhotoshopWorld, command: Descriptor): Descriptor {
  const target = referenceOf(command['_target']);
  switch (command['_obj']) {
    case 'get':
      return getProperty(world, target);
    case 'set':
      return setProperty(world, command, target);
    case 'select':
      return selectLayer(world, command, target);
    case 'selectNoLayers':
      frontDocument(world).active = [];
      return {};
    default:
      throw new Error(`The command ${String(command['_obj'])} is not currently available.`);
  }
}

interface Reference {
  readonly property: string | undefined;
  readonly layerId: number | undefined;
  readonly documentId: number | undefined;
}

function referenceOf(target: unknown): Reference {
  const parts = (Array.isArray(target) ? target : []) as Descriptor[];
  const idOf = (kind: string) => parts.find((p) => p['_ref'] === kind)?.['_id'];
  const layerId = idOf('layer');
  const documentId = idOf('document');
  const property = parts.find((p) => p['_property'] !== undefined)?.['_property'];
  return {
    property: typeof property === 'string' ? property : undefined,
    layerId: typeof layerId === 'number' ? layerId : undefined,
    documentId: typeof documentId === 'number' ? documentId : undefined,
  };
}

function frontDocument(world: PhotoshopWorld) {
  if (world.frontId === undefined) throw new Error('No document is open.');
  return world.document(world.frontId);
}

function layerOf(world: PhotoshopWorld, { layerId, documentId }: Reference) {
  if (layerId === undefined) throw new Error('No layer is named.');
  return world.layer(documentId ?? frontDocument(world).id, layerId);
}

function getProperty(world: PhotoshopWorld, target: Reference): Descriptor {
  if (target.property !== 'XMPMetadataAsUTF8') throw new Error('Unknown property.');
  const { xmp } = layerOf(world, target);
  if (xmp === undefined) throw new Error('The layer has no metadata.');
  return { XMPMetadataAsUTF8: xmp };
}

function setProperty(world: PhotoshopWorld, command: Descriptor, target: Reference): Descriptor {
  const to = command['to'] as Descriptor;
  if (target.property === 'selection' && to['_value'] === 'none') {
    world.change(frontDocument(world).id, 'Deselect').selection = undefined;
    return {};
  }
  const xmp = to['XMPMetadataAsUTF8'];
  if (target.property !== 'XMPMetadataAsUTF8' || typeof xmp !== 'string') {
    throw new Error('Unknown property.');
  }
  if (!xmp.includes('<x:xmpmeta')) throw new Error('Not an XMP packet.');
  const layer = layerOf(world, target);
  world.change(target.documentId ?? frontDocument(world).id, 'Layer Metadata');
  layer.xmp = xmp;
  return {};
}

function selectLayer(world: PhotoshopWorld, command: Descriptor, target: Reference): Descriptor {
  const layer = layerOf(world, target);
  const document = frontDocument(world);
  const isAdded = command['selectionModifier'] !== undefined;
  document.active = isAdded ? [...document.active, layer.id] : [layer.id];
  if (command['makeVisible'] !== false) layer.visible = true;
  return {};
}
