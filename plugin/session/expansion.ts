/** Expanding as the artist sets it: the new canvas, and what stands in its way. */
import {
  canvasOfSides,
  checkCanvas,
  noSides,
  sidesForAspect,
  sidesOfCanvas,
  type Anchor,
  type Sides,
} from '../../shared/expand.ts';
import { toProblem } from '../../shared/errors.ts';
import { isSameRect, rectOfSize, type Rect, type Size } from '../../shared/geometry.ts';
import type { ExpandPatchesRequest, ExpandRequest } from '../../shared/request.ts';
import type { ModelInfo } from '../../shared/api.ts';
import type { ExpandSettings, Settings } from './settings.ts';
import type { SessionState } from './state.ts';

/** The shapes that are offered, as they lie; an upright picture gets them turned. */
const aspects: readonly Size[] = [
  { width: 1, height: 1 },
  { width: 4, height: 3 },
  { width: 3, height: 2 },
  { width: 16, height: 9 },
];

export interface AspectChoice {
  /** '16:9' */
  readonly name: string;
  readonly sides: Sides;
}

/** The shapes for a document, with what each would add. */
export function aspectChoices(document: Size, anchor: Anchor): AspectChoice[] {
  const isUpright = document.height > document.width;
  return aspects.map(({ width, height }) => {
    const aspect = isUpright ? { width: height, height: width } : { width, height };
    const sides = sidesForAspect(document, aspect, anchor);
    return { name: `${aspect.width}:${aspect.height}`, sides };
  });
}

/** Undefined without a document and where nothing would be added. */
export function newCanvas({ host, settings }: SessionState): Rect | undefined {
  if (!host.document) return undefined;
  const canvas = canvasOfSides(host.document, settings.expand.sides);
  return isSameRect(canvas, rectOfSize(host.document)) ? undefined : canvas;
}

/** By the picture's own patches: asked for, or because there is no model. */
export function expandsByPatches(
  { mode, expand }: Settings,
  model: ModelInfo | undefined,
): boolean {
  return mode === 'expand' && (expand.by === 'patches' || !model);
}

export function expandObstacle(state: SessionState): string | undefined {
  const { document } = state.host;
  if (!document) return undefined;
  try {
    checkCanvas(document, canvasOfSides(document, state.settings.expand.sides));
    return undefined;
  } catch (error) {
    const { title, next } = toProblem(error);
    return `${title} ${next}`;
  }
}

export function expandHint({ expand }: Settings, model: ModelInfo | undefined): string | undefined {
  return expand.by === 'model' && !model
    ? 'No model has been found, so the picture goes on with patches of its own.'
    : undefined;
}

/**
 * Once a picture has grown nothing is left to add: the sides that the run with that key added are 0 again, so
 * that pressing twice does not expand twice. Others, typed meanwhile, stay.
 */
export function settingsOnceExpanded({ settings, runs }: SessionState, key: string): Settings {
  const request = runs.find((run) => run.key === key)?.request;
  if (request?.kind !== 'expand' && request?.kind !== 'expand-patches') return settings;
  const { document, canvas } = request;
  const isDone = isSameRect(canvasOfSides(document, settings.expand.sides), canvas);
  return isDone ? { ...settings, expand: { ...settings.expand, sides: noSides } } : settings;
}

/** What the new part starts from: ours, or AUTOMATIC1111's better script in its dialect. */
export function expandFillOf({ dialect }: Settings): ExpandRequest['fill'] {
  return dialect === 'a1111' ? 'mk2' : 'structure';
}

/** The settings that a picture was expanded with. */
export function expandSettingsOf(
  { document, canvas, overlapPx }: ExpandRequest | ExpandPatchesRequest,
  by: ExpandSettings['by'],
): ExpandSettings {
  return { sides: sidesOfCanvas(document, canvas), anchor: 'center', overlapPx, by };
}
