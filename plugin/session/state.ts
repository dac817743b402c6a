/** Everything the panel knows, in one value with one owner. Derived facts are computed (select.ts). */
import type { ModelInfo, SamplingCatalogue, Status, TokenCount } from '../../shared/api.ts';
import type { Problem } from '../../shared/errors.ts';
import type { ResultInfo } from '../../shared/event.ts';
import type { Size } from '../../shared/geometry.ts';
import type { Plan } from '../../shared/plan.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import type { StyleList } from '../../shared/styles.ts';
import type { HostState } from '../host/host.ts';
import { noPreviews, type Previews } from './previews.ts';
import type { RecipeOffer, RecipePart } from './recipeOffer.ts';
import type { Settings } from './settings.ts';

export type ServiceState =
  | { readonly phase: 'looking' }
  | { readonly phase: 'down'; readonly problem: Problem }
  | { readonly phase: 'pairing'; readonly problem?: Problem }
  | { readonly phase: 'ready'; readonly status: Status };

export type PlanState =
  | { readonly phase: 'none' }
  | { readonly phase: 'known'; readonly plan: Plan; readonly thumbnail?: string }
  | { readonly phase: 'failed'; readonly problem: Problem };

export interface PromptTokens {
  readonly prompt: TokenCount;
  readonly negativePrompt: TokenCount;
}

/** A recipe that was asked for, before it is used. */
export type RecipeState =
  | { readonly phase: 'none' }
  | { readonly phase: 'reading'; readonly title: string }
  | { readonly phase: 'failed'; readonly title: string; readonly problem: Problem }
  | {
      readonly phase: 'shown';
      readonly offer: RecipeOffer;
      /** What was taken over last. */
      readonly used: RecipePart | undefined;
    };

/** What pressing the button does. */
export type Situation = 'generate' | 'refine' | 'restyle' | 'fill' | 'remove' | 'expand';

/** Where a run came from: its results belong there, wherever the artist is by then. */
export interface Origin {
  readonly documentId: string;
  readonly documentName: string;
  readonly documentSize: Size;
  /** The layer that was active; results go above it. */
  readonly layerId: string | undefined;
}

export interface Preview {
  /** Data URL. */
  readonly image: string;
  readonly index: number;
  readonly step: number;
}

export interface Progress {
  readonly attempt: number;
  /** What is being prepared, as the service words it. */
  readonly stage: string | undefined;
  readonly index: number;
  readonly count: number;
  readonly step: number;
  readonly steps: number;
  readonly preview: Preview | undefined;
  /** The first step that was seen, for the time that is left. */
  readonly firstStep: { readonly done: number; readonly atMs: number } | undefined;
  readonly lastAtMs: number;
}

export type RunPhase =
  | { readonly state: 'sending' }
  | { readonly state: 'queued'; readonly ahead: number }
  | { readonly state: 'running'; readonly progress: Progress }
  | { readonly state: 'done' }
  | { readonly state: 'failed'; readonly problem: Problem }
  | { readonly state: 'cancelled' };

export interface ResultView {
  readonly info: ResultInfo;
  /** Data URL of a small picture, once it has been fetched. */
  readonly thumbnail: string | undefined;
  readonly isPlaced: boolean;
}

/** One press of the button, from then on. */
export interface Run {
  /** The Idempotency-Key of the press. */
  readonly key: string;
  readonly jobId: string | undefined;
  readonly situation: Situation;
  /** What people call it: the beginning of the prompt. */
  readonly label: string;
  readonly origin: Origin;
  readonly count: number;
  readonly request: GenerateRequest | undefined;
  readonly phase: RunPhase;
  /** What the editor said about the reading ("the whole picture was read"). */
  readonly note?: string | undefined;
  /** Stop was pressed and not answered yet. */
  readonly isStopping: boolean;
  /** The service does not answer at present; the run is waited for. */
  readonly isSilent: boolean;
  readonly results: readonly ResultView[];
  /** Highest event number seen; -1 for none. */
  readonly seq: number;
}

/** Something went wrong outside a run: shown until it is dismissed or solved. */
export interface Notice {
  readonly problem: Problem;
  /** What was tried, for the button that tries again. */
  readonly retry: { readonly action: 'place'; readonly runKey: string } | undefined;
}

export interface SessionState {
  readonly service: ServiceState;
  readonly models: readonly ModelInfo[];
  /** Samplers and schedules; undefined until the service has told them. */
  readonly catalogue: SamplingCatalogue | undefined;
  /** Undefined until they have been asked for. */
  readonly styles: StyleList | undefined;
  readonly host: HostState;
  readonly settings: Settings;
  readonly plan: PlanState;
  /** Undefined while nobody has counted. */
  readonly tokens: PromptTokens | undefined;
  readonly recipe: RecipeState;
  readonly previews: Previews;
  /** Newest first. */
  readonly runs: readonly Run[];
  readonly chosenResultId: string | undefined;
  readonly notice: Notice | undefined;
}

export function initialState(settings: Settings, host: HostState): SessionState {
  return {
    service: { phase: 'looking' },
    models: [],
    catalogue: undefined,
    styles: undefined,
    host,
    settings,
    plan: { phase: 'none' },
    tokens: undefined,
    recipe: { phase: 'none' },
    previews: noPreviews,
    runs: [],
    chosenResultId: undefined,
    notice: undefined,
  };
}
