/** What ControlNets look at: chosen, read for a run, and shown as they will see it. */
import { PentimentoError, toProblem } from '../../../shared/errors.ts';
import { controlPlaneName } from '../../../shared/control.ts';
import type { Plane } from '../../../shared/frame.ts';
import type { Rect } from '../../../shared/geometry.ts';
import { maxPlanePixels } from '../../../shared/limits.ts';
import { thumbnailUrl } from '../../picture/thumbnail.ts';
import { kindOf } from '../buildPlanRequest.ts';
import { newControl, withControl, type ControlSetting } from '../controls.ts';
import type { SessionParts } from '../parts.ts';
import type { SessionState } from '../state.ts';
import { sourceFor } from '../sourceFor.ts';

const pictureSidePx = 184;
const mapSidePx = 368;

export function addControl({ store, newKey }: SessionParts): void {
  const { controls } = store.getState().settings;
  store.dispatch({
    type: 'settingsChanged',
    change: { controls: [...controls, newControl(newKey())] },
  });
}

/** What it showed of the picture no longer holds after most changes. */
export function changeControl(
  { store }: SessionParts,
  id: string,
  change: Partial<ControlSetting>,
): void {
  const { controls } = store.getState().settings;
  store.dispatch({
    type: 'settingsChanged',
    change: { controls: withControl(controls, id, change) },
  });
  if ('preprocessor' in change || change.sight || change.fit) {
    store.dispatch({ type: 'previewControl', id, view: { map: undefined, problem: undefined } });
  }
}

export function removeControl({ store, controlPictures }: SessionParts, id: string): void {
  controlPictures.delete(id);
  const { controls } = store.getState().settings;
  store.dispatch({
    type: 'settingsChanged',
    change: { controls: controls.filter((control) => control.id !== id) },
  });
  store.dispatch({
    type: 'previewControl',
    id,
    view: { picture: undefined, map: undefined, problem: undefined },
  });
}

/** Lets it look at the layer that is active now. */
export function lookAtActiveLayer(parts: SessionParts, id: string): void {
  const { document } = parts.store.getState().host;
  if (!document?.layer) return;
  const { id: layerId, name } = document.layer;
  changeControl(parts, id, { sight: { kind: 'layer', documentId: document.id, layerId, name } });
}

/** Asks for a picture file that it looks at. Never throws. */
export async function pickControlPicture(parts: SessionParts, id: string): Promise<void> {
  const { store, client } = parts;
  try {
    const file = await parts.pickPicture();
    if (!file) return;
    const { picture } = await client.openPicture(file.bytes);
    if (picture.width * picture.height > maxPlanePixels) throw new PentimentoError('E_TOO_LARGE');
    forgetUnused(parts);
    parts.controlPictures.set(id, picture);
    changeControl(parts, id, { sight: { kind: 'file', name: file.name.slice(0, 1000) } });
    const url = thumbnailUrl(picture, { maxSidePx: pictureSidePx });
    store.dispatch({ type: 'previewControl', id, view: { picture: url } });
  } catch (error) {
    store.dispatch({ type: 'previewControl', id, view: { problem: toProblem(error) } });
  }
}

/** Pictures are large: those of ControlNets that are gone by a reset or a recipe are let go. */
function forgetUnused({ store, controlPictures }: SessionParts): void {
  const used = new Set(store.getState().settings.controls.map((control) => control.id));
  for (const id of controlPictures.keys()) if (!used.has(id)) controlPictures.delete(id);
}

/** Shows what it will see of the picture as it is now. Never throws. */
export async function showControlMap(parts: SessionParts, id: string): Promise<void> {
  const { store, client } = parts;
  const state = store.getState();
  const control = state.settings.controls.find((one) => one.id === id);
  const { plan } = state;
  if (!control || plan.phase !== 'known') return;
  store.dispatch({ type: 'previewControl', id, view: { isReading: true, problem: undefined } });
  try {
    const { context: region, workingSize } = plan.plan;
    const { preprocessor, fit } = control;
    const planes = await planesOfMap(parts, state, { control, region });
    const { area, dialect } = state.settings;
    const map = await client.controlMap(
      {
        region,
        workingSize,
        fit,
        ...(preprocessor ? { preprocessor } : {}),
        dialect,
        isPart: kindOf(state) === 'inpaint' && area !== 'whole',
        longestSidePx: mapSidePx,
      },
      planes,
    );
    const url = thumbnailUrl(map, { maxSidePx: mapSidePx });
    store.dispatch({ type: 'previewControl', id, view: { map: url, isReading: false } });
  } catch (error) {
    const view = { map: undefined, isReading: false, problem: toProblem(error) };
    store.dispatch({ type: 'previewControl', id, view });
  }
}

async function planesOfMap(
  parts: SessionParts,
  state: SessionState,
  { control, region }: { readonly control: ControlSetting; readonly region: Rect },
): Promise<Plane[]> {
  const own = await ownPicture(parts, state, { control, region });
  const needsMask = control.sight.kind === 'mask' || control.preprocessor?.name === 'inpaint';
  if (own && !needsMask) return [{ ...own, name: 'picture' }];
  const documentId = state.host.document?.id;
  if (documentId === undefined) throw new PentimentoError('E_HOST_DOCUMENT');
  const source = sourceFor(state);
  const read = { documentId, region, source, withMask: needsMask };
  const { picture, mask } = await parts.host.capture(read);
  if (needsMask && !mask) throw new PentimentoError('E_MASK_EMPTY');
  const seen = own ?? (control.sight.kind === 'mask' && mask ? mask : picture);
  return [{ ...seen, name: 'picture' }, ...(mask ? [{ ...mask, name: 'mask' }] : [])];
}

/**
 * The planes beside picture and mask that the run's ControlNets look at, in their order: layers are read over the
 * region, files travel as they are. Throws E_HOST_LAYER, E_HOST_DOCUMENT, E_FILE.
 */
export async function controlPlanes(
  parts: SessionParts,
  state: SessionState,
  region: Rect,
): Promise<Plane[]> {
  const planes: Plane[] = [];
  for (const [i, control] of state.settings.controls.entries()) {
    const own = await ownPicture(parts, state, { control, region });
    if (own) planes.push({ ...own, name: controlPlaneName(i) });
  }
  return planes;
}

/** Undefined where it looks at the picture or the selection. */
async function ownPicture(
  parts: SessionParts,
  { host }: SessionState,
  { control, region }: { readonly control: ControlSetting; readonly region: Rect },
): Promise<Plane | undefined> {
  const { sight, id } = control;
  if (sight.kind === 'file') {
    const picture = sight.name === '' ? undefined : parts.controlPictures.get(id);
    if (!picture) throw new PentimentoError('E_FILE', 'Choose the ControlNet’s picture again.');
    return picture;
  }
  if (sight.kind !== 'layer') return undefined;
  if (sight.documentId !== host.document?.id) throw new PentimentoError('E_HOST_LAYER');
  const { documentId, layerId } = sight;
  const read = { documentId, layerId, region, source: 'layer', withMask: false } as const;
  return (await parts.host.capture(read)).picture;
}
