/** The panel's state machine: pure, and the only place where state changes. */
import type { JobSummary, ModelInfo, SamplingCatalogue, Status } from '../../shared/api.ts';
import type { Problem } from '../../shared/errors.ts';
import type { JobEvent } from '../../shared/event.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import type { Plan } from '../../shared/plan.ts';
import type { StyleList } from '../../shared/styles.ts';
import type { HostState } from '../host/host.ts';
import { settingsOnceExpanded } from './expansion.ts';
import { isPreviewAction, reducePreviews, type PreviewAction } from './previews.ts';
import { isRecipeAction, reduceRecipe, type RecipeAction } from './reduceRecipe.ts';
import { isRunAction, reduceRun, runOfSummary } from './reduceRun.ts';
import { modePresets, type Mode, type Settings } from './settings.ts';
import type {
  Notice,
  Origin,
  PlanState,
  PromptTokens,
  Run,
  ServiceState,
  SessionState,
  Situation,
} from './state.ts';

export type Action =
  | { type: 'serviceFound'; status: Status }
  | { type: 'serviceLost'; problem: Problem }
  | { type: 'pairingNeeded'; problem: Problem | undefined }
  | { type: 'modelsListed'; models: readonly ModelInfo[] }
  | { type: 'catalogueRead'; catalogue: SamplingCatalogue }
  | { type: 'stylesRead'; styles: StyleList }
  | { type: 'jobsListed'; jobs: readonly JobSummary[] }
  | { type: 'hostChanged'; host: HostState }
  | { type: 'settingsChanged'; change: Partial<Settings> }
  | { type: 'modeChosen'; mode: Mode }
  | { type: 'planKnown'; plan: Plan; thumbnail: string | undefined }
  | { type: 'planFailed'; problem: Problem }
  | { type: 'planDropped' }
  | { type: 'tokensCounted'; counts: PromptTokens | undefined }
  | RecipeAction
  | PreviewAction
  | {
      type: 'pressed';
      key: string;
      situation: Situation;
      label: string;
      origin: Origin;
      count: number;
    }
  | {
      type: 'accepted';
      key: string;
      jobId: string;
      request: GenerateRequest;
      note?: string | undefined;
    }
  | { type: 'refused'; key: string; problem: Problem }
  | { type: 'jobEvent'; key: string; event: JobEvent; atMs: number }
  | { type: 'silent'; key: string; isSilent: boolean }
  | { type: 'stopping'; key: string; isStopping: boolean }
  | { type: 'thumbnailMade'; key: string; resultId: string; thumbnail: string }
  | { type: 'placed'; key: string; resultIds: readonly string[] }
  | { type: 'resultChosen'; resultId: string | undefined }
  | { type: 'resultDiscarded'; key: string; resultId: string }
  | { type: 'runDiscarded'; key: string }
  | { type: 'noticed'; notice: Notice | undefined };

/** The next state; the same object when nothing changes. */
export function reduce(state: SessionState, action: Action): SessionState {
  if (isRunAction(action)) {
    return {
      ...state,
      settings: action.type === 'placed' ? settingsOnceExpanded(state, action.key) : state.settings,
      runs: state.runs.map((run) => (run.key === action.key ? reduceRun(run, action) : run)),
    };
  }
  if (isRecipeAction(action)) {
    return { ...state, recipe: reduceRecipe(state.recipe, action) };
  }
  if (isPreviewAction(action)) {
    return { ...state, previews: reducePreviews(state.previews, action) };
  }
  if (isTold(action)) return { ...state, ...told(action) };
  switch (action.type) {
    case 'serviceFound':
    case 'serviceLost':
    case 'pairingNeeded':
      return { ...state, service: serviceAfter(action) };
    case 'jobsListed':
      return { ...state, runs: withHistory(state.runs, action.jobs) };
    case 'hostChanged':
      return { ...state, host: action.host };
    case 'settingsChanged':
      return { ...state, settings: { ...state.settings, ...action.change } };
    case 'modeChosen':
      return {
        ...state,
        settings: { ...state.settings, ...modePresets[action.mode], mode: action.mode },
      };
    case 'planKnown':
    case 'planFailed':
    case 'planDropped':
      return { ...state, plan: planAfter(action) };
    case 'pressed':
      return { ...state, notice: undefined, runs: [startedRun(action), ...state.runs] };
    case 'resultChosen':
      return { ...state, chosenResultId: action.resultId };
    case 'runDiscarded':
      return { ...state, runs: state.runs.filter((run) => run.key !== action.key) };
    case 'noticed':
      return { ...state, notice: action.notice };
  }
}

type ToldAction = Extract<
  Action,
  { type: 'modelsListed' | 'catalogueRead' | 'stylesRead' | 'tokensCounted' }
>;

function isTold(action: Action): action is ToldAction {
  return ['modelsListed', 'catalogueRead', 'stylesRead', 'tokensCounted'].includes(action.type);
}

/** What the service has told there is, as the state holds it. */
function told(action: ToldAction): Partial<SessionState> {
  switch (action.type) {
    case 'modelsListed':
      return { models: action.models };
    case 'catalogueRead':
      return { catalogue: action.catalogue };
    case 'stylesRead':
      return { styles: action.styles };
    case 'tokensCounted':
      return { tokens: action.counts };
  }
}

type ServiceAction = Extract<Action, { type: 'serviceFound' | 'serviceLost' | 'pairingNeeded' }>;

function serviceAfter(action: ServiceAction): ServiceState {
  if (action.type === 'serviceFound') return { phase: 'ready', status: action.status };
  if (action.type === 'serviceLost') return { phase: 'down', problem: action.problem };
  return action.problem ? { phase: 'pairing', problem: action.problem } : { phase: 'pairing' };
}

type PlanAction = Extract<Action, { type: 'planKnown' | 'planFailed' | 'planDropped' }>;

function planAfter(action: PlanAction): PlanState {
  if (action.type === 'planDropped') return { phase: 'none' };
  if (action.type === 'planFailed') return { phase: 'failed', problem: action.problem };
  const { plan, thumbnail } = action;
  return thumbnail === undefined ? { phase: 'known', plan } : { phase: 'known', plan, thumbnail };
}

function startedRun(action: Extract<Action, { type: 'pressed' }>): Run {
  return {
    key: action.key,
    jobId: undefined,
    situation: action.situation,
    label: action.label,
    origin: action.origin,
    count: action.count,
    request: undefined,
    phase: { state: 'sending' },
    isStopping: false,
    isSilent: false,
    results: [],
    seq: -1,
  };
}

/** Jobs of earlier sittings join below; what this sitting already knows stays as it is. */
function withHistory(runs: readonly Run[], jobs: readonly JobSummary[]): readonly Run[] {
  const known = new Set(runs.map((run) => run.jobId));
  // What was enlarged has no place in this document.
  const placed = jobs.filter(({ request }) => request.kind !== 'upscale');
  const earlier = placed.filter((job) => !known.has(job.id));
  if (earlier.length === 0) return runs;
  const newestFirst = [...earlier].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  return [...runs, ...newestFirst.map(runOfSummary)];
}
