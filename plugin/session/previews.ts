/** Small pictures that are shown on request: both masks, what ControlNets see, what models make. */
import type { Problem } from '../../shared/errors.ts';
import type { Plane } from '../../shared/frame.ts';
import type { Rect } from '../../shared/geometry.ts';

/** Which mask is shown: what will be seen of the result, what the model may change, both, or none. */
export type MaskView = 'off' | 'both' | 'seen' | 'change';

export const maskViews: readonly MaskView[] = ['off', 'both', 'seen', 'change'];

/** Both masks of the run that the button would start. */
export interface ShownMasks {
  /** What the planes cover, document pixels. */
  readonly region: Rect;
  /** 8-bit masks, perhaps smaller than the region. */
  readonly seen: Plane;
  readonly change: Plane;
  /** Data URLs: the picture with them over it. */
  readonly pictures: Readonly<Record<Exclude<MaskView, 'off'>, string>>;
}

export interface MaskPreview {
  readonly view: MaskView;
  readonly shown: ShownMasks | undefined;
  /** The selection or a setting has changed since; asked for again only when the artist says so. */
  readonly isStale: boolean;
  readonly problem: Problem | undefined;
}

/** What is shown of one ControlNet. */
export interface ControlView {
  /** Data URL of the file that was chosen for it. */
  readonly picture?: string | undefined;
  /** Data URL of what it will see. */
  readonly map?: string | undefined;
  readonly isReading?: boolean | undefined;
  readonly problem?: Problem | undefined;
}

/** Of a model's preview picture: a data URL once it has come. */
export type ModelPicture =
  | { readonly phase: 'reading' }
  | { readonly phase: 'known'; readonly url: string }
  | { readonly phase: 'none' };

export interface Previews {
  readonly masks: MaskPreview;
  /** By the ids of the settings' ControlNets. */
  readonly controls: Readonly<Record<string, ControlView>>;
  /** By model ids. */
  readonly models: Readonly<Record<string, ModelPicture>>;
}

export const noPreviews: Previews = {
  masks: { view: 'off', shown: undefined, isStale: false, problem: undefined },
  controls: {},
  models: {},
};

export type PreviewAction =
  | { type: 'previewMasksChosen'; view: MaskView }
  | { type: 'previewMasksMade'; shown: ShownMasks }
  | { type: 'previewMasksFailed'; problem: Problem }
  /** They are of an earlier selection; `isGone`: there is nothing to show any more. */
  | { type: 'previewMasksStale'; isGone: boolean }
  | { type: 'previewControl'; id: string; view: ControlView }
  | { type: 'previewModel'; id: string; picture: ModelPicture };

export function isPreviewAction(action: { readonly type: string }): action is PreviewAction {
  return action.type.startsWith('preview');
}

export function reducePreviews(previews: Previews, action: PreviewAction): Previews {
  switch (action.type) {
    case 'previewMasksChosen':
    case 'previewMasksMade':
    case 'previewMasksFailed':
    case 'previewMasksStale':
      return { ...previews, masks: masksAfter(previews.masks, action) };
    case 'previewControl': {
      const view = { ...previews.controls[action.id], ...action.view };
      return { ...previews, controls: { ...previews.controls, [action.id]: view } };
    }
    case 'previewModel':
      return { ...previews, models: { ...previews.models, [action.id]: action.picture } };
  }
}

type MaskAction = Extract<
  PreviewAction,
  {
    type: 'previewMasksChosen' | 'previewMasksMade' | 'previewMasksFailed' | 'previewMasksStale';
  }
>;

function masksAfter(masks: MaskPreview, action: MaskAction): MaskPreview {
  switch (action.type) {
    case 'previewMasksChosen':
      return action.view === 'off' ? noPreviews.masks : { ...masks, view: action.view };
    case 'previewMasksMade':
      return { ...masks, shown: action.shown, isStale: false, problem: undefined };
    case 'previewMasksFailed':
      return { ...masks, shown: undefined, isStale: false, problem: action.problem };
    case 'previewMasksStale':
      return action.isGone
        ? { ...masks, shown: undefined, isStale: false, problem: undefined }
        : { ...masks, isStale: masks.shown !== undefined || masks.problem !== undefined };
  }
}
